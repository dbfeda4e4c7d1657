import { afterAll, beforeAll, expect, test } from 'vitest';
import { narrate } from '../../src/app/narrate.ts';
import { openRedis, waitForRedis } from '../../src/store/connection.ts';
import { createStore } from '../../src/store/store.ts';
import { windowMs } from '../../src/task/intake.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { alice, bob, channel, engine, runId, task as toTask } from '../task/example.ts';

let server: TestRedis;
let instances = 0;
const open: Disposable[] = [];

beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => {
  for (const each of open) each[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

/** As another process would have it: a connection of its own to the same Redis. */
async function connect(instance = `intake${instances++}`) {
  const redis = openRedis(server.url, { name: 'test', onError: () => undefined });
  open.push({ [Symbol.dispose]: () => redis.disconnect() });
  await waitForRedis(redis, 5_000);
  return { ...createStore(redis, { instance, narrate, clock: { now: () => 1 } }), redis, instance };
}

const limits = { personRequests: 30, channelRequests: 40 };
const sent = (key: string, more = {}) => ({ key, by: alice, channel, at: 1_000, ...more });

test('of a thousand requests at once, over two processes, a person gets as many through as they may', async () => {
  const one = await connect();
  const two = await connect(one.instance);
  const passes = Array.from({ length: 1_000 }, (_, index) =>
    (index % 2 === 0 ? one : two).turnstile.pass(sent(`k${index}`), limits),
  );
  const held = (await Promise.all(passes)).filter((each) => each !== null);
  expect(held).toHaveLength(970);
  expect(held[0]).toEqual({ by: 'person', until: 1_000 + windowMs });
});

test('a channel holds everybody in it, and what is held back costs its sender nothing', async () => {
  const { turnstile } = await connect();
  for (let index = 0; index < 40; index++) {
    const by = index < 20 ? alice : bob;
    expect(await turnstile.pass(sent(`k${index}`, { by }), limits)).toBeNull();
  }
  expect(await turnstile.pass(sent('more'), limits)).toMatchObject({ by: 'channel' });
  expect(await turnstile.pass(sent('more', { channel: 'C0OTHER' }), limits)).toBeNull();
});

test('the same request counts once, and the window moves on', async () => {
  const { turnstile } = await connect();
  const few = { personRequests: 1, channelRequests: null };
  expect(await turnstile.pass(sent('k'), few)).toBeNull();
  expect(await turnstile.pass(sent('k'), few)).toBeNull();
  expect(await turnstile.pass(sent('other', { at: windowMs }), few)).not.toBeNull();
  expect(await turnstile.pass(sent('other', { at: 1_001 + windowMs }), few)).toBeNull();
});

test('what is queued or running is known by whose it is', async () => {
  const { tasks } = await connect();
  const { task } = await tasks.create(toTask({ run: { type: 'queued', since: 1, reason: null } }), []);
  expect(await tasks.open()).toEqual([{ id: task.id, requester: alice, queued: true }]);
  await tasks.apply(task.id, { type: 'run_started', run: runId(1, task.id), number: 1, engine, at: 2 });
  expect(await tasks.open()).toEqual([{ id: task.id, requester: alice, queued: false }]);
  await tasks.apply(task.id, { type: 'stopped', by: alice, at: 3 });
  expect(await tasks.open()).toEqual([]);
});

test('word of somebody is kept for a while, and what is no word is none', async () => {
  const { attestations, redis, instance } = await connect();
  await attestations.attest({ person: alice, type: 'member', groups: ['S1'] });
  expect(await attestations.find(alice)).toEqual({ person: alice, type: 'member', groups: ['S1'] });
  expect(await redis.ttl(`{errand:${instance}}:attested:${alice}`)).toBeGreaterThan(0);
  await redis.set(`{errand:${instance}}:attested:${bob}`, '{"type":"king"}');
  expect(await attestations.find(bob)).toBeUndefined();
});
