import { describe, expect, test } from 'vitest';
import type { LocalSlack } from '../../src/local/slack/server.ts';
import type { Outbox } from '../../src/task/ports/outbox.ts';
import type { OutboxRow, Said, Thread } from '../../src/task/said.ts';
import { root } from '../slack/everything.ts';
import { line, result } from '../slack/said.ts';
import { ada, botMessages, channel, dev, grace, seed, ts, until, useBench } from './slack-harness.ts';

const on = useBench();

const lane = 't4k2m9x';
const task = { ...line, requester: ada };
const queued = root({ task });
const stopped: Said = {
  type: 'ending',
  task,
  run: 1,
  outcome: { type: 'stopped', by: ada, kept: [] },
  retryable: false,
};
const refused = result({ type: 'refused', sentence: 'It conflicts.', next: 'Resolve it.' });
const own: Thread = { type: 'own' };

function row(
  key: string,
  said: Said,
  thread: Thread = key === 'root' ? { type: 'root' } : own,
  where: string = dev,
): OutboxRow {
  return { lane, key, effect: { type: 'message', channel: channel(where), thread, said } };
}

const firstWords = (slack: LocalSlack, where: string = dev) =>
  botMessages(slack, where).map(({ text }) => text.split(/ ·| by|\. |, but/)[0]);

async function settled(outbox: Outbox): Promise<void> {
  while ((await outbox.dirty()).length > 0) await new Promise((resolve) => setImmediate(resolve));
}

async function delivering(options: Parameters<typeof on.bench.deliver>[2] = {}) {
  const slack = await on.bench.slack();
  const store = await on.bench.store();
  const { stop } = await on.bench.deliver(slack, store, options);
  return { slack, store, stop, settled: () => settled(store.outbox) };
}

const error = (code: string) => ({ type: 'error', error: code }) as const;

describe('what was deleted', () => {
  test('a root that nobody had answered stands again, with the outcome in its thread', async () => {
    const { slack, store, settled } = await delivering();
    await store.outbox.add([row('root', queued)]);
    const first = await until(slack, () => botMessages(slack)[0]);
    await settled();
    slack.store.removeMessage(dev, first.ts);
    await store.outbox.add([row('root', root({ task, status: { word: 'Stopped' } })), row('ending-1', stopped)]);
    await settled();
    const [again, ...replies] = botMessages(slack);
    expect(firstWords(slack)).toEqual(['Stopped', 'Stopped']);
    expect(replies.map(({ thread_ts }) => thread_ts)).toEqual([again?.ts]);
  });

  test('with the request itself gone, the outcome comes to whoever asked, once', async () => {
    const { slack, store, settled } = await delivering();
    const asked = slack.people.message({ user: ada, channel: dev, text: '@Errand fix it' });
    const thread: Thread = { type: 'reply', to: ts(asked.ts) };
    await store.outbox.add([row('root', queued, thread)]);
    await until(slack, () => botMessages(slack).length === 1);
    await settled();
    slack.store.removeMessage(dev, asked.ts);
    await store.outbox.add([row('ending-1', stopped, thread)]);
    await settled();
    await store.outbox.add([row('ending-1', { ...stopped, retryable: true }, thread)]);
    await settled();
    expect(botMessages(slack)).toHaveLength(1);
    expect(botMessages(slack, seed.adaDirect).map(({ text }) => text)).toEqual([
      expect.stringMatching(/^Slack takes no more messages where task t4k2m9x was asked for[\s\S]*Stopped by/),
    ]);
  });

  test('an answer beside a message that is gone shows in the channel', async () => {
    const { slack, store } = await delivering();
    const said: Said = { type: 'sentence', sentence: 'Only you see this.', next: null, kept: null };
    const place = { channel: channel(dev), thread: ts('1600000000.000100'), user: ada, responseUrl: null };
    await store.outbox.add([{ lane: 'answer:1', key: 'answer', effect: { type: 'ephemeral', ...place, said } }]);
    const shown = await until(slack, () => slack.store.ephemerals[0]);
    expect(shown).not.toHaveProperty('thread_ts');
  });
});

