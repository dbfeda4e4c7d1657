import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Inbox } from '../../src/task/ports/inbox.ts';
import { Problem } from '../../src/task/problem.ts';
import type { UseCases } from '../../src/task/use-cases.ts';
import { wording } from '../slack/said.ts';
import {
  type Act,
  ada,
  botMessages,
  dev,
  freePort,
  grace,
  recordActs,
  secrets,
  seed,
  until,
  useBench,
} from './slack-harness.ts';

const on = useBench();

const say = (sentence: string) =>
  ({ type: 'say', said: { type: 'sentence', sentence, next: null, kept: null } }) as const;
const down = new Problem({ code: 'redis_down', sentence: 'The store does not answer.', next: '' }, { retry: true });
const downInbox: Inbox = {
  put: () => Promise.reject(down),
  settle: () => Promise.reject(down),
  unsettled: async () => [],
};

async function start(mode: 'socket' | 'http', useCases = recordActs()) {
  const port = await freePort();
  const slack = await on.bench.slack(
    mode === 'http' ? { deliver: { type: 'http', url: `http://127.0.0.1:${port}/slack/events` } } : {},
  );
  const store = await on.bench.store();
  const app = await on.bench.app(slack, store, useCases.useCases, {
    ...(mode === 'http' ? { mode: { type: 'http', signingSecret: secrets.signingSecret, port } } : {}),
  });
  return { slack, store, app, port, acts: useCases.acts };
}

const names = (acts: readonly Act[]) => acts.map(({ name }) => name);

describe.each(['socket', 'http'] as const)('over %s', (mode) => {
  test('a command becomes one request with its keys read and its text decoded', async () => {
    const { slack, acts } = await start(mode);
    const text = 'repo:acme/web fix <b> & the "flaky" test';
    const { error } = await slack.people.command({ user: ada, channel: dev, command: '/agent', text });
    expect(error).toBeNull();
    expect((await acts.at(0)).args[0]).toMatchObject({
      by: ada,
      channel: dev,
      thread: null,
      origin: 'command',
      message: null,
      draft: { values: { repo: 'acme/web' }, goal: 'fix <b> & the "flaky" test' },
    });
    expect(slack.store.ephemerals).toEqual([]);
  });

  test('an answer that is there at once comes with the ack, for the person alone', async () => {
    const { slack } = await start(mode, recordActs({ submit: async () => say('You may not.') }));
    await slack.people.command({ user: ada, channel: dev, command: '/agent', text: 'fix it' });
    expect(slack.store.ephemerals).toMatchObject([{ user: ada, channel: dev, text: 'You may not.' }]);
  });

  test('a value that can’t be comes along unread, for the refusal to give it back', async () => {
    const { slack, acts } = await start(mode);
    await slack.people.command({ user: ada, channel: dev, command: '/agent', text: 'repo:web fix it' });
    expect((await acts.at(0)).args[0]).toMatchObject({ draft: { values: { repo: 'web' }, goal: 'fix it' } });
  });

  test('a mention, which Slack sends twice, starts one task', async () => {
    const { slack, acts } = await start(mode);
    const message = slack.people.message({ user: ada, channel: dev, text: '@Errand fix the flaky test' });
    await acts.at(0);
    await slack.outbound.idle();
    expect(slack.outbound.records.map(({ acked }) => acked)).toEqual([true, true]);
    expect(acts.items).toMatchObject([
      {
        name: 'submit',
        args: [{ origin: 'mention', message: message.ts, thread: null, draft: { goal: 'fix the flaky test' } }],
      },
    ]);
  });

  test('what is delivered again changes nothing', async () => {
    const { slack, acts } = await start(mode);
    slack.people.message({ user: ada, channel: dev, text: '@Errand fix it' });
    await acts.at(0);
    await slack.outbound.idle();
    for (const { id } of slack.outbound.records) slack.outbound.redeliver(id);
    await slack.outbound.idle();
    expect(names(acts.items)).toEqual(['submit']);
  });

  test('an event that the store did not take is left to Slack to send again', async () => {
    const port = await freePort();
    const slack = await on.bench.slack(
      mode === 'http' ? { deliver: { type: 'http', url: `http://127.0.0.1:${port}/slack/events` } } : {},
    );
    const store = await on.bench.store();
    let failing = 2;
    const inbox: Inbox = {
      ...store.inbox,
      put: (...args) => (failing-- > 0 ? Promise.reject(down) : store.inbox.put(...args)),
    };
    const { acts, useCases } = recordActs();
    await on.bench.app(slack, { ...store, inbox }, useCases, {
      ...(mode === 'http' ? { mode: { type: 'http', signingSecret: secrets.signingSecret, port } } : {}),
    });
    slack.people.message({ user: ada, channel: dev, text: '@Errand fix it' });
    await acts.at(0);
    expect(names(acts.items)).toEqual(['submit']);
  });

  test('a command that the store did not take is answered at once, with the text given back', async () => {
    const port = await freePort();
    const slack = await on.bench.slack(
      mode === 'http' ? { deliver: { type: 'http', url: `http://127.0.0.1:${port}/slack/events` } } : {},
    );
    const store = await on.bench.store();
    const { acts, useCases } = recordActs();
    await on.bench.app(slack, { ...store, inbox: downInbox }, useCases, {
      ...(mode === 'http' ? { mode: { type: 'http', signingSecret: secrets.signingSecret, port } } : {}),
    });
    const { error } = await slack.people.command({ user: ada, channel: dev, command: '/agent', text: 'fix it' });
    expect(error).toBeNull();
    expect(slack.store.ephemerals[0]?.text).toBe(
      "Errand can't reach its store, so nothing was done. Try again in a minute; whoever runs Errand finds the reason in its log.\nYour text: /agent fix it",
    );
    expect(acts.items).toEqual([]);
  });
});

