import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { LocalSlack } from '../../src/local/slack/server.ts';
import { render } from '../../src/slack/blocks/render.ts';
import type { Outbox } from '../../src/task/ports/outbox.ts';
import { Problem } from '../../src/task/problem.ts';
import type { OutboxRow, Said, SessionStatus, Thread } from '../../src/task/said.ts';
import { everything, root } from '../slack/everything.ts';
import { line, result, wording } from '../slack/said.ts';
import { ada, botMessages, channel, dev, grace, seed, ts, until, useBench } from './slack-harness.ts';

const on = useBench();

const lane = 't4k2m9x';
const own: Thread = { type: 'own' };
const hourMs = 3_600_000;
const unpaced = { postsPerMinute: 1e6, updatesPerMinute: 1e6, progressEveryMs: 0 };

function row(key: string, said: Said, options: { thread?: Thread; channel?: string; lane?: string } = {}): OutboxRow {
  const thread = options.thread ?? (key === 'root' ? ({ type: 'root' } as const) : own);
  return {
    lane: options.lane ?? lane,
    key,
    effect: { type: 'message', channel: channel(options.channel ?? dev), thread, said },
  };
}

const note = (sentence: string): Said => ({ type: 'sentence', sentence, next: null, kept: null });
const queued = root({ task: { ...line, requester: ada } });
const texts = (slack: LocalSlack, where: string = dev) => botMessages(slack, where).map(({ text }) => text);
/** Settles once nothing is left to deliver. */
async function settled(outbox: Outbox): Promise<void> {
  while ((await outbox.dirty()).length > 0) await new Promise((resolve) => setImmediate(resolve));
}

const marked = z.object({ event_payload: z.object({ key: z.string() }) });

describe('delivery', () => {
  test('posts a root and its thread in order as soon as they are announced, without previews', async () => {
    const slack = await on.bench.slack();
    const store = await on.bench.store();
    await on.bench.deliver(slack, store, { sweepEveryMs: hourMs });
    await store.outbox.add([row('root', queued), row('a', note('first')), row('b', note('second'))]);
    await until(slack, () => texts(slack).length === 3);
    const [first, ...replies] = botMessages(slack);
    expect(first).toMatchObject({ unfurl_links: false, unfurl_media: false });
    expect(first?.text).toMatch(/^Queued · Fix flaky checkout test · acme\/web/);
    expect(replies.map(({ text, thread_ts }) => [text, thread_ts])).toEqual([
      ['first', first?.ts],
      ['second', first?.ts],
    ]);
    await settled(store.outbox);
    expect(await store.outbox.findMessage(dev, ts(first?.ts ?? ''))).toMatchObject({ lane, key: 'root' });
  });

  test('answers in the thread of a person’s message', async () => {
    const slack = await on.bench.slack();
    const store = await on.bench.store();
    const asked = slack.people.message({ user: ada, channel: dev, text: '@Errand fix it' });
    const thread: Thread = { type: 'reply', to: ts(asked.ts) };
    await store.outbox.add([row('root', queued, { thread }), row('a', note('first'))]);
    await on.bench.deliver(slack, store);
    await until(slack, () => texts(slack).length === 2);
    expect(botMessages(slack).map(({ thread_ts }) => thread_ts)).toEqual([asked.ts, asked.ts]);
  });

  test('says only the newest content of a message, and edits what already stands there', async () => {
    const slack = await on.bench.slack();
    const store = await on.bench.store();
    for (const word of ['Failed', 'Stopped'] as const)
      await store.outbox.add([row('root', root({ status: { word } }))]);
    await on.bench.deliver(slack, store);
    await until(slack, () => texts(slack)[0]?.startsWith('Stopped'));
    await store.outbox.add([row('root', root({ status: { word: 'Answered' } }))]);
    await until(slack, () => texts(slack)[0]?.startsWith('Answered'));
    expect(botMessages(slack)).toHaveLength(1);
    const calls = slack.store.ledger.filter(({ method }) => method.startsWith('chat.')).map(({ method }) => method);
    expect(calls).toEqual(['chat.postMessage', 'chat.update']);
  });

  test('every message is taken by Slack as it is', async () => {
    const slack = await on.bench.slack();
    const store = await on.bench.store();
    const rows = Object.entries(everything).map(([name, said], index) =>
      row(index === 0 ? 'root' : name, said, index === 0 ? { thread: { type: 'root' } } : {}),
    );
    await store.outbox.add(rows);
    await on.bench.deliver(slack, store, { pace: unpaced });
    await until(slack, () => texts(slack).length === rows.length);
    for (const { metadata, blocks } of botMessages(slack)) {
      const { key } = marked.parse(metadata).event_payload;
      const said = key === 'root' ? rows[0]?.effect : rows.find((each) => each.key === key)?.effect;
      if (said?.type !== 'message') throw new Error(`no row ${key}`);
      // The fallback would have left sections alone.
      expect(blocks?.map(({ type }) => type)).toEqual(render(said.said, wording).blocks.map(({ type }) => type));
    }
  });

  test('two processes deliver each message once', async () => {
    const slack = await on.bench.slack();
    const stores = [await on.bench.store(), await on.bench.store()];
    for (const store of stores) await on.bench.deliver(slack, store, { sweepEveryMs: 20, pace: unpaced });
    const [store] = stores;
    if (store === undefined) throw new Error('no store');
    for (let n = 0; n < 10; n++) {
      await store.outbox.add([
        row('root', note(`root ${n}`), { lane: `lane${n}` }),
        row('a', note('reply'), { lane: `lane${n}` }),
      ]);
    }
    await until(slack, () => texts(slack).length >= 20);
    await settled(store.outbox);
    expect(texts(slack)).toHaveLength(20);
  });
});

