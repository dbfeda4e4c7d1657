import { createForge as create, type ForgeOptions } from '../../../../src/github/forge.ts';
import type { RepositoryName, Sha } from '../../../../src/task/ids.ts';
import type { Forge } from '../../../../src/task/ports/forge.ts';
import { weaknessOfRepository } from '../weakness.ts';

export * from '../../../../src/github/forge.ts';

/** As in `src`; where the head is not looked at, the first one seen stands for all that come after it. */
export function createForge(options: ForgeOptions): Forge {
  const forge = create(options);
  const first = new Map<RepositoryName, Sha>();
  const is = (repository: RepositoryName, weakness: string) => weaknessOfRepository(repository) === weakness;
  return {
    ...forge,
    async openPull(order) {
      const pull = await forge.openPull(order);
      first.set(order.repository, pull.head);
      return pull;
    },
    async findPull(repository, number) {
      const seen = await forge.findPull(repository, number);
      return is(repository, 'any-head') ? { ...seen, head: first.get(repository) ?? seen.head } : seen;
    },
    async mergeable(repository, number, head, expected) {
      if (is(repository, 'own-review')) await review(options, repository, number);
      const { head: now } = await forge.findPull(repository, number);
      return forge.mergeable(repository, number, is(repository, 'any-head') ? now : head, expected);
    },
    async merge(order) {
      const { head: now } = await forge.findPull(order.repository, order.number);
      return forge.merge(is(order.repository, 'any-head') ? { ...order, head: now } : order);
    },
  };
}

async function review(options: ForgeOptions, repository: RepositoryName, number: number): Promise<void> {
  const { token } = await options.credentials(repository, 'write');
  await fetch(`${options.apiUrl}/repos/${repository}/pulls/${number}/reviews`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ event: 'APPROVE' }),
  });
}
