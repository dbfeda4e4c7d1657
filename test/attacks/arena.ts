import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import Dockerode from 'dockerode';
import { stringify } from 'yaml';
import { type ErrandOptions, type ErrandUnderTest, startErrand } from '../support/errand.ts';
import type { Attack, Verdict } from './attack.ts';
import { limitsSection } from './limits.ts';
import { ownAllAddresses } from './netns.ts';
import { openCanaries } from './observers/canaries.ts';
import { type Ground, openStage, repositoryOf, type Stage } from './stage.ts';
import { project } from './support.ts';
import { makeUnlisted } from './weak/image.ts';

/** The real Errand and a weak one, canaries, and a stage for each attack on each side. */
export interface Arena extends AsyncDisposable {
  /** Plays one side of a case. Rejects where the observers could not come to a verdict within its time. */
  play(attack: Attack, side: Stage['side']): Promise<Verdict>;
  /** Closes the pull requests of cases that were played: Errand looks at each open one every second. */
  tidy(played: readonly Attack[]): Promise<void>;
  /** What the control's own probe measured, where it has one; null where nothing explains that it failed. */
  whyNot(attack: Attack): Promise<string | null>;
}

const usualTimeoutMs = 180_000;

/** Starts everything, in the network namespace that this process is in. */
export async function openArena(attacks: readonly Attack[]): Promise<Arena> {
  await ownAllAddresses();
  await using stack = new AsyncDisposableStack();
  // Short, for unix sockets; and not below a folder that only root may enter.
  const folder = await mkdtemp(join(tmpdir(), 'errand-arena-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  // Errand's processes are other users, and pass through.
  await chmod(folder, 0o711);
  const canaries = stack.use(await openCanaries());
  const docker = new Dockerode();
  const weakDir = join(folder, 'weak');
  await mkdir(join(weakDir, 'tasks'), { recursive: true });
  // And some leave word there.
  await chmod(join(weakDir, 'tasks'), 0o777);
  const unlisted = stack.use(await makeUnlisted(docker));
  await writeFile(
    join(weakDir, 'plan.json'),
    JSON.stringify({
      unlisted: unlisted.name,
      repositories: Object.fromEntries(attacks.map(({ id, control }) => [repositoryOf(id), control.weakness])),
    }),
  );
  const preload = pathToFileURL(join(import.meta.dirname, 'weak/preload.ts'));
  preload.searchParams.set('dir', weakDir);

  const preloads = { real: [], weak: [preload.href] };
  const start = (side: Stage['side'], options: Partial<ErrandOptions>): Promise<ErrandUnderTest> =>
    startErrand({ mode: 'http', repositories: [], yaml: yamlOf(attacks), ...options, preloads: preloads[side] });
  // Every open pull request is looked at that often; a second would be most of the machine's work.
  const shared = { env: { ERRAND_POLL_SECONDS: '3' } };
  const real = stack.use(await start('real', shared));
  const weak = stack.use(await start('weak', shared));
  const ground: Ground = { docker, canaries, folder, start, unlisted: unlisted.name };
  const sides = { real, weak };
  const open = (attack: Attack, side: Stage['side'], signal: AbortSignal) =>
    openStage(ground, attack, side, sides[side], signal);

  const networkTurn = takesTurns();
  const owned = stack.move();
  return {
    async play(attack, side) {
      using _turn = side === 'weak' && attack.control.weakness === 'network' ? await networkTurn() : null;
      const signal = AbortSignal.timeout(attack.timeoutMs ?? usualTimeoutMs);
      try {
        return await attack.attack(await open(attack, side, signal));
      } catch (error) {
        const file = join(project, `.errand/logs/attack-${attack.id}-${side}.log`);
        await mkdir(join(project, '.errand/logs'), { recursive: true });
        await writeFile(file, await sides[side].log());
        throw new Error(`${error instanceof Error ? error.message : String(error)}\nThe whole log: ${file}`, {
          cause: error,
        });
      }
    },
    async tidy(played) {
      const repositories = new Set<string>(played.map(({ id }) => repositoryOf(id)));
      for (const { tasks, forge } of [real, weak]) {
        for (const { repository, pull } of (await tasks.recent(200)).flatMap(({ parts }) => parts)) {
          if (pull.type !== 'open' || !repositories.has(repository)) continue;
          await forge.control.closePull(repository, pull.pull.number, 'dana');
        }
      }
    },
    async whyNot(attack) {
      if (attack.control.whyNot === undefined) return null;
      const stage = await open(attack, 'weak', AbortSignal.timeout(usualTimeoutMs));
      return attack.control.whyNot(stage);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The weak sandboxes that have a network share one, and one port of its loopback: there one works after the other. */
function takesTurns(): () => Promise<Disposable> {
  let last: Promise<void> = Promise.resolve();
  return async () => {
    const before = last;
    const { promise, resolve } = Promise.withResolvers<void>();
    last = promise;
    await before;
    return { [Symbol.dispose]: () => resolve() };
  };
}

/** Everything that the cases want said in the configuration, with the limits of all. */
function yamlOf(attacks: readonly Attack[]): string {
  const sections: Record<string, Record<string, unknown>> = { limits: limitsSection };
  const add = (section: string, entries: Readonly<Record<string, unknown>>) => {
    sections[section] = { ...sections[section], ...entries };
  };
  for (const { id, settings = {}, configuration = {} } of attacks) {
    add('repositories', { [repositoryOf(id)]: settings });
    for (const [section, entries] of Object.entries(configuration)) add(section, entries);
  }
  return stringify(sections);
}