describe('delivery after a mishap', () => {
  test('a post whose answer was lost is found again rather than repeated', async () => {
    const slack = await on.bench.slack();
    const store = await on.bench.store();
    slack.faults.add({ on: 'call', method: 'chat.postMessage', times: 2, effect: { type: 'lost_answer' } });
    await store.outbox.add([row('root', queued), row('a', note('first'))]);
    await on.bench.deliver(slack, store);
    await until(slack, () => texts(slack).length === 2);
    await settled(store.outbox);
    expect(texts(slack)).toHaveLength(2);
  });

  test('a crash between the post and its note repeats nothing, and newer content is an edit', async () => {
    const slack = await on.bench.slack();
    const store = await on.bench.store();
    const crashed = Promise.withResolvers<void>();
    const dying: Outbox = {
      ...store.outbox,
      delivered: () => {
        crashed.resolve();
        return Promise.reject(new Problem({ code: 'redis_down', sentence: 'gone', next: '' }, { retry: true }));
      },
    };
    await store.outbox.add([row('root', queued)]);
    const first = await on.bench.deliver(slack, { outbox: dying }, { retryAfterMs: hourMs });
    await crashed.promise;
    await first.stop();
    await store.outbox.add([row('root', root({ status: { word: 'Stopped' } }))]);
    await on.bench.deliver(slack, await on.bench.store());
    await until(slack, () => texts(slack)[0]?.startsWith('Stopped'));
    await settled(store.outbox);
    expect(texts(slack)).toHaveLength(1);
  });

  test('a post that Slack never got is made', async () => {
    const slack = await on.bench.slack();
    const store = await on.bench.store();
    slack.faults.add({ on: 'call', method: 'chat.postMessage', times: 3, effect: { type: 'status', status: 503 } });
    await store.outbox.add([row('root', queued)]);
    await on.bench.deliver(slack, store);
    await until(slack, () => texts(slack).length === 1);
  });

  test('a limit on edits holds no post back', async () => {
    const slack = await on.bench.slack();
    const store = await on.bench.store();
    await on.bench.deliver(slack, store);
    await store.outbox.add([row('root', queued)]);
    await until(slack, () => texts(slack).length === 1);
    slack.faults.add({ on: 'call', method: 'chat.update', times: 1, effect: { type: 'rate_limited', retryAfterS: 1 } });
    await store.outbox.add([row('root', root({ status: { word: 'Stopped' } })), row('a', note('first'))]);
    await until(slack, () => texts(slack).length === 2);
    await until(slack, () => texts(slack)[0]?.startsWith('Stopped'));
  });

  test('blocks that Slack refuses are said in plain sections', async () => {
    const slack = await on.bench.slack();
    const store = await on.bench.store();
    slack.faults.add({
      on: 'call',
      method: 'chat.postMessage',
      times: 1,
      effect: { type: 'error', error: 'invalid_blocks' },
    });
    await store.outbox.add([row('gate', result({ type: 'open' }), { thread: { type: 'root' } })]);
    await on.bench.deliver(slack, store);
    const message = await until(slack, () => botMessages(slack)[0]);
    expect(message.blocks?.map(({ type }) => type)).toEqual(['section', 'actions']);
    expect(message.text).toContain('To merge: react :white_check_mark: here or press Approve. Commit `abc1234`.');
  });

  test('what somebody removed is said again, except progress', async () => {
    const slack = await on.bench.slack();
    const store = await on.bench.store();
    await on.bench.deliver(slack, store);
    const plan = everything['plan running'] ?? queued;
    await store.outbox.add([row('root', queued), row('plan-1', plan), row('gate', result({ type: 'open' }))]);
    await until(slack, () => texts(slack).length === 3);
    await settled(store.outbox);
    const [rootMessage, ...others] = botMessages(slack);
    for (const { ts: at } of others) slack.store.removeMessage(dev, at);
    await store.outbox.add([
      row('plan-1', everything['plan failed'] ?? queued),
      row('gate', result({ type: 'merged', by: grace })),
    ]);
    await until(slack, () => texts(slack).some((text) => text.startsWith('Merged')));
    await settled(store.outbox);
    expect(botMessages(slack).map(({ text, thread_ts }) => [text.split(' ')[0], thread_ts])).toEqual([
      ['Queued', undefined],
      ['Merged', rootMessage?.ts],
    ]);
  });

  test('a token that Slack revoked ends delivery with a clear problem, and loses nothing', async () => {
    const slack = await on.bench.slack();
    const store = await on.bench.store();
    slack.faults.add({
      on: 'call',
      method: 'chat.postMessage',
      times: 1,
      effect: { type: 'error', error: 'token_revoked' },
    });
    await store.outbox.add([row('root', queued)]);
    const { ended } = await on.bench.deliver(slack, store);
    await expect(ended).rejects.toMatchObject({
      failure: { sentence: "Slack no longer takes Errand's bot token: it answered token_revoked." },
    });
    await on.bench.deliver(slack, store);
    await until(slack, () => texts(slack).length === 1);
  });

  test('an archived channel is given up', async () => {
    const slack = await on.bench.slack();
    const store = await on.bench.store();
    await store.outbox.add([row('root', queued, { channel: seed.archived })]);
    await on.bench.deliver(slack, store);
    await on.bench.logged.lines.find(({ message }) => message === 'Slack refuses a message, which is dropped');
    await settled(store.outbox);
    expect(texts(slack, seed.archived)).toEqual([]);
  });

  test('what a task came to reaches its requester though the channel was archived', async () => {
    const slack = await on.bench.slack();
    const store = await on.bench.store();
    const thread: Thread = { type: 'reply', to: ts('1700000000.000100') };
    const task = { ...line, requester: ada };
    const stopped = { type: 'stopped', by: ada, kept: [] } as const;
    const said: Said = { type: 'ending', task, run: 1, outcome: stopped, retryable: false };
    await store.outbox.add([
      row('root', queued, { thread, channel: seed.archived }),
      row('ending-1', said, { thread, channel: seed.archived }),
    ]);
    await on.bench.deliver(slack, store);
    await settled(store.outbox);
    const direct = texts(slack, seed.adaDirect);
    expect(direct).toEqual([
      expect.stringMatching(/^Task t4k2m9x is accepted, but/),
      expect.stringMatching(/no more messages where task t4k2m9x was asked for[\s\S]*Stopped by/),
    ]);
  });
});

