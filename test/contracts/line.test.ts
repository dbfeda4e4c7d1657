import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRedis, waitForRedis } from '../../src/store/connection.ts';
import { createStore } from '../../src/store/store.ts';
import type { TaskId } from '../../src/task/ids.ts';
import { toRunId } from '../../src/task/ids.ts';
import { inTurn, limitsOf, toParties } from '../../src/task/line.ts';
import type { TaskStore } from '../../src/task/ports/task-store.ts';
import type { Task } from '../../src/task/task.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import {
  alice,
  bob,
  channel,
  engine,
  failure,
  noTurnLimits,
  other,
  part,
  repository,
  task,
  taskId,
} from '../task/example.ts';

let server: TestRedis;
let redis: Redis;
let number = 0;

beforeAll(async () => {
  server = await startRedis();
  redis = openRedis(server.url, { name: 'line', onError: () => undefined });
  await waitForRedis(redis, 5_000);
});
afterAll(async () => {
  redis.disconnect();
  await server[Symbol.asyncDispose]();
});

function open(): { tasks: TaskStore; prefix: string } {
  number += 1;
  const instance = `line${number}`;
  const { tasks } = createStore(redis, { instance, narrate: () => [], clock: { now: () => 500 } });
  return { tasks, prefix: `{errand:${instance}}:` };
}

const ids = Array.from({ length: 12 }, (_, at) => taskId(`t0000${10 + at}`));
const [one = taskId(), two = taskId(), three = taskId()] = ids;

async function queued(tasks: TaskStore, id: TaskId, more: Partial<Task> = {}): Promise<Task> {
  return (await tasks.create(task({ id, run: { type: 'queued', since: 50, reason: null }, ...more }), [])).task;
}

const started = (id: TaskId, run = 1) =>
  ({ type: 'run_started', run: toRunId(id, run), number: run, engine, at: 100 }) as const;

const failed = (id: TaskId, run = 1) =>
  ({ type: 'run_failed', run: toRunId(id, run), problem: failure, retry: true, until: 9_000, at: 200 }) as const;