describe('over http', () => {
  /** A command as Slack would send it, but for what `more` says. */
  async function post(port: number, more: { body?: string; signed?: string; ageS?: number; headers?: object } = {}) {
    const fields = { team_id: seed.team, command: '/agent', text: 'fix it', user_id: ada, channel_id: dev };
    const body = new URLSearchParams({
      ...fields,
      trigger_id: 'one.act',
      response_url: 'https://127.0.0.1:9/',
    }).toString();
    const at = String(Math.floor(Date.now() / 1000) - (more.ageS ?? 0));
    const signed = createHmac('sha256', secrets.signingSecret).update(`v0:${at}:${more.signed ?? more.body ?? body}`);
    const answer = await fetch(`http://127.0.0.1:${port}/slack/events`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-slack-request-timestamp': at,
        'x-slack-signature': `v0=${signed.digest('hex')}`,
        ...more.headers,
      },
      body: more.body ?? body,
    });
    return { status: answer.status, body };
  }

  test('one signed body is one act, sent twice or marked as sent again', async () => {
    const { port, acts } = await start('http');
    expect((await post(port)).status).toBe(200);
    expect((await post(port)).status).toBe(200);
    expect(
      (await post(port, { headers: { 'x-slack-retry-num': '1', 'x-slack-retry-reason': 'http_timeout' } })).status,
    ).toBe(200);
    expect(names(acts.items)).toEqual(['submit']);
  });

  test('what is older than five minutes, or was changed on its way, or has no signature is no act', async () => {
    const { port, acts } = await start('http');
    const { body } = await post(port, { ageS: 301 });
    const changed = body.replace('fix', 'break');
    const unsigned = { 'x-slack-signature': 'v0=' };
    const answers = [
      await post(port, { ageS: 301 }),
      await post(port, { body: changed, signed: body }),
      await post(port, { headers: unsigned }),
      await post(port, { body: `${body}&ssl_check=1`, headers: unsigned }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 200]);
    expect(acts.items).toEqual([]);
  });

  test('what another workspace sent is no act, whoever signed it', async () => {
    const { port, acts } = await start('http');
    const body = new URLSearchParams({
      ...{ team_id: 'T0PARTNERS', command: '/agent', text: 'fix it', user_id: ada, channel_id: dev },
      ...{ trigger_id: 'two.acts', response_url: 'https://127.0.0.1:9/' },
    }).toString();
    expect((await post(port, { body })).status).toBe(200);
    expect(acts.items).toEqual([]);
  });

  test('only what Slack signed is let in, and /healthz answers whoever watches', async () => {
    const { port, acts } = await start('http');
    const body = JSON.stringify({ type: 'url_verification', challenge: 'c' });
    const now = String(Math.floor(Date.now() / 1000));
    const signed = (key: string) => `v0=${createHmac('sha256', key).update(`v0:${now}:${body}`).digest('hex')}`;
    const send = (signature: string) =>
      fetch(`http://127.0.0.1:${port}/slack/events`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-slack-request-timestamp': now,
          'x-slack-signature': signature,
        },
        body,
      });
    expect((await send(signed('another secret'))).status).toBe(401);
    expect(await (await send(signed(secrets.signingSecret))).json()).toEqual({ challenge: 'c' });
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
    expect(acts.items).toEqual([]);
  });
});