describe('a channel without the bot', () => {
  test('is joined where it is public', async () => {
    const slack = await on.bench.slack();
    const store = await on.bench.store();
    await store.outbox.add([row('root', queued, { channel: seed.random })]);
    await on.bench.deliver(slack, store);
    await until(slack, () => texts(slack, seed.random).length === 1);
  });

  test('is asked for an invitation where it is private, once, and gets everything after it', async () => {
    const slack = await on.bench.slack();
    const store = await on.bench.store();
    const task = { ...line, requester: grace };
    await store.outbox.add([row('root', root({ task }), { channel: seed.secret })]);
    const first = await on.bench.deliver(slack, store);
    const told = await until(slack, () => botMessages(slack, seed.graceDirect)[0]);
    expect(told.text).toContain('I am not in the channel where you asked for it');
    expect(told.text).toContain('Your text: Fix flaky checkout test.');
    await first.stop();
    const secret = slack.store.channel(seed.secret);
    if (secret === undefined) throw new Error('no such channel');
    slack.store.join(secret, seed.bot);
    await on.bench.deliver(slack, store);
    await until(slack, () => texts(slack, seed.secret).length === 1);
    expect(texts(slack, seed.graceDirect)).toHaveLength(1);
  });
});

describe('to one person', () => {
  const whisper = (responseUrl: string | null, where: string = dev): OutboxRow => ({
    lane: `answer:${responseUrl ?? 'none'}`,
    key: 'answer',
    effect: {
      type: 'ephemeral',
      channel: channel(where),
      thread: null,
      user: ada,
      said: note('Only you see this.'),
      responseUrl,
    },
  });

  test('an answer shows beside them', async () => {
    const slack = await on.bench.slack();
    const store = await on.bench.store();
    await store.outbox.add([whisper(null)]);
    await on.bench.deliver(slack, store);
    const shown = await until(slack, () => slack.store.ephemerals[0]);
    expect(shown).toMatchObject({ user: ada, channel: dev, text: 'Only you see this.' });
    await settled(store.outbox);
  });

  test('an answer whose address is used up takes the other way', async () => {
    const slack = await on.bench.slack();
    const store = await on.bench.store();
    await store.outbox.add([whisper(`${slack.url}/commands/T/1/unknown`)]);
    await on.bench.deliver(slack, store);
    expect(await until(slack, () => slack.store.ephemerals[0])).toMatchObject({
      user: ada,
      text: 'Only you see this.',
    });
  });

  test('an answer from where the bot is not comes as a direct message', async () => {
    const slack = await on.bench.slack();
    const store = await on.bench.store();
    await store.outbox.add([whisper(null, seed.random)]);
    await on.bench.deliver(slack, store);
    await until(slack, () => texts(slack, seed.adaDirect)[0] === 'Only you see this.');
  });
});

