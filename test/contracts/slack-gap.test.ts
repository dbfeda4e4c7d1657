import { describe, expect, test } from 'vitest';
import type { LocalSlack } from '../../src/local/slack/server.ts';
import type { Store } from '../../src/store/store.ts';
import { Problem } from '../../src/task/problem.ts';
import type { OutboxRow } from '../../src/task/said.ts';
import { result } from '../slack/said.ts';
import { task as toTask } from '../task/example.ts';
import {
  type Act,
  ada,
  channel,
  dev,
  freePort,
  grace,
  recordActs,
  secrets,
  seed,
  ts,
  until,
  useBench,
} from './slack-harness.ts';

const on = useBench();

/** A task whose thread begins with Ada's message, and that has a gate there. */
async function open(slack: LocalSlack, store: Store) {
  const asked = slack.people.message({ user: ada, channel: dev, text: '@Errand fix it' });
  await slack.outbound.idle();
  // That one was heard.
  const key = `message:${seed.team}:${dev}:${asked.ts}`;
  await store.inbox.put(key, null);
  await store.inbox.settle(key);
  const origin = { key: 'one', kind: 'mention', channel: channel(dev), thread: ts(asked.ts) } as const;
  const task = toTask({ origin, requester: ada });
  const thread = { type: 'reply', to: ts(asked.ts) } as const;
  const said = result({ type: 'open' });
  const row: OutboxRow = {
    lane: task.id,
    key: 'gate',
    effect: { type: 'message', channel: origin.channel, thread, said },
  };
  await store.tasks.create(task, [row]);
  const delivering = await on.bench.deliver(slack, store);
  const gate = await until(slack, () => slack.store.messages(dev).find(({ user }) => user === seed.bot));
  await delivering.stop();
  return { asked, gate };
}

/** Slack’s retries are over before anybody listens again. */
const slackThatGivesUp = () => on.bench.slack({ retryDelaysMs: [] });

const heardOnce = async (store: Store) => void (await store.tasks.remember('slack_heard', String(Date.now())));
const summary = (acts: readonly Act[]) => acts.map(({ name, args: [asked] }) => [name, asked]);