describe('over socket', () => {
  /** Settles once so many connections were made after the first. */
  async function connected(times: number): Promise<void> {
    const { lines } = on.bench.logged;
    const said = () => lines.items.filter(({ message }) => message === 'Connected to Slack over Socket Mode');
    while (said().length < times) await lines.change();
  }

  test('a routine refresh and a cut connection are followed by a new one', async () => {
    const { slack, acts } = await start('socket');
    for (const [index, how] of (['refresh_requested', 'cut'] as const).entries()) {
      await connected(1 + 2 * index);
      slack.socket?.disconnect(how);
      await connected(3 + 2 * index);
      await slack.people.command({ user: ada, channel: dev, command: '/agent', text: `fix ${how}` });
      await acts.at(index);
    }
    expect(names(acts.items)).toEqual(['submit', 'submit']);
  });

  test('while one connection is refreshed, the other takes what comes', async () => {
    const { slack, acts } = await start('socket');
    await connected(1);
    slack.faults.add({ on: 'call', method: 'apps.connections.open', times: 1e6, effect: { type: 'hang' } });
    slack.socket?.disconnect('refresh_requested', 1);
    await until(slack, () => slack.socket?.connections === 1);
    const { error } = await slack.people.command({ user: ada, channel: dev, command: '/agent', text: 'fix it' });
    expect(error).toBeNull();
    await acts.at(0);
  });

  test('a connection comes back after Slack refused several attempts', async () => {
    const { slack, acts } = await start('socket');
    await connected(1);
    slack.faults.add({
      on: 'call',
      method: 'apps.connections.open',
      times: 3,
      effect: { type: 'status', status: 503 },
    });
    slack.socket?.disconnect('cut');
    await connected(2);
    await slack.people.command({ user: ada, channel: dev, command: '/agent', text: 'fix it' });
    await acts.at(0);
  });

  test('a refused app token is a clear problem', async () => {
    const slack = await on.bench.slack();
    const store = await on.bench.store();
    const starting = on.bench.app(slack, store, recordActs().useCases, { mode: { type: 'socket', appToken: 'wrong' } });
    await expect(starting).rejects.toMatchObject({
      failure: { sentence: 'Errand could not sign in to Slack with SLACK_APP_TOKEN: Slack answered invalid_auth.' },
    });
  });
});

