import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRedis, waitForRedis } from '../../src/store/connection.ts';
import { createStore } from '../../src/store/store.ts';
import { blankDraft, toDraft } from '../../src/task/draft.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { alice, bob, channel, ts } from '../task/example.ts';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => server[Symbol.asyncDispose]());

/** What two processes see of one Redis. */
async function connect() {
  const redis = openRedis(server.url, { name: 'test', onError: () => undefined });
  await waitForRedis(redis, 5_000);
  const { drafts } = createStore(redis, { narrate: () => [], clock: { now: () => Date.now() } });
  return { redis, drafts, [Symbol.dispose]: () => redis.disconnect() };
}

test('a draft is found again by another process, whole, for a day', async () => {
  using one = await connect();
  using other = await connect();
  const about = { channel, message: ts(2), thread: ts(1) };
  const draft = { ...toDraft('repo:web budget:5 fix it\nsoon', { channel, about }), doneWhen: 'It passes' };
  await one.drafts.keep({ ...draft, id: 'command:1.2.3', by: alice });
  expect(await other.drafts.find('command:1.2.3')).toEqual({ ...draft, id: 'command:1.2.3', by: alice });
  expect(await other.drafts.find('command:9')).toBeUndefined();
  const [key = ''] = await one.redis.keys('*draft:*');
  expect(await one.redis.ttl(key)).toBeGreaterThan(86_000);
});

test('what was chosen last is each person’s own', async () => {
  using one = await connect();
  const chosen = { repository: 'acme/web', base: null, agent: 'codex', channel };
  await one.drafts.remember(alice, chosen);
  expect(await one.drafts.choices(alice)).toEqual(chosen);
  expect(await one.drafts.choices(bob)).toBeUndefined();
});

test('a draft that another version wrote counts as gone', async () => {
  using one = await connect();
  await one.drafts.keep({ ...blankDraft, id: 'command:4', by: alice });
  const [key = ''] = await one.redis.keys('*draft:command:4');
  await one.redis.set(key, '{"id":"command:4"}');
  expect(await one.drafts.find('command:4')).toBeUndefined();
});
