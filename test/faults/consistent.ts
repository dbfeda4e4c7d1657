import type { Redis } from 'ioredis';
import { z } from 'zod';
import { createKeys } from '../../src/store/keys.ts';
import { createStore } from '../../src/store/store.ts';
import type { TaskEvent } from '../../src/task/events.ts';
import { isHeld } from '../../src/task/hold.ts';
import { parseTaskId, type TaskId } from '../../src/task/ids.ts';
import { isUnderReview } from '../../src/task/parts.ts';
import type { Task } from '../../src/task/task.ts';
import { currentRun } from '../../src/task/transition.ts';

/**
 * What is wrong with a store in which nothing is under way: every task agrees with its events and stands in the lists where it belongs, and
 * in no other; nothing of Slack's is undealt with, nothing unsaid, nothing reserved, no job left, no key without an owner.
 */
export async function inconsistencies(redis: Redis): Promise<readonly string[]> {
  const keys = createKeys('default');
  const { tasks } = createStore(redis, { narrate: () => [], clock: { now: () => Date.now() } });
  const all = await keysBelow(redis, `${keys.prefix}task:`);
  const wrong: string[] = [];
  const [unsettled, open, recent, settled] = await Promise.all([
    redis.zrange(keys.unsettledTasks, 0, '-1'),
    redis.hkeys(keys.openTasks),
    redis.zrange(keys.recentTasks, 0, '-1'),
    redis.zrange(keys.settledTasks, 0, '-1'),
  ]);
  const known = new Set<string>();
  for (const text of all) {
    const id = parseTaskId(text);
    const task = id === undefined ? undefined : await tasks.find(id);
    if (id === undefined || task === undefined) {
      wrong.push(`the task ${text} can't be read`);
      continue;
    }
    known.add(id);
    const needed = task.run.type !== 'idle' || task.parts.some((part) => isUnderReview(part.pull) || isHeld(part));
    const expect = (fine: boolean, what: string) => {
      if (!fine) wrong.push(`${id} ${what}`);
    };
    expect(
      unsettled.includes(id) === needed,
      needed ? 'is nowhere among the unsettled' : 'is done, and still unsettled',
    );
    expect(settled.includes(id) || needed, 'is done, and not among the settled');
    expect(open.includes(id) === (task.run.type !== 'idle'), 'is open in one place and not in the other');
    expect(recent.includes(id), 'is in no list');
    expect((await redis.get(keys.origin(task.origin.key))) === id, 'is not what its origin leads to');
    expect(needed || currentRun(task.run) === undefined, 'is done, and has a run');
    wrong.push(...untold(id, task, await tasks.events(id)));
  }
  const lost = (what: string, ids: readonly string[]) =>
    ids.filter((id) => !known.has(id)).map((id) => `${what} name ${id}, which is not stored`);
  wrong.push(...lost('the unsettled', unsettled), ...lost('the open', open), ...lost('the recent', recent));
  wrong.push(...counted('acts of Slack were not dealt with', await redis.zcard(keys.inboxUnsettled)));
  wrong.push(...counted('lanes have something to say', await redis.zcard(keys.dirtyLanes)));
  wrong.push(...counted('runs have something reserved', await redis.hlen(keys.spendingReserved)));
  wrong.push(...counted('lanes are locked', (await keysBelow(redis, `${keys.prefix}lane:*:lock`)).length));
  return [...wrong, ...(await jobsLeft(redis))];
}

/** The events of a task as an account of it: each run was started once and ended once, each merge happened once. */
function untold(id: TaskId, task: Task, events: readonly TaskEvent[]): readonly string[] {
  const wrong: string[] = [];
  const starts = events.filter((event) => event.type === 'run_started').map(({ run }) => run);
  if (new Set(starts).size !== starts.length) wrong.push(`${id} has a run that was started twice`);
  if (starts.length !== task.runs) wrong.push(`${id} counts ${task.runs} runs, of which ${starts.length} were started`);
  const ends = events.filter((event) => event.type === 'run_finished').map(({ run }) => run);
  if (new Set(ends).size !== ends.length) wrong.push(`${id} has a run that finished twice`);
  const merges = events.filter(({ type }) => type === 'pull_request_merged').length;
  const pulls = task.parts.filter(({ pull }) => pull.type === 'merged').length;
  if (merges !== pulls) wrong.push(`${id} has ${pulls} merged pull requests and ${merges} merges`);
  if (events[0]?.type !== 'task_created') wrong.push(`${id} begins with ${events[0]?.type ?? 'nothing'}`);
  return wrong;
}

async function jobsLeft(redis: Redis): Promise<readonly string[]> {
  const prefix = '{errand:default}:jobs:';
  const wrong: string[] = [];
  for (const type of ['run', 'merge', 'push', 'pull']) {
    const [waiting, active, prioritized, delayed] = await Promise.all([
      redis.llen(`${prefix}${type}:wait`),
      redis.llen(`${prefix}${type}:active`),
      redis.zcard(`${prefix}${type}:prioritized`),
      redis.zcard(`${prefix}${type}:delayed`),
    ]);
    wrong.push(...counted(`${type} jobs are left`, waiting + active + prioritized + delayed));
  }
  return wrong;
}

function counted(what: string, count: number): readonly string[] {
  return count === 0 ? [] : [`${count} ${what}`];
}

/** The names below a prefix, or that match a pattern. */
async function keysBelow(redis: Redis, pattern: string): Promise<readonly string[]> {
  const found: string[] = [];
  const match = pattern.includes('*') ? pattern : `${pattern}*`;
  for await (const batch of redis.scanStream({ match: match.replace('{', '\\{'), count: 500 })) {
    for (const key of z.array(z.string()).parse(batch))
      found.push(key.slice(pattern.includes('*') ? 0 : pattern.length));
  }
  return found;
}