describe('what people do', () => {
  test('a slow answer to a command comes later, through the response address', async () => {
    const answer = Promise.withResolvers<ReturnType<typeof say>>();
    const { slack, store } = await start('socket', recordActs({ submit: () => answer.promise }));
    await on.bench.deliver(slack, store);
    await slack.people.command({ user: ada, channel: seed.random, command: '/agent', text: 'fix it' });
    expect(slack.store.ephemerals).toEqual([]);
    answer.resolve(say('No repository is known here.'));
    const shown = await until(slack, () => slack.store.ephemerals[0]);
    expect(shown).toMatchObject({ user: ada, channel: seed.random, text: 'No repository is known here.' });
  });

  test('a reply in a thread is handed on as a reply, thanks as chatter, and what bots and editors write not at all', async () => {
    const { slack, acts } = await start('socket', recordActs({ reply: async () => ({ type: 'no_task' }) }));
    const root = slack.people.message({ user: ada, channel: dev, text: 'hello all' });
    const in_ = (user: string, text: string) => slack.people.message({ user, channel: dev, thread_ts: root.ts, text });
    const first = in_(grace, 'also fix the docs');
    in_(ada, 'thanks :tada:');
    in_(ada, '@Grace Lin what do you think?');
    slack.people.edit({ user: grace, channel: dev, ts: first.ts, text: 'also fix the documentation' });
    const connection = await on.bench.connect(slack);
    await connection.client.chat.postMessage({ channel: dev, thread_ts: root.ts, text: 'from a bot' });
    await acts.at(2);
    await slack.outbound.idle();
    expect(acts.items.map(({ name, args: [asked] }) => [name, asked])).toMatchObject([
      ['reply', { by: grace, thread: root.ts, message: first.ts, text: 'also fix the docs', chatter: false }],
      ['reply', { by: ada, chatter: true }],
      ['reply', { by: ada, chatter: true }],
    ]);
  });

  test.each([
    ['@Errand stop', 'stop'],
    ['@Errand retry', 'retry'],
    ['@Errand: status', 'status'],
  ] as const)('%s in a thread means the task of the thread', async (text, name) => {
    const { slack, acts } = await start('socket');
    const root = slack.people.message({ user: ada, channel: dev, text: 'hello all' });
    slack.people.message({ user: ada, channel: dev, thread_ts: root.ts, text });
    expect(await acts.at(0)).toMatchObject({
      name,
      args: [
        { by: ada, thread: root.ts },
        { type: 'message', channel: dev, ts: root.ts },
      ],
    });
  });

  test('what is attached comes along, in a mention and in a reply', async () => {
    const { slack, acts } = await start('socket');
    const bytes = new TextEncoder().encode('at line 3');
    const upload = async () => (await slack.people.upload({ user: ada, name: 'error.log', bytes })).id;
    const first = await upload();
    const root = slack.people.message({ user: ada, channel: dev, text: '@Errand fix it', files: [first] });
    const second = await upload();
    slack.people.message({ user: ada, channel: dev, thread_ts: root.ts, text: 'and this', files: [second] });
    await acts.at(1);
    expect(acts.items).toMatchObject([
      { name: 'submit', args: [{ draft: { goal: 'fix it' }, files: [{ id: first, name: 'error.log', bytes: 9 }] }] },
      { name: 'reply', args: [{ text: 'and this', files: [{ id: second }] }] },
    ]);
  });

  test('a file without a word is asked about', async () => {
    const { slack, acts, store } = await start('socket');
    await on.bench.deliver(slack, store);
    const { id } = await slack.people.upload({ user: ada, name: 'shot.png', bytes: new Uint8Array([1]) });
    slack.people.message({ user: ada, channel: dev, text: '@Errand', files: [id] });
    const shown = await until(slack, () => slack.store.ephemerals[0]);
    expect(shown.text).toContain('There is a file here, but nothing to do with it.');
    expect(acts.items).toEqual([]);
  });

  test('a mention in a thread that is no task’s starts one there', async () => {
    const { slack, acts } = await start('socket', recordActs({ reply: async () => ({ type: 'no_task' }) }));
    const root = slack.people.message({ user: grace, channel: dev, text: 'the test is flaky' });
    const ask = slack.people.message({ user: ada, channel: dev, thread_ts: root.ts, text: '@Errand fix that' });
    await acts.at(1);
    expect(acts.items).toMatchObject([
      { name: 'reply' },
      { name: 'submit', args: [{ thread: root.ts, message: ask.ts, draft: { goal: 'fix that' } }] },
    ]);
  });

  test('a direct message needs no mention', async () => {
    const { slack, acts } = await start('socket');
    slack.people.message({ user: ada, channel: seed.adaDirect, text: 'repo:acme/web fix it' });
    expect(await acts.at(0)).toMatchObject({
      name: 'submit',
      args: [{ origin: 'message', draft: { values: { repo: 'acme/web' }, goal: 'fix it' } }],
    });
  });

  test('emoji on the bot’s message approve, take back, stop and retry; skin tones and other emoji don’t matter', async () => {
    const { slack, acts } = await start('socket');
    const connection = await on.bench.connect(slack);
    const { ts = '' } = await connection.client.chat.postMessage({ channel: dev, text: 'a gate' });
    const react = (name: string, present = true) =>
      slack.people.reaction({ user: grace, channel: dev, ts, name, present });
    react('white_check_mark');
    await acts.at(0);
    react('white_check_mark', false);
    await acts.at(1);
    react('octagonal_sign');
    await acts.at(2);
    react('repeat');
    await acts.at(3);
    react('tada');
    react('octagonal_sign', false);
    await slack.outbound.idle();
    expect(names(acts.items)).toEqual(['approve', 'unapprove', 'stop', 'retry']);
    expect(acts.items[0]?.args[0]).toMatchObject({ by: grace, channel: dev, message: ts, via: 'reaction' });
  });

  test('a check mark on somebody else’s message is nobody’s business', async () => {
    const { slack, acts } = await start('socket');
    const message = slack.people.message({ user: ada, channel: dev, text: 'lunch?' });
    slack.people.reaction({ user: grace, channel: dev, ts: message.ts, name: 'white_check_mark', present: true });
    slack.people.reaction({ user: grace, channel: dev, ts: message.ts, name: 'octagonal_sign', present: true });
    await acts.at(0);
    await slack.outbound.idle();
    expect(names(acts.items)).toEqual(['stop']);
  });

  test('a refused reaction is answered in the thread, to that person alone', async () => {
    const { slack, store } = await start('socket', recordActs({ approve: async () => say('Only reviewers approve.') }));
    await on.bench.deliver(slack, store);
    const { client } = await on.bench.connect(slack);
    const root = await client.chat.postMessage({ channel: dev, text: 'root' });
    const gate = await client.chat.postMessage({ channel: dev, thread_ts: root.ts ?? '', text: 'gate' });
    slack.people.reaction({ user: grace, channel: dev, ts: gate.ts ?? '', name: 'white_check_mark', present: true });
    const shown = await until(slack, () => slack.store.ephemerals[0]);
    expect(shown).toMatchObject({ user: grace, thread_ts: root.ts, text: 'Only reviewers approve.' });
  });

  test('buttons stop, retry, approve and answer', async () => {
    const { slack, acts } = await start('socket');
    const { client } = await on.bench.connect(slack);
    const button = (action_id: string, value: string) =>
      ({ type: 'button', action_id, value, text: { type: 'plain_text', text: action_id } }) as const;
    const { ts = '' } = await client.chat.postMessage({
      channel: dev,
      text: 'buttons',
      blocks: [
        {
          type: 'actions',
          elements: [
            button('stop', 't4k2m9x'),
            button('retry', 't4k2m9x'),
            button('approve_merge', 't4k2m9x abc'),
            button('answer_1', JSON.stringify({ question: 'q1', answer: 'Fake clock' })),
          ],
        },
      ],
    });
    for (const [index, action_id] of ['stop', 'retry', 'approve_merge', 'answer_1'].entries()) {
      expect(await slack.interactions.action({ user: grace, channel: dev, ts, action_id })).toEqual({ error: null });
      await acts.at(index);
    }
    expect(acts.items).toMatchObject([
      { name: 'stop', args: [{ by: grace }, { type: 'task', task: 't4k2m9x' }] },
      { name: 'retry', args: [{ by: grace }, { type: 'task', task: 't4k2m9x' }] },
      { name: 'approve', args: [{ by: grace, message: ts, via: 'button' }] },
      { name: 'answer', args: [{ by: grace, message: ts, question: 'q1', text: 'Fake clock' }] },
    ]);
  });
});