describe('the line', () => {
  it('has each task that waits, with what decides on its turn, and no other', async () => {
    const { tasks } = open();
    await queued(tasks, one, { parts: [part(), part({ repository: other })] });
    await queued(tasks, two, { requester: bob });
    await queued(tasks, three);
    await tasks.apply(one, { type: 'turn_told', turn: { ahead: 1, held: null }, at: 60 });
    await tasks.apply(two, started(two));
    await tasks.apply(three, { type: 'stopped', by: alice, at: 70 });
    const { waiting, running } = await tasks.line();
    expect(waiting).toEqual([
      {
        id: one,
        requester: alice,
        channel,
        repositories: [repository, other],
        since: 50,
        notBefore: 0,
        home: null,
        told: { ahead: 1, held: null },
      },
    ]);
    // Bob's run is in Alice's channel and in one of her repositories.
    expect(Object.fromEntries(running)).toEqual({
      [`person:${alice}`]: 0,
      [`channel:${channel}`]: 1,
      [`repository:${repository}`]: 1,
      [`repository:${other}`]: 0,
    });
  });

  it('knows when somebody last had a run, where a task was, and until when it is not to be tried', async () => {
    const { tasks } = open();
    await queued(tasks, one);
    await tasks.apply(one, started(one));
    await tasks.apply(one, failed(one));
    const { waiting, running, served } = await tasks.line();
    expect(waiting).toMatchObject([{ id: one, since: 200, notBefore: 9_000, home: engine }]);
    expect([running.get(`person:${alice}`), served.get(`person:${alice}`)]).toEqual([0, 500]);
    await tasks.forgetTurns(501);
    expect((await tasks.line()).served.get(`person:${alice}`)).toBe(0);
  });

  it('lets no limit be passed by any number of workers that start runs at once', async () => {
    const { tasks } = open();
    const made = await Promise.all(ids.map((id, at) => queued(tasks, id, { requester: at % 2 === 0 ? alice : bob })));
    const limits = { ...noTurnLimits, personRuns: 2, repositoryRuns: 3 };
    const tries = await Promise.all(
      made.map((each) => tasks.apply(each.id, started(each.id), { within: limitsOf(toParties(each), limits) })),
    );
    expect(tries.filter(({ type }) => type === 'applied')).toHaveLength(3);
    expect(tries.flatMap((each) => (each.type === 'refused' ? [each.reason] : []))).toEqual(Array(9).fill('no_room'));
    const runs = (await tasks.open()).filter((each) => !each.queued).map(({ requester }) => requester);
    expect(Math.max(...[alice, bob].map((who) => runs.filter((each) => each === who).length))).toBe(2);
    // Whoever is passed over for a limit is not next either; who has room again is.
    const next = async () => Array.from(inTurn(await tasks.line(), limits, 1_000), ({ id }) => id);
    expect(await next()).toEqual([]);
    const [running] = tries.flatMap((each) => (each.type === 'applied' ? [each.task] : []));
    await tasks.apply(running?.id ?? one, { type: 'stopped', by: alice, at: 300 });
    expect(await next()).not.toEqual([]);
  });

  it('frees what a task held that an older Errand ended without a word of it', async () => {
    const { tasks, prefix } = open();
    await queued(tasks, one);
    const second = await queued(tasks, two);
    await tasks.apply(one, started(one));
    const within = limitsOf(toParties(second), { ...noTurnLimits, personRuns: 1 });
    expect(await tasks.apply(two, started(two), { within })).toMatchObject({ reason: 'no_room' });
    await redis.hdel(`${prefix}tasks:open`, one);
    expect(await tasks.apply(two, started(two), { within })).toMatchObject({ type: 'applied' });
  });

  it('counts no run that an older Errand ended without a word of it, so that nobody is held for it', async () => {
    const { tasks, prefix } = open();
    await queued(tasks, one);
    await queued(tasks, two);
    await tasks.apply(one, started(one));
    expect((await tasks.line()).running.get(`person:${alice}`)).toBe(1);
    await redis.hdel(`${prefix}tasks:open`, one);
    expect((await tasks.line()).running.get(`person:${alice}`)).toBe(0);
  });

  it('loses a task that an older Errand left in it, and none that waits', async () => {
    const { tasks, prefix } = open();
    await queued(tasks, one);
    const entry = (await redis.hget(`${prefix}tasks:waiting`, one)) ?? '';
    await tasks.apply(one, { type: 'stopped', by: alice, at: 70 });
    await redis.hset(`${prefix}tasks:waiting`, one, entry);
    expect((await tasks.line()).waiting).toHaveLength(1);
    await queued(tasks, two);
    await redis.hset(`${prefix}tasks:waiting`, three, entry);
    for (const id of [one, two, three]) await tasks.leaveLine(id);
    expect((await tasks.line()).waiting).toMatchObject([{ id: two }]);
  });

  it('takes up a task that an older Errand queued with the next thing that happens to it', async () => {
    const { tasks, prefix } = open();
    await queued(tasks, one);
    await redis.del(`${prefix}tasks:waiting`);
    expect((await tasks.line()).waiting).toEqual([]);
    await tasks.apply(one, { type: 'time_passed', at: 300 });
    expect((await tasks.line()).waiting).toMatchObject([{ id: one, since: 50 }]);
  });

  it('leaves nothing behind of people who have nothing under way', async () => {
    const { tasks, prefix } = open();
    await queued(tasks, one);
    await tasks.apply(one, started(one));
    await tasks.apply(one, { type: 'stopped', by: alice, at: 300 });
    await tasks.forgetTurns(10_000);
    const keys = await redis.keys(`${prefix}tasks:*`);
    expect(keys.toSorted()).toEqual([`${prefix}tasks:recent`, `${prefix}tasks:settled`]);
  });
});