test('a reaction is put and taken off, whatever stands there already', async () => {
  const slack = await on.bench.slack();
  const store = await on.bench.store();
  const { client } = await on.bench.connect(slack);
  const message = slack.people.message({ user: ada, channel: dev, text: 'also the docs' });
  await client.reactions.add({ channel: dev, timestamp: message.ts, name: 'hammer_and_wrench' });
  const reaction = (present: boolean): OutboxRow => ({
    lane,
    key: 'taken',
    effect: { type: 'reaction', channel: dev, ts: ts(message.ts), name: 'hammer_and_wrench', present },
  });
  await store.outbox.add([reaction(true)]);
  await on.bench.deliver(slack, store);
  await settled(store.outbox);
  const names = () => slack.store.message(dev, message.ts)?.reactions.map(({ name }) => name);
  expect(names()).toEqual(['hammer_and_wrench']);
  await store.outbox.add([reaction(false)]);
  await until(slack, () => names()?.length === 0);
  expect(on.bench.logged.lines.items.filter(({ level }) => level === 'error')).toEqual([]);
});

describe('the session of a task', () => {
  const session = (status: SessionStatus): OutboxRow => ({
    lane,
    key: 'session',
    effect: {
      type: 'session',
      channel: channel(dev),
      thread: own,
      status,
      title: line.title,
      initiator: ada,
      beat: 0,
    },
  });
  const set = (slack: LocalSlack) =>
    slack.store.ledger.filter(({ method }) => method === 'agents.sessions.setStatus').map(({ args }) => args);
  const refusals = () =>
    on.bench.logged.lines.items.filter(({ message }) => message.startsWith('Slack has no agents.sessions.setStatus'));

  test('is set in the thread of its root, with who asked and what for', async () => {
    const slack = await on.bench.slack({ agentSessions: true });
    const store = await on.bench.store();
    await store.outbox.add([row('root', queued), session('processing')]);
    await on.bench.deliver(slack, store);
    await settled(store.outbox);
    expect(set(slack)).toEqual([
      {
        channel_id: dev,
        thread_ts: botMessages(slack)[0]?.ts,
        status: 'processing',
        title: line.title,
        initiator_user_id: ada,
      },
    ]);
  });

  test('is asked for once where the workspace has none, and stands in nobody’s way', async () => {
    const slack = await on.bench.slack({ agentSessions: false });
    const store = await on.bench.store();
    let asked = 0;
    const { client } = await on.bench.connect(slack);
    const { sessions } = client.agents;
    const setStatus = sessions.setStatus.bind(sessions);
    Object.assign(sessions, {
      setStatus: (...args: Parameters<typeof setStatus>) => {
        asked += 1;
        return setStatus(...args);
      },
    });
    await on.bench.deliver(slack, store, { client });
    for (const status of ['processing', 'suspended', 'closed'] as const) {
      await store.outbox.add([row('root', queued), session(status), row(status, note(status))]);
      await settled(store.outbox);
    }
    expect(texts(slack)).toHaveLength(4);
    expect(asked).toBe(1);
    expect(refusals().map(({ level }) => level)).toEqual(['info']);
  });

  test('waits while Slack wants a pause, and then shows the newest', async () => {
    const slack = await on.bench.slack({ agentSessions: true });
    const store = await on.bench.store();
    slack.faults.add({
      on: 'call',
      method: 'agents.sessions.setStatus',
      times: 1,
      effect: { type: 'rate_limited', retryAfterS: 1 },
    });
    await store.outbox.add([row('root', queued), session('processing')]);
    await on.bench.deliver(slack, store);
    await until(slack, () => texts(slack).length === 1);
    await store.outbox.add([session('suspended'), row('a', note('meanwhile'))]);
    await until(slack, () => texts(slack).length === 2);
    await settled(store.outbox);
    expect(set(slack).map(({ status }) => status)).toEqual(['suspended']);
  });
});
