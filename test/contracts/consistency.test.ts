import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRunQueue } from '../../src/queue/run-queue.ts';
import { openRedis, waitForRedis } from '../../src/store/connection.ts';
import { checkStore } from '../../src/store/consistency/check-store.ts';
import { createStore } from '../../src/store/store.ts';
import type { OutboxRow } from '../../src/task/said.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import * as example from '../task/example.ts';

let server: TestRedis;
let redis: Redis;
let number = 0;

beforeAll(async () => {
  server = await startRedis();
  redis = openRedis(server.url, { name: 'test', onError: () => undefined });
  await waitForRedis(redis, 5_000);
});

afterAll(async () => {
  redis.disconnect();
  await server[Symbol.asyncDispose]();
});

const [open, ended, forgotten] = [example.taskId('t000001'), example.taskId('t000002'), example.taskId('t000003')];
const run = example.runId(1, open);

function row(lane: string, key: string, text: string): OutboxRow {
  const said = { type: 'sentence', sentence: text, next: null, kept: null } as const;
  return { lane, key, effect: { type: 'message', channel: example.channel, thread: { type: 'own' }, said } };
}

/** A store in which something of everything is: tasks that run, have ended and are forgotten, answers, envelopes, files, money, jobs. */
async function lived() {
  const instance = `lived${++number}`;
  let now = 1_000;
  const clock = { now: () => now };
  const store = createStore(redis, { instance, narrate: (task, { type }) => [row(task.id, 'root', type)], clock });
  await using queue = createRunQueue({ url: server.url, instance, onError: () => undefined });
  const deliver = async (lane: string, minute: number) => {
    const taken = await store.outbox.take(lane);
    if (taken === null) throw new Error(`${lane} is taken`);
    for (const each of taken.rows) await store.outbox.delivered(taken, each, example.ts(minute));
    await store.outbox.release(taken);
  };
  for (const id of [forgotten, ended, open]) {
    const origin = { ...example.task().origin, key: `mention:${id}`, thread: example.ts(Number(id.slice(1))) };
    await store.tasks.create(example.task({ id, createdAt: now, origin }), [row(id, 'root', 'queued')]);
    await queue.wake({ type: 'run', task: id });
    await deliver(id, 10 + Number(id.slice(1)));
  }
  await store.tasks.apply(forgotten, { at: 1, type: 'stopped', by: example.alice });
  await deliver(forgotten, 13);
  expect(await store.tasks.forget(now + 1)).toBe(1);
  now += 1_000;
  await store.tasks.apply(ended, { at: 2, type: 'stopped', by: example.alice });
  await store.tasks.apply(open, { at: 2, type: 'run_started', run, number: 1, engine: example.engine });
  await store.tasks.apply(open, { at: 3, type: 'message_added', message: example.message(8) });
  await store.tasks.apply(open, { at: 4, type: 'session_opened', run, session: 's1' });
  await store.tasks.saveCursor(run, 7);
  await store.tasks.remember('slack_url', 'https://acme.example');
  await store.outbox.add([row('answer:1', 'a', 'told'), row('answer:2', 'a', 'not told')]);
  await deliver('answer:1', 20);
  await store.inbox.put('settled', { text: 'one' });
  await store.inbox.settle('settled');
  await store.inbox.put('unsettled', { text: 'two' });
  await store.files.put('F1', new Uint8Array(9));
  const share = { usd: { amount: 1, by: 'task' }, tokens: null } as const;
  const order = { run, person: example.alice, day: '2026-11-22', until: now + 60_000 };
  await store.ledger.reserve(order, () => ({ type: 'granted', grant: share }));
  const spender = { person: example.alice, repository: example.repository, agent: 'claude' };
  const spent = { inputTokens: 1, outputTokens: 1, usd: 0.1, usdAtMost: 0.1 };
  await store.ledger.book({ run, day: '2026-11-22', spender, spent });
  await store.crew.beat('one');
  return { instance, name: (key: string) => `{errand:${instance}}:${key}` };
}