describe('an act that fails', () => {
  test('is tried again, and once more after a restart, under the same key', async () => {
    const slack = await on.bench.slack();
    const store = await on.bench.store();
    const failing = recordActs({ submit: () => Promise.reject(down) });
    const first = await on.bench.app(slack, store, failing.useCases, { replayEveryMs: 60_000 });
    const { error } = await slack.people.command({ user: ada, channel: dev, command: '/agent', text: 'fix it' });
    expect(error).toBeNull();
    await failing.acts.at(0);
    await first.stop();
    const { acts, useCases } = recordActs();
    await on.bench.app(slack, await on.bench.store(), useCases);
    expect((await acts.at(0)).args[0]).toMatchObject({ draft: { goal: 'fix it' } });
    const asked = [failing.acts.items[0], acts.items[0]].map((act) => act?.args[0]);
    expect(asked[0]).toEqual(asked[1]);
    expect(await store.inbox.unsettled(0)).toEqual([]);
  });

  test('is given up in the end, and the person gets the text back', async () => {
    const slack = await on.bench.slack();
    const store = await on.bench.store();
    const { useCases } = recordActs({ submit: () => Promise.reject(new Error('a defect')) });
    await on.bench.app(slack, store, useCases, { replayEveryMs: 5 });
    await on.bench.deliver(slack, store);
    await slack.people.command({ user: ada, channel: dev, command: '/agent', text: 'fix it' });
    const shown = await until(slack, () => slack.store.ephemerals[0]);
    expect(shown.text).toBe(
      'Errand could not do this: it failed several times. Send it again, or ask whoever runs Errand to look at its log.\nYour text: fix it',
    );
  });

  test('is not given up while something that it needs is away', async () => {
    const slack = await on.bench.slack();
    let away = 12;
    const useCases = recordActs({ submit: () => (away-- > 0 ? Promise.reject(down) : Promise.resolve(say('Done.'))) });
    const store = await on.bench.store();
    await on.bench.app(slack, store, useCases.useCases, { replayEveryMs: 5 });
    await on.bench.deliver(slack, store);
    await slack.people.command({ user: ada, channel: dev, command: '/agent', text: 'fix it' });
    expect((await until(slack, () => slack.store.ephemerals[0])).text).toBe('Done.');
  });

  test('is told of in the channel where it was an emoji on what Errand said', async () => {
    const slack = await on.bench.slack();
    const store = await on.bench.store();
    const { useCases } = recordActs({ approve: () => Promise.reject(new Error('a defect')) });
    await on.bench.app(slack, store, useCases, { replayEveryMs: 5 });
    await on.bench.deliver(slack, store);
    const { client } = await on.bench.connect(slack);
    const { ts = '' } = await client.chat.postMessage({ channel: dev, text: 'a gate' });
    slack.people.reaction({ user: grace, channel: dev, ts, name: 'white_check_mark', present: true });
    const shown = await until(slack, () => slack.store.ephemerals[0]);
    expect(shown).toMatchObject({ user: grace, text: expect.stringContaining('it failed several times') });
  });

  test('is answered once, although its ack was lost', async () => {
    const { slack, store } = await start('socket', recordActs({ submit: async () => say('You may not.') }));
    await on.bench.deliver(slack, store);
    slack.faults.add({ on: 'delivery', kind: 'slash_commands', times: 1, effect: { type: 'drop_ack' } });
    await slack.people.command({ user: ada, channel: dev, command: '/agent', text: 'fix it' });
    expect(await store.inbox.unsettled(0)).toEqual([]);
    expect(botMessages(slack)).toEqual([]);
  });
});

