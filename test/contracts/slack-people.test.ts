import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LocalSlack } from '../../src/local/slack/server.ts';
import { connectSlack } from '../../src/slack/connection.ts';
import { createDirectory } from '../../src/slack/directory.ts';
import { createThreadReader } from '../../src/slack/thread-reader.ts';
import type { ChannelId, UserId } from '../../src/task/ids.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { ada, Bench, channel, clock, dev, grace, recordLog, seed, ts } from './slack-harness.ts';

let redis: TestRedis;
let bench: Bench;
let slack: LocalSlack;
beforeEach(async () => {
  redis = await startRedis();
  bench = new Bench(redis);
  slack = await bench.slack();
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
  await redis[Symbol.asyncDispose]();
});

async function directory() {
  const { reader, teamId } = await bench.connect(slack);
  let now = 0;
  return {
    people: createDirectory({ reader, teamId, clock: { now: () => now } }),
    later: (ms: number) => {
      now += ms;
    },
  };
}

describe('who somebody is', () => {
  test.each([
    ['a full member', seed.ada, 'member', 'Ada Park'],
    ['a guest', seed.guest, 'guest', 'Gil Reyes'],
    ['somebody who left', seed.gone, 'deactivated', 'Dora Quist'],
    ['a person of another workspace', seed.stranger, 'stranger', 'Sam Okafor'],
    ['a bot', seed.bot, 'bot', 'Errand'],
    ['an unknown id', 'U0NOBODY', 'stranger', 'U0NOBODY'],
  ])('%s', async (_, id, type, name) => {
    const { people } = await directory();
    expect(await people.member(id as UserId)).toEqual({ type, id, name });
  });

  test('is remembered for a minute, and asked again after it', async () => {
    const { people, later } = await directory();
    expect((await people.member(ada)).type).toBe('member');
    const user = slack.store.user(ada);
    if (user === undefined) throw new Error('no Ada');
    Object.assign(user, { deleted: true });
    expect((await people.member(ada)).type).toBe('member');
    later(60_001);
    expect((await people.member(ada)).type).toBe('deactivated');
  });

  test('nobody is let in because Slack can not be asked, and the failure is not remembered', async () => {
    const { people } = await directory();
    slack.faults.add({ on: 'call', method: 'users.info', times: 3, effect: { type: 'status', status: 500 } });
    await expect(people.member(ada)).rejects.toMatchObject({ retry: true, failure: { code: 'directory' } });
    expect((await people.member(ada)).type).toBe('member');
  });

  test.each([
    ['of this workspace alone', seed.dev, 'own'],
    ['that another company reads too', seed.partners, 'shared'],
    ['that the bot can not see', 'C0UNKNOWN', 'absent'],
  ])('a channel %s', async (_, id, kind) => {
    const { people } = await directory();
    expect(await people.channel(id as ChannelId)).toBe(kind);
  });

  test('a channel is hidden where the app may not ask for it', async () => {
    const { people } = await directory();
    const effect = { type: 'error', error: 'missing_scope' } as const;
    slack.faults.add({ on: 'call', method: 'conversations.info', times: 1, effect });
    expect(await people.channel(dev)).toBe('hidden');
  });

  test('a group has its members, an unknown one has none', async () => {
    const { people } = await directory();
    expect(await people.group(seed.reviewers)).toEqual(new Set([seed.grace, seed.max]));
    expect(await people.group('S0UNKNOWN')).toEqual(new Set());
  });
});

test('a direct message between people is a place where Errand is not', async () => {
  const { reader, teamId } = await bench.connect(slack);
  const directory = createDirectory({ reader, teamId, clock });
  const theirs = slack.store.direct(ada, grace);
  expect(await directory.channel(channel(theirs.id))).toBe('absent');
  expect(await directory.channel(channel(seed.adaDirect))).toBe('own');
});