describe('the check of the store', () => {
  it('finds nothing wrong where everything was used as it should be', async () => {
    const { instance } = await lived();
    expect(await checkStore(redis, { instance })).toEqual([]);
  });

  it('tells what is still to be done where all should be', async () => {
    const { instance } = await lived();
    const flaws = await checkStore(redis, { instance, atRest: true });
    expect(flaws.map(({ key }) => key)).toEqual([
      'lanes:dirty',
      'lanes:dirty',
      'lanes:dirty',
      'tasks:open',
      'inbox-unsettled',
      'spending:reserved',
    ]);
  });

  it.each<[string, (name: (key: string) => string) => Promise<unknown>, string]>([
    ['a key that is none of ours', (name) => redis.set(name('stray'), 1), 'stray'],
    ['a key that should go by itself', (name) => redis.persist(name(`cursor:${run}`)), `cursor:${run}`],
    ['a task that can’t be read', (name) => redis.hset(name(`task:${ended}`), 'json', '{}'), `task:${ended}`],
    ['a task without its events', (name) => redis.del(name(`events:${ended}`)), `task:${ended}`],
    ['events without their task', (name) => redis.xadd(name('events:t000009'), '*', 'event', '{}'), 'events:t000009'],
    ['a task that is on no list', (name) => redis.zrem(name('tasks:unsettled'), open), 'tasks:unsettled'],
    ['a list that names no task', (name) => redis.zadd(name('tasks:settled'), 1, forgotten), 'tasks:settled'],
    ['a task that waits and is running', (name) => redis.hset(name('tasks:open'), open, 'U queued'), 'tasks:open'],
    ['a request that made no task', (name) => redis.set(name('origin:other'), forgotten), 'origin:other'],
    ['a thread that leads elsewhere', (name) => redis.set(name('thread:C0:1.1'), open), 'thread:C0:1.1'],
    [
      'a message that leads nowhere',
      (name) => redis.set(name('message:C0:1.1'), `["${open}","root"]`),
      'message:C0:1.1',
    ],
    ['a row that nobody delivers', (name) => redis.srem(name(`lane:${open}:pending`), 'root'), `lane:${open}`],
    ['a lane that nobody looks at', (name) => redis.zrem(name('lanes:dirty'), 'answer:2'), 'lane:answer:2'],
    ['an answer that stays for ever', (name) => redis.persist(name('lane:answer:1')), 'lane:answer:1'],
    ['an envelope that nobody opens', (name) => redis.zrem(name('inbox-unsettled'), 'unsettled'), 'inbox:unsettled'],
    ['a sum of files that is another', (name) => redis.incr(name('files:sum')), 'files:sum'],
    ['money kept for no run', (name) => redis.hset(name('spending:reserved'), 't000009-r1', '{}'), 'spending:reserved'],
    ['a job that is in no list', (name) => redis.hset(name('jobs:run:99'), 'name', 'run'), 'jobs:run:99'],
    ['a task that can’t be woken', (name) => redis.set(name('jobs:run:de:t000009'), '99'), 'jobs:run:de:t000009'],
  ])('finds %s', async (_, breakIt, key) => {
    const { instance, name } = await lived();
    await breakIt(name);
    const flaws = await checkStore(redis, { instance });
    expect(flaws.map((flaw) => flaw.key)).toContain(key);
  });

  it('finds an event that changed nothing, and a change without its event', async () => {
    const { instance, name } = await lived();
    const stream = name(`events:${open}`);
    const [, second] = await redis.xrange(stream, '-', '+');
    if (second === undefined) throw new Error('no events');
    await redis.xdel(stream, second[0]);
    expect(await checkStore(redis, { instance })).toMatchObject([{ key: `task:${open}` }]);
  });

  it('leaves other Errands on the same Redis alone', async () => {
    const [one, other] = [await lived(), await lived()];
    await redis.set(other.name('stray'), 1);
    expect(await checkStore(redis, { instance: one.instance })).toEqual([]);
  });
});
