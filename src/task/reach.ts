import { allOf, beyond, type Network, narrowed, networkWords, presets } from './network.ts';
import type { Chosen, Policy, RepositoryPolicy } from './policy.ts';
import type { Checkout, Task } from './task.ts';

/**
 * What a task may reach at most: what the operator opens for every one of its repositories. A repository that was taken out of the
 * configuration opens nothing.
 */
export function ceilingOf(policy: Pick<Policy, 'repositories'>, task: Pick<Task, 'parts'>): Network {
  return allOf(
    task.parts.map(({ repository }) => {
      const found = policy.repositories.find(({ name }) => name === repository);
      return found?.network ?? { model: false, registries: false, hosts: [] };
    }),
  );
}

/**
 * What a run may reach: the ceiling, narrowed by the request and by each base branch's `.errand.yml`; and the hosts that approvers
 * allowed for this task, unless the ceiling is nothing at all.
 */
export function reachOf(
  policy: Pick<Policy, 'repositories'>,
  task: Pick<Task, 'parts' | 'network' | 'allowed'>,
  checkouts: readonly Pick<Checkout, 'network' | 'allow'>[],
): Network {
  const ceiling = ceilingOf(policy, task);
  const asked = task.network === undefined ? ceiling : narrowed(ceiling, task.network);
  const reach = allOf([asked, ...checkouts.map((checkout) => fileNetwork(checkout, asked))]);
  const allowed = (task.allowed ?? []).filter(({ until }) => until === undefined).map(({ host }) => host);
  if (!ceiling.model || reach.hosts === 'any') return reach;
  return { ...reach, hosts: [...new Set([...reach.hosts, ...allowed])] };
}

/** Checks what a request narrows its network to: it opens nothing that the operator has not. Null leaves it at that. */
export function chooseNetwork(
  repositories: readonly Pick<RepositoryPolicy, 'network'>[],
  asked: Network | null,
): Chosen<Network | null> {
  const ceiling = allOf(repositories.map(({ network }) => network));
  // Nobody names the model: hosts go with it.
  const more = asked === null ? [] : beyond({ ...asked, model: false }, ceiling);
  if (more.length === 0) return { ok: true, value: asked };
  return {
    ok: false,
    failure: {
      code: 'network_closed',
      sentence: `net: asks for ${more.join(', ')}, but a task here may reach ${networkWords(ceiling)}.`,
      next: 'Send it with less, or without net:. Whoever runs Errand can open more for a repository.',
    },
  };
}

/** What `.errand.yml` leaves of a network. */
function fileNetwork({ network, allow }: Pick<Checkout, 'network' | 'allow'>, above: Network): Network {
  const named = network ?? above;
  return allow === null || allow === undefined ? named : narrowed(named, { ...presets.open, hosts: allow });
}

/** What `.errand.yml` of a repository asks for that the operator has not opened, in words; empty for nothing. */
export function asksBeyond(
  ceiling: Network,
  { network, allow }: Pick<Checkout, 'network' | 'allow'>,
): readonly string[] {
  const hosts = { model: false, registries: false, hosts: allow ?? [] };
  return [...new Set([...(network ? beyond(network, ceiling) : []), ...beyond(hosts, ceiling)])];
}