test('a thread is read oldest first, decoded, with bots marked', async () => {
  const { client, reader } = await bench.connect(slack);
  const root = slack.people.message({ user: grace, channel: dev, text: 'if a < b & c, see #dev' });
  await client.chat.postMessage({ channel: dev, thread_ts: root.ts, text: 'from the bot' });
  slack.people.message({ user: ada, channel: dev, thread_ts: root.ts, text: '@Errand fix that' });
  expect(await createThreadReader(reader).thread(dev, ts(root.ts))).toMatchObject([
    { author: grace, ts: root.ts, text: 'if a < b & c, see #dev', bot: false },
    { author: seed.bot, text: 'from the bot', bot: true },
    { author: ada, text: `@${seed.bot} fix that`, bot: false },
  ]);
});

test('a thread that can not be read is a clear problem', async () => {
  const { reader } = await bench.connect(slack);
  await expect(createThreadReader(reader).thread(dev, ts('1.000001'))).rejects.toMatchObject({
    failure: { code: 'thread_unreadable' },
  });
});

test('a thread of a public channel is read although nobody invited the bot there', async () => {
  const { reader } = await bench.connect(slack);
  const root = slack.people.message({ user: ada, channel: seed.random, text: 'is it broken?' });
  const threads = createThreadReader(reader);
  expect(await threads.thread(channel(seed.random), ts(root.ts))).toMatchObject([{ text: 'is it broken?' }]);
});

test('a thread of a private channel without the bot is a problem that no second try mends', async () => {
  const { reader } = await bench.connect(slack);
  const root = slack.people.message({ user: grace, channel: seed.secret, text: 'secret' });
  await expect(createThreadReader(reader).thread(channel(seed.secret), ts(root.ts))).rejects.toMatchObject({
    retry: false,
    failure: { code: 'thread_unreadable' },
  });
});

test('one message is found with the thread it stands in, an app’s by what is attached to it', async () => {
  const { client, reader } = await bench.connect(slack);
  const root = slack.people.message({ user: grace, channel: dev, text: 'root' });
  const reply = slack.people.message({ user: ada, channel: dev, thread_ts: root.ts, text: 'a &lt;reply' });
  const alert = await client.chat.postMessage({ channel: dev, text: '', attachments: [{ text: '500 in checkout' }] });
  const threads = createThreadReader(reader);
  expect(await threads.message(dev, ts(reply.ts))).toMatchObject({ author: ada, thread: root.ts });
  expect(await threads.message(dev, ts(root.ts))).toMatchObject({ author: grace, thread: root.ts, text: 'root' });
  expect(await threads.message(dev, ts(alert.ts ?? ''))).toMatchObject({ bot: true, text: '500 in checkout' });
  expect(await threads.message(dev, ts('1.000001'))).toBeNull();
});

test('a refused bot token and an unreachable Slack are told apart', async () => {
  const { log } = recordLog();
  await expect(connectSlack({ botToken: 'wrong', apiUrl: slack.apiUrl, log })).rejects.toMatchObject({
    retry: false,
    failure: { sentence: 'Errand could not sign in to Slack with SLACK_BOT_TOKEN: Slack answered invalid_auth.' },
  });
  await expect(connectSlack({ botToken: 'x', apiUrl: 'http://127.0.0.1:1/api/', log })).rejects.toMatchObject({
    retry: true,
    failure: { code: 'slack_unreachable' },
  });
});

test('a Slack that is unwell when the bot starts is waited for', async () => {
  const { log } = recordLog();
  const unwell = () => {
    slack.faults.add({ on: 'call', method: 'auth.test', times: 1, effect: { type: 'rate_limited', retryAfterS: 0 } });
    slack.faults.add({ on: 'call', method: 'auth.test', times: 1, effect: { type: 'error', error: 'internal_error' } });
  };
  const signIn = (patienceMs: number) =>
    connectSlack({ botToken: 'xoxb-local', apiUrl: slack.apiUrl, log, patienceMs });
  unwell();
  await expect(signIn(0)).rejects.toMatchObject({ retry: true });
  slack.faults.clear();
  unwell();
  expect((await signIn(60_000)).userId).toBe(seed.bot);
});

test('every call goes through the given fetch', async () => {
  const asked: string[] = [];
  const { log } = recordLog();
  await connectSlack({
    botToken: 'xoxb-local',
    apiUrl: slack.apiUrl,
    log,
    fetch: (url, init) => {
      asked.push(String(url));
      return fetch(url, init);
    },
  });
  expect(asked).toEqual([`${slack.apiUrl}auth.test`]);
});