test('help names the command and the emoji of this installation', async () => {
  const slack = await on.bench.slack();
  const own = { ...wording, emoji: { ...wording.emoji, approve: '🚢' } };
  await on.bench.app(slack, await on.bench.store(), recordActs().useCases, { wording: own });
  await slack.people.command({ user: ada, channel: dev, command: '/agent', text: 'help' });
  expect(slack.store.ephemerals[0]?.text).toContain(':ship: on a result');
});

describe('in an agent’s session', () => {
  test('Slack’s own Stop stops the task of its thread', async () => {
    const { slack, acts } = await start('socket');
    const message = slack.people.message({ user: ada, channel: dev, text: 'fix it' });
    const session = { channel: dev, thread_ts: message.ts, title: 'Fix it', initiator: ada, since: Date.now() };
    slack.store.putSession({ ...session, status: 'processing' });
    slack.people.stopSession({ user: grace, channel: dev, thread_ts: message.ts });
    const { name, args } = await acts.at(0);
    expect(name).toBe('stop');
    expect(args).toEqual([
      expect.objectContaining({ by: grace, channel: dev, thread: message.ts }),
      { type: 'message', channel: dev, ts: message.ts },
    ]);
  });
});

describe('while a request is read', () => {
  const answered = (answer: Awaited<ReturnType<UseCases['submit']>>) => {
    const reading = Promise.withResolvers<void>();
    const useCases = recordActs({
      submit: async () => {
        await reading.promise;
        return answer;
      },
    });
    return { useCases, reading };
  };

  test('its thread says so, until there is an answer', async () => {
    const { useCases, reading } = answered(say('Not here.'));
    const { slack } = await start('socket', useCases);
    const message = slack.people.message({ user: ada, channel: seed.adaDirect, text: 'fix it' });
    await useCases.acts.at(0);
    expect(slack.store.statuses).toMatchObject([{ thread_ts: message.ts, status: 'is reading your request…' }]);
    reading.resolve();
    await until(slack, () => slack.store.statuses.length === 0);
  });

  test('a workspace that shows no such thing is asked once', async () => {
    const { useCases, reading } = answered(say('Not here.'));
    reading.resolve();
    const { slack } = await start('socket', useCases);
    const effect = { type: 'error', error: 'feature_disabled' } as const;
    slack.faults.add({ on: 'call', method: 'assistant.threads.setStatus', times: 1, effect });
    for (const n of [0, 1]) {
      slack.people.message({ user: ada, channel: seed.adaDirect, text: `fix it ${n}` });
      await useCases.acts.at(n);
    }
    const off = on.bench.logged.lines.items.filter(({ message }) =>
      message.startsWith('Slack has no assistant.threads'),
    );
    expect(off.map(({ level }) => level)).toEqual(['info']);
    expect(slack.store.ledger.filter(({ method }) => method === 'assistant.threads.setStatus')).toEqual([]);
  });
});