describe('what may not be edited any more', () => {
  test('stays as it is, but for what people have to see, which is said anew once', async () => {
    const { slack, store, settled } = await delivering();
    await store.outbox.add([row('root', queued), row('gate', result({ type: 'open' }))]);
    await until(slack, () => botMessages(slack).length === 2);
    await settled();
    slack.faults.add({ on: 'call', method: 'chat.update', times: 1e6, effect: error('edit_window_closed') });
    slack.faults.add({ on: 'call', method: 'chat.postMessage', times: 1, effect: { type: 'lost_answer' } });
    await store.outbox.add([row('root', root({ task, status: { word: 'Stopped' } })), row('gate', refused)]);
    await settled();
    expect(firstWords(slack)[0]).toBe('Queued');
    const gates = botMessages(slack).filter(({ text }) => text.includes('It conflicts.'));
    expect([botMessages(slack).length, gates.length]).toEqual([3, 1]);
    expect(await store.outbox.findMessage(dev, ts(gates[0]?.ts ?? ''))).toMatchObject({ key: 'gate' });
  });
});

describe('what the app may not do', () => {
  test('waits for whoever runs Errand, and is said then', async () => {
    const { slack, store, stop } = await delivering();
    slack.faults.add({ on: 'call', method: 'chat.postMessage', times: 1, effect: error('missing_scope') });
    await store.outbox.add([row('root', queued), row('ending-1', stopped)]);
    await on.bench.logged.lines.find(({ message }) => message === 'A delivery failed and will be tried again');
    await stop();
    expect(await store.outbox.dirty()).toEqual([lane]);
    await on.bench.deliver(slack, store);
    await until(slack, () => botMessages(slack).length === 2);
  });
});

describe('a channel that can’t be reached', () => {
  test('is given up after a day without an invitation, and what it came to is told directly', async () => {
    const { slack, store, settled } = await delivering({ giveUpAfterMs: 0 });
    await store.outbox.add([row('root', root({ task: { ...task, requester: grace } }), { type: 'root' }, seed.secret)]);
    await settled();
    await store.outbox.add([row('ending-1', { ...stopped, task: { ...task, requester: grace } }, own, seed.secret)]);
    await settled();
    expect(botMessages(slack, seed.graceDirect).map(({ text }) => text)).toEqual([
      expect.stringMatching(/^Task t4k2m9x is accepted, but Slack takes no messages of mine where you asked for it/),
      expect.stringMatching(/^Slack takes no more messages where task t4k2m9x was asked for[\s\S]*Stopped by/),
    ]);
  });

  test.each(['is_archived', 'restricted_action', 'channel_type_not_supported'])(
    'for good (%s): the outcome is told directly, and once though Slack’s answers are lost',
    async (code) => {
      const { slack, store, settled } = await delivering();
      const thread: Thread = { type: 'reply', to: ts('1600000000.000100') };
      slack.faults.add({ on: 'call', method: 'chat.postMessage', times: 1, effect: error(code) });
      slack.faults.add({ on: 'call', method: 'chat.postMessage', times: 2, effect: { type: 'lost_answer' } });
      await store.outbox.add([row('ending-1', stopped, thread)]);
      await settled();
      expect(botMessages(slack, seed.adaDirect)).toHaveLength(1);
      expect(botMessages(slack)).toEqual([]);
    },
  );

  test('a person who can’t be told either ends it, with an error in the log', async () => {
    const { slack, store, settled } = await delivering();
    const gone = { ...stopped, task: { ...task, requester: seed.gone as typeof ada } };
    await store.outbox.add([row('ending-1', gone, { type: 'root' }, seed.archived)]);
    await settled();
    expect(slack.store.ledger.filter(({ method }) => method === 'chat.postMessage')).toEqual([]);
    const dropped = on.bench.logged.lines.items.filter(({ message }) => message.includes('is dropped'));
    expect(dropped).toHaveLength(2);
  });
});

describe('a process that stood still', () => {
  test('posts nothing of a lane that another has taken meanwhile', async () => {
    const slack = await on.bench.slack();
    const store = await on.bench.store();
    const frozen = Promise.withResolvers<void>();
    const marked = Promise.withResolvers<void>();
    const freezing: Outbox = {
      ...store.outbox,
      take: async (name) => {
        const taken = await store.outbox.take(name);
        if (taken === null) return null;
        marked.resolve();
        await frozen.promise;
        // As long as the lane is another's, this one's token is an old one.
        return { ...taken, token: 'an old one' };
      },
    };
    await on.bench.deliver(slack, { outbox: freezing }, { retryAfterMs: 3_600_000 });
    await store.outbox.add([row('root', queued)]);
    await marked.promise;
    frozen.resolve();
    await on.bench.logged.lines.find(({ message }) => message.startsWith('A delivery was interrupted'));
    expect(botMessages(slack)).toEqual([]);
  });
});
