import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Dockerode from 'dockerode';
import { mountsBelow } from '../../src/setup/mounts.ts';
import { places } from '../../src/setup/places.ts';
import { Problem } from '../../src/task/problem.ts';
import type { Task } from '../../src/task/task.ts';
import { channelOf, type Ground } from './ground.ts';
import { type Ending, markOf } from './play.ts';

const leavesWithinMs = 60_000;

/** What is to be seen of a case that is over; by default a task that went all the way. */
export interface Expected {
  readonly endings: readonly Ending[];
  /** Accepted pushes of the task's branch. */
  readonly pushes?: number;
}

export const merged: Expected = { endings: ['merged'] };

/**
 * What is wrong with how a case ended, as the ledgers of the local Slack and the local forge have it, and what it left on the engine and
 * on the disk; nothing where all is as it should be.
 */
export async function judge(
  ground: Ground,
  name: string,
  ending: Ending,
  expected = merged,
): Promise<readonly string[]> {
  const { errand } = ground;
  const all = await patiently(() => errand.tasks.recent(10_000));
  const tasks = all.filter(({ parts }) => parts[0].repository === `acme/${name}`);
  const [task] = tasks;
  const wrong = [
    ...(tasks.length === 1 ? [] : [`${tasks.length} tasks of one request`]),
    ...(expected.endings.includes(ending) ? [] : [`it ended ${ending}`]),
    ...saidTwice(ground, name, ending),
    ...(await forged(ground, name, ending, expected)),
  ];
  if (task !== undefined) {
    await patiently(() => errand.quiet(task.id));
    wrong.push(...(await left(ground, task, ending)));
  }
  return wrong;
}

function saidTwice({ errand }: Ground, name: string, ending: Ending): readonly string[] {
  const channel = channelOf(name);
  const posts = errand.slack.store.ledger.filter(
    (entry) => entry.method === 'chat.postMessage' && entry.channel === channel,
  );
  const counts = new Map<string, number>();
  for (const { args } of posts) {
    const mark = markOf(args.metadata);
    const row = mark === undefined ? 'a message without a mark' : mark.key;
    counts.set(row, (counts.get(row) ?? 0) + 1);
  }
  const keys = [...counts.keys()];
  const count = (kind: string) => keys.filter((key) => key.split('-')[0] === kind).length;
  const outcomes = count('ending') + count('gate');
  return [
    ...[...counts].flatMap(([row, times]) => (times > 1 ? [`“${row}” was posted ${times} times`] : [])),
    ...(count('root') === 1 ? [] : [`${count('root')} root messages`]),
    ...(outcomes === 1 ? [] : [`${outcomes} outcomes told`]),
    ...(count('merged') === (ending === 'merged' ? 1 : 0) ? [] : [`${count('merged')} merges told`]),
  ];
}

async function forged(
  { errand }: Ground,
  name: string,
  ending: Ending,
  expected: Expected,
): Promise<readonly string[]> {
  const repository = `acme/${name}`;
  const { pulls, branches } = await errand.forge.control.viewRepository(repository);
  const own = errand.forge.control.ledger().filter((entry) => entry.repository === repository && entry.by !== 'dana');
  const heads = branches.filter((branch) => branch.name.startsWith('errand/'));
  const pushes = own.filter(({ kind, what, after }) => kind === 'ref' && what.includes('errand/') && after !== null);
  const opened = own.filter(({ kind, what }) => kind === 'rest' && /^POST .*\/pulls$/.test(what));
  const merges = own.filter(({ kind, what }) => kind === 'rest' && what.includes('/merge'));
  const made = ending === 'merged' || ending === 'gate' ? 1 : 0;
  const most = expected.pushes ?? 1;
  return [
    ...(pulls.length === made || (made === 0 && pulls.length === 0) ? [] : [`${pulls.length} pull requests`]),
    ...(opened.length <= 1 ? [] : [`${opened.length} pull requests were opened`]),
    ...(heads.length <= 1 ? [] : [`${heads.length} branches`]),
    ...(pushes.length <= most && (made === 0 || pushes.length > 0) ? [] : [`${pushes.length} pushes`]),
    ...(merges.length === (ending === 'merged' ? 1 : 0) ? [] : [`${merges.length} merges`]),
  ];
}

const docker = new Dockerode();

/** What the task still has on this machine once it needs nothing more; waits for what is just being cleared. */
async function left({ errand }: Ground, { id }: Task, ending: Ending): Promise<readonly string[]> {
  const at = places({ ERRAND_DATA_DIR: errand.dataDir });
  const over = performance.now() + leavesWithinMs;
  for (;;) {
    const label = [`errand.instance=${at.instance}`, `errand.task=${id}`];
    const containers = await docker.listContainers({ all: true, filters: { label } });
    const { Volumes: volumes } = await docker.listVolumes({ filters: { label } });
    const kept = ending !== 'merged';
    const paths = kept
      ? []
      : [
          join(at.workspacesDir, id),
          join(at.gatewaysDir, id),
          join(at.setUpGatewaysDir, id),
          join(at.tasksDir, `${id}.git`),
          ...mountsBelow(join(at.workspacesDir, id)),
        ].filter((path) => existsSync(path));
    const found = [
      ...containers.map(({ Names }) => `the container ${Names[0]} is left`),
      ...(kept ? [] : volumes.map(({ Name }) => `the volume ${Name} is left`)),
      ...paths.map((path) => `${path} is left`),
    ];
    if (found.length === 0 || performance.now() > over) return found;
    await delay(100);
  }
}

/** The judge's own questions to a store that answers late, or that somebody just stopped, are asked again. */
export async function patiently<Value>(ask: () => Promise<Value>): Promise<Value> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (tries === 20 || !(error instanceof Problem) || !error.retry) throw error;
      await delay(500);
    }
  }
}