describe('what came while nobody listened', () => {
  test('is found: replies, emoji on what Errand said and on the request, and new requests, each once', async () => {
    const slack = await slackThatGivesUp();
    const store = await on.bench.store();
    const { asked, gate } = await open(slack, store);
    await heardOnce(store);
    const reply = slack.people.message({ user: grace, channel: dev, thread_ts: asked.ts, text: 'and the docs' });
    slack.people.reaction({ user: grace, channel: dev, ts: gate.ts, name: 'white_check_mark', present: true });
    slack.people.reaction({ user: ada, channel: dev, ts: asked.ts, name: 'octagonal_sign', present: true });
    const other = slack.people.message({ user: ada, channel: dev, text: '@Errand another thing' });
    await slack.outbound.idle();
    const { acts, useCases } = recordActs();
    await on.bench.app(slack, store, useCases);
    await acts.find(({ name }) => name === 'submit');
    expect(summary(acts.items)).toEqual([
      ['stop', expect.objectContaining({ by: ada })],
      ['approve', expect.objectContaining({ by: grace, message: gate.ts, via: 'reaction' })],
      ['reply', expect.objectContaining({ by: grace, message: reply.ts, text: 'and the docs' })],
      ['submit', expect.objectContaining({ by: ada, message: other.ts })],
    ]);
    // What Slack tells of it after all is nothing new.
    for (const { id } of slack.outbound.records) slack.outbound.redeliver(id);
    await slack.outbound.idle();
    expect(acts.items).toHaveLength(4);
  });

  test('is found after the connections broke, and an emoji that was dealt with before is not', async () => {
    const slack = await slackThatGivesUp();
    const store = await on.bench.store();
    const { asked, gate } = await open(slack, store);
    await heardOnce(store);
    const { acts, useCases } = recordActs();
    await on.bench.app(slack, store, useCases);
    slack.people.reaction({ user: ada, channel: dev, ts: gate.ts, name: 'repeat', present: true });
    await acts.at(0);
    slack.faults.add({ on: 'delivery', kind: 'events_api', times: 2, effect: { type: 'lose' } });
    slack.people.message({ user: grace, channel: dev, thread_ts: asked.ts, text: 'and the docs' });
    slack.people.reaction({ user: grace, channel: dev, ts: gate.ts, name: 'octagonal_sign', present: true });
    slack.socket?.disconnect('cut');
    await acts.at(2);
    expect(acts.items.map(({ name }) => name)).toEqual(['retry', 'stop', 'reply']);
  });

  test('is found where an approval was taken back', async () => {
    const slack = await slackThatGivesUp();
    const store = await on.bench.store();
    const { gate } = await open(slack, store);
    const first = recordActs();
    const app = await on.bench.app(slack, store, first.useCases);
    slack.people.reaction({ user: grace, channel: dev, ts: gate.ts, name: 'white_check_mark', present: true });
    await first.acts.at(0);
    await app.stop();
    slack.people.reaction({ user: grace, channel: dev, ts: gate.ts, name: 'white_check_mark', present: false });
    const { acts, useCases } = recordActs();
    await on.bench.app(slack, store, useCases);
    expect(await acts.at(0)).toMatchObject({ name: 'unapprove', args: [{ by: grace, message: gate.ts }] });
  });

  test('is left alone at the very first start, when nobody can say since when', async () => {
    const slack = await slackThatGivesUp();
    const store = await on.bench.store();
    const { gate } = await open(slack, store);
    slack.people.reaction({ user: grace, channel: dev, ts: gate.ts, name: 'white_check_mark', present: true });
    await slack.outbound.idle();
    const { acts, useCases } = recordActs();
    await on.bench.app(slack, store, useCases);
    const known = async () => (await store.reactions.known(channel(dev), ts(gate.ts))).length;
    while ((await known()) === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(acts.items).toEqual([]);
  });

  test('is looked for until Slack answers', async () => {
    const slack = await slackThatGivesUp();
    const store = await on.bench.store();
    const { asked } = await open(slack, store);
    await heardOnce(store);
    slack.people.message({ user: grace, channel: dev, thread_ts: asked.ts, text: 'and the docs' });
    await slack.outbound.idle();
    const method = 'conversations.replies';
    slack.faults.add({ on: 'call', method, times: 4, effect: { type: 'status', status: 503 } });
    const { acts, useCases } = recordActs();
    await on.bench.app(slack, store, useCases);
    expect(await acts.at(0)).toMatchObject({ name: 'reply' });
  });
});

describe('two bots on one app', () => {
  test('that come back from the same gap find each act once', async () => {
    const slack = await slackThatGivesUp();
    const store = await on.bench.store();
    const { asked, gate } = await open(slack, store);
    await heardOnce(store);
    slack.people.message({ user: grace, channel: dev, thread_ts: asked.ts, text: 'and the docs' });
    slack.people.reaction({ user: grace, channel: dev, ts: gate.ts, name: 'octagonal_sign', present: true });
    await slack.outbound.idle();
    const { acts, useCases } = recordActs();
    const stores = [await on.bench.store(), await on.bench.store()];
    const apps = await Promise.all(stores.map((each) => on.bench.app(slack, each, useCases)));
    while ((await store.tasks.recall('slack_gap')) !== '') await new Promise((resolve) => setImmediate(resolve));
    await Promise.all(apps.map((app) => app.stop()));
    expect(acts.items.map(({ name }) => name).sort()).toEqual(['reply', 'stop']);
  });

  test('are one bot: each payload that both get is one act', async () => {
    const slack = await on.bench.slack();
    const { acts, useCases } = recordActs();
    for (let n = 0; n < 2; n++) await on.bench.app(slack, await on.bench.store(), useCases);
    for (const kind of ['events_api', 'slash_commands'] as const) {
      slack.faults.add({ on: 'delivery', kind, times: 3, effect: { type: 'everywhere' } });
    }
    slack.people.message({ user: ada, channel: dev, text: '@Errand fix it' });
    await slack.people.command({ user: ada, channel: dev, command: '/agent', text: 'fix it too' });
    await acts.at(1);
    await slack.outbound.idle();
    expect(acts.items.map(({ name }) => name)).toEqual(['submit', 'submit']);
  });

  test('take the messages of one thread in turn: a reply waits for the request that another reads', async () => {
    const slack = await on.bench.slack();
    const reading = Promise.withResolvers<void>();
    const { acts, useCases } = recordActs({
      submit: async () => {
        await reading.promise;
        return { type: 'silent' };
      },
    });
    for (let n = 0; n < 2; n++) await on.bench.app(slack, await on.bench.store(), useCases);
    const asked = slack.people.message({ user: ada, channel: dev, text: '@Errand fix it' });
    await acts.at(0);
    await slack.outbound.idle();
    slack.faults.add({ on: 'delivery', kind: 'events_api', times: 1, effect: { type: 'everywhere' } });
    slack.people.message({ user: ada, channel: dev, thread_ts: asked.ts, text: 'and the docs' });
    await slack.outbound.idle();
    expect(acts.items.map(({ name }) => name)).toEqual(['submit']);
    reading.resolve();
    expect(await acts.at(1)).toMatchObject({ name: 'reply' });
  });
});

test('with the store away, whoever mentions Errand is told at once, and once', async () => {
  const port = await freePort();
  const slack = await on.bench.slack({ deliver: { type: 'http', url: `http://127.0.0.1:${port}/slack/events` } });
  const store = await on.bench.store();
  const down = new Problem({ code: 'redis_down', sentence: 'The store does not answer.', next: '' }, { retry: true });
  let failing = 3;
  const put = (...args: Parameters<Store['inbox']['put']>) =>
    failing-- > 0 ? Promise.reject(down) : store.inbox.put(...args);
  const { acts, useCases } = recordActs();
  const mode = { type: 'http', signingSecret: secrets.signingSecret, port } as const;
  await on.bench.app(slack, { ...store, inbox: { ...store.inbox, put } }, useCases, { mode });
  slack.people.message({ user: ada, channel: dev, text: '@Errand fix it' });
  await acts.at(0);
  await slack.outbound.idle();
  expect(slack.store.ephemerals.map(({ user, text }) => [user, text])).toEqual([
    [ada, expect.stringMatching(/^Errand can't reach its store just now[\s\S]*no need to write it anew/)],
  ]);
  expect(acts.items.map(({ name }) => name)).toEqual(['submit']);
});
