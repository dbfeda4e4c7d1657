import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createStore, type Store } from '../../src/store/store.ts';
import { type EngineId, type TaskId, toRunId } from '../../src/task/ids.ts';
import type { Claim } from '../../src/task/ports/hosts.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { engine, taskId, task as toTask } from '../task/example.ts';

let server: TestRedis;
let redis: Redis;
let number = 0;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
afterAll(async () => {
  redis.disconnect();
  await server[Symbol.asyncDispose]();
});

function open(): Store {
  number += 1;
  return createStore(redis, { instance: `hosts${number}`, narrate: () => [], clock: { now: () => 1_000 } });
}

const process = { boot: 'b', pids: 'pid:[1]', pid: 7, startedAt: '5' };
const facts = { instance: '0000000a', name: 'host one', process, slots: 2, running: 1, ready: true } as const;
const one: Claim = { engine, holder: 'one', ...facts, over: null };
const two: Claim = { ...one, holder: 'two', name: 'host-2', instance: '0000000b' };

describe('the machines', () => {
  it('have one worker each: a second one on the same engine is told who has it', async () => {
    const { hosts } = open();
    expect(await hosts.beat(one)).toEqual({ type: 'held', leads: true });
    const { silentMs, ...by } = { ...facts, engine, state: 'serving', beat: 1, silentMs: expect.any(Number) };
    expect(await hosts.beat(two)).toEqual({ type: 'taken', by: { ...by, silentMs } });
    expect(await hosts.beat(one)).toMatchObject({ type: 'held' });
    expect(await hosts.find(engine)).toMatchObject({ name: 'host one', beat: 2 });
  });

  it('are taken over only from a beat that was the last', async () => {
    const { hosts } = open();
    await hosts.beat(one);
    await hosts.beat(one);
    expect(await hosts.beat({ ...two, over: 1 })).toMatchObject({ type: 'taken' });
    expect(await hosts.beat({ ...two, over: 2 })).toMatchObject({ type: 'held' });
    expect(await hosts.beat(one)).toMatchObject({ type: 'taken', by: { name: 'host-2', beat: 3 } });
  });

  it('are free for anybody once their worker left, and not by another’s word', async () => {
    const { hosts } = open();
    await hosts.beat(one);
    await hosts.leave(engine, 'two');
    expect(await hosts.find(engine)).toMatchObject({ state: 'serving' });
    await hosts.leave(engine, 'one');
    expect(await hosts.find(engine)).toMatchObject({ state: 'leaving', name: 'host one', beat: 1 });
    expect(await hosts.beat(two)).toEqual({ type: 'held', leads: true });
  });

  it('have one that leads, and another once that one left', async () => {
    const { hosts } = open();
    const elsewhere = { ...two, engine: 'ENGINE:TWO' as EngineId };
    expect(await hosts.beat(one)).toEqual({ type: 'held', leads: true });
    expect(await hosts.beat(elsewhere)).toEqual({ type: 'held', leads: false });
    expect((await hosts.list()).map(({ name }) => name).sort()).toEqual(['host one', 'host-2']);
    await hosts.leave(engine, 'one');
    expect(await hosts.beat(elsewhere)).toEqual({ type: 'held', leads: true });
  });

  it('are told of each change of what runs on them, its end included, and of nothing else', async () => {
    const { tasks } = open();
    const [mine, other] = [toTask(), toTask({ id: taskId('t000002'), origin: { ...toTask().origin, key: 'other' } })];
    const elsewhere = 'ENGINE:TWO' as EngineId;
    const ended = new AbortController();
    const seen: string[] = [];
    await Promise.all([tasks.create(mine, []), tasks.create(other, [])]);
    const start = (id: TaskId, on: EngineId) =>
      tasks.apply(id, { type: 'run_started', run: toRunId(id, 1), number: 1, engine: on, at: 2 });
    await start(mine.id, engine);
    const watching = tasks.watch((id) => seen.push(id), ended.signal, engine);
    await vi.waitFor(() => expect(seen).toEqual([mine.id]));
    await start(other.id, elsewhere);
    await tasks.apply(other.id, { type: 'stopped', by: other.requester, at: 3 });
    await tasks.apply(mine.id, { type: 'stopped', by: mine.requester, at: 3 });
    await vi.waitFor(() => expect(seen).toEqual([mine.id, mine.id]));
    ended.abort();
    await watching;
  });

  it('know what runs on them, and nothing else', async () => {
    const { tasks } = open();
    const task = toTask();
    const run = `${task.id}-r1` as never;
    await tasks.create(task, []);
    expect(await tasks.runningOn(engine)).toEqual([]);
    const started = await tasks.apply(task.id, { type: 'run_started', run, number: 1, engine, at: 2 });
    expect(started.task).toMatchObject({ home: engine });
    expect(await tasks.runningOn(engine)).toEqual([task.id]);
    expect(await tasks.runningOn('ENGINE:TWO' as EngineId)).toEqual([]);
    await tasks.apply(task.id, { type: 'stopped', by: task.requester, at: 3 });
    expect(await tasks.runningOn(engine)).toEqual([]);
    expect(await tasks.find(task.id)).toMatchObject({ home: engine });
  });
});
