import { createServer, type IncomingHttpHeaders } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import type { Fault } from '../../src/local/slack/faults.ts';
import { sign } from '../../src/local/slack/http-delivery.ts';
import { seed } from '../../src/local/slack/workspace.ts';
import { atEnd, bolt, client, endAll, inbox, secrets, start } from './local-slack-harness.ts';

afterEach(endAll);

const onPost = (effect: Extract<Fault, { on: 'call' }>['effect']): Fault => ({
  on: 'call',
  method: 'chat.postMessage',
  times: 1,
  effect,
});

describe('a call', () => {
  test.each([
    ['an error of our choice', onPost({ type: 'error', error: 'fatal_error' }), { data: { error: 'fatal_error' } }],
    ['a status', onPost({ type: 'status', status: 503 }), { statusCode: 503 }],
    ['a rate limit', onPost({ type: 'rate_limited', retryAfterS: 7 }), { retryAfter: 7 }],
  ])('can meet %s, once, and leaves nothing behind', async (_name, fault, error) => {
    const slack = await start({ faults: [fault] });
    const post = () => client(slack).chat.postMessage({ channel: seed.dev, text: 'x' });
    await expect(post()).rejects.toMatchObject(error);
    expect(slack.store.messages(seed.dev)).toEqual([]);
    await post();
    expect(slack.store.ledger).toHaveLength(1);
  });

  test('can hang until the caller gives up', async () => {
    const slack = await start({ faults: [onPost({ type: 'hang' })] });
    const call = fetch(`${slack.apiUrl}chat.postMessage`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secrets.botToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ channel: seed.dev, text: 'x' }),
      signal: AbortSignal.timeout(200),
    });
    await expect(call).rejects.toThrow(/timeout/);
    expect(slack.store.messages(seed.dev)).toEqual([]);
  });

  test.each([
    ['without a token', {}, 'not_authed'],
    ['with an unknown token', { authorization: 'Bearer xoxb-other' }, 'invalid_auth'],
    [
      'with the app token where the bot token belongs',
      { authorization: `Bearer ${secrets.appToken}` },
      'not_allowed_token_type',
    ],
  ])('%s is refused', async (_name, headers, error) => {
    const slack = await start();
    const answer = await fetch(`${slack.apiUrl}auth.test`, { method: 'POST', headers });
    expect(await answer.json()).toMatchObject({ ok: false, error });
  });

  test('of an unknown method says so with status 200', async () => {
    const slack = await start();
    await expect(client(slack).apiCall('chat.shout')).rejects.toMatchObject({ data: { error: 'unknown_method' } });
  });
});

describe('membership', () => {
  test.each([
    ['a public channel that the bot is not in', seed.random, 'not_in_channel'],
    ['a private channel that the bot cannot see', seed.secret, 'channel_not_found'],
    ['an archived channel', seed.archived, 'is_archived'],
  ])('posting to %s is refused as Slack does', async (_name, channel, error) => {
    const slack = await start();
    await expect(client(slack).chat.postMessage({ channel, text: 'x' })).rejects.toMatchObject({ data: { error } });
  });

  test('an ephemeral reaches nobody outside the channel', async () => {
    const slack = await start();
    slack.store.leave(slack.store.channel(seed.dev) ?? expect.fail(), seed.max);
    const call = client(slack).chat.postEphemeral({ channel: seed.dev, user: seed.max, text: 'x' });
    await expect(call).rejects.toMatchObject({ data: { error: 'user_not_in_channel' } });
  });

  test('a public channel can be joined, and then posted to', async () => {
    const slack = await start();
    await client(slack).conversations.join({ channel: seed.random });
    await client(slack).chat.postMessage({ channel: seed.random, text: 'x' });
  });

  test('events of a channel that the bot left do not reach it', async () => {
    const slack = await start();
    slack.people.message({ user: seed.ada, channel: seed.random, text: '@Errand hello' });
    expect(slack.outbound.records).toEqual([]);
    expect(slack.store.ephemerals).toMatchObject([{ user: seed.ada, from: 'slackbot' }]);
  });
});

describe('messages', () => {
  test('an update over 4,000 characters is refused, and one without blocks takes them away', async () => {
    const slack = await start();
    const web = client(slack);
    const blocks = [{ type: 'divider' as const }];
    const { ts = '' } = await web.chat.postMessage({ channel: seed.dev, text: 'x', blocks });
    const long = web.chat.update({ channel: seed.dev, ts, text: 'x'.repeat(4001) });
    await expect(long).rejects.toMatchObject({ data: { error: 'msg_too_long' } });
    await web.chat.update({ channel: seed.dev, ts, text: 'y', blocks });
    expect(slack.store.message(seed.dev, ts)?.edited).toBeUndefined();
    await web.chat.update({ channel: seed.dev, ts, text: 'z' });
    expect(slack.store.message(seed.dev, ts)).toMatchObject({ text: 'z', edited: { user: seed.bot } });
    expect(slack.store.message(seed.dev, ts)?.blocks).toBeUndefined();
  });

  test('metadata is kept over an update and shown only to who asks for it', async () => {
    const slack = await start();
    const web = client(slack);
    const metadata = { event_type: 'task', event_payload: { key: 'root' } };
    const { ts = '' } = await web.chat.postMessage({ channel: seed.dev, text: 'x', metadata });
    await web.chat.update({ channel: seed.dev, ts, text: 'y' });
    const replies = async (include_all_metadata: boolean) =>
      (await web.conversations.replies({ channel: seed.dev, ts, include_all_metadata })).messages?.[0];
    expect(await replies(true)).toMatchObject({ text: 'y', metadata });
    expect(await replies(false)).not.toHaveProperty('metadata');
  });

  test("a reply's own ts is no thread", async () => {
    const slack = await start();
    const web = client(slack);
    const { ts: root = '' } = await web.chat.postMessage({ channel: seed.dev, text: 'x' });
    const { ts: reply = '' } = await web.chat.postMessage({ channel: seed.dev, text: 'x', thread_ts: root });
    const orphan = web.chat.postMessage({ channel: seed.dev, text: 'x', thread_ts: reply });
    await expect(orphan).rejects.toMatchObject({ data: { error: 'thread_not_found' } });
  });

  test('a root with replies that is deleted leaves a tombstone', async () => {
    const slack = await start();
    const web = client(slack);
    const { ts = '' } = await web.chat.postMessage({ channel: seed.dev, text: 'x' });
    await web.chat.postMessage({ channel: seed.dev, text: 'y', thread_ts: ts });
    await web.chat.delete({ channel: seed.dev, ts });
    expect(slack.store.message(seed.dev, ts)).toMatchObject({ subtype: 'tombstone' });
  });

  test('bad blocks are refused with the place of the fault', async () => {
    const slack = await start();
    const blocks = [{ type: 'header' as const, text: { type: 'plain_text' as const, text: 'x'.repeat(151) } }];
    await expect(client(slack).chat.postMessage({ channel: seed.dev, text: 'x', blocks })).rejects.toMatchObject({
      data: {
        error: 'invalid_blocks',
        response_metadata: {
          messages: ['[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]'],
        },
      },
    });
  });
});

describe('a response_url', () => {
  test('answers five times and then never again', async () => {
    const slack = await start();
    const urls = inbox<string>();
    await bolt(slack, (app) =>
      app.command('/agent', async ({ ack, command }) => {
        await ack();
        urls.push(command.response_url);
      }),
    );
    await slack.people.command({ user: seed.ada, channel: seed.random, command: '/agent', text: 'x' });
    const url = await urls.at(0);
    const answer = () =>
      fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ text: 'hi' }),
      });
    for (let use = 0; use < 5; use += 1) expect((await answer()).status).toBe(200);
    expect(await (await answer()).json()).toMatchObject({ error: 'used_url' });
    // It needs no membership, and only its person sees the answer.
    expect(slack.store.ephemerals.map((each) => each.user)).toEqual(Array(5).fill(seed.ada));
  });
});

describe('delivery', () => {
  test('over HTTP an event that fails comes again, signed, with its number and reason', async () => {
    const got = inbox<{ headers: IncomingHttpHeaders; body: string }>();
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      response.writeHead(got.items.length === 0 ? 500 : 200).end();
      got.push({ headers: request.headers, body: Buffer.concat(chunks).toString('utf8') });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    atEnd(() => new Promise((resolve) => server.close(resolve)));
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/slack/events`;
    const slack = await start({ deliver: { type: 'http', url }, retryDelaysMs: [0, 0] });
    slack.people.message({ user: seed.ada, channel: seed.dev, text: 'hello' });
    const first = await got.at(0);
    const second = await got.at(1);
    expect(first.headers).not.toHaveProperty('x-slack-retry-num');
    expect(second.headers).toMatchObject({ 'x-slack-retry-num': '1', 'x-slack-retry-reason': 'http_error' });
    expect(second.body).toBe(first.body);
    const timestamp = String(second.headers['x-slack-request-timestamp']);
    expect(second.headers['x-slack-signature']).toBe(sign(secrets.signingSecret, timestamp, second.body));
    await slack.outbound.idle();
    expect(got.items).toHaveLength(2);
  });

  test('over two connections payloads take turns', async () => {
    const slack = await start();
    const got: string[] = [];
    const done = inbox<string>();
    for (const name of ['one', 'two']) {
      await bolt(slack, (app) =>
        app.message(async () => {
          got.push(name);
          done.push(name);
        }),
      );
    }
    for (let count = 0; count < 4; count += 1)
      slack.people.message({ user: seed.ada, channel: seed.dev, text: `${count}` });
    await done.at(3);
    expect(got.toSorted()).toEqual(['one', 'one', 'two', 'two']);
  });

  test('a connection that is told to refresh comes again', async () => {
    const slack = await start();
    const got = inbox<string>();
    await bolt(slack, (app) => app.message(async ({ message }) => got.push(message.ts)));
    const counts = inbox<number>();
    slack.store.subscribe((change) => change.type === 'connections' && counts.push(change.count));
    slack.socket?.disconnect('refresh_requested');
    expect([await counts.at(0), await counts.at(1)]).toEqual([0, 1]);
    const { ts } = slack.people.message({ user: seed.ada, channel: seed.dev, text: 'hello' });
    expect(await got.at(0)).toBe(ts);
  });

  test('what was delivered can be delivered again, as a retry of the same event', async () => {
    const slack = await start();
    const got = inbox<{ id: string; retry: number | undefined }>();
    await bolt(slack, (app) =>
      app.message(async ({ body, context }) => got.push({ id: body.event_id, retry: context.retryNum })),
    );
    slack.people.message({ user: seed.ada, channel: seed.dev, text: 'hello' });
    const { id } = await got.at(0);
    expect(slack.outbound.redeliver(id)).toBe(true);
    expect(await got.at(1)).toEqual({ id, retry: 1 });
    expect(slack.outbound.redeliver('Ev0')).toBe(false);
  });

  test('a trigger that is three seconds old opens nothing', async () => {
    let now = 1_800_000_000_000;
    const slack = await start({ clock: { now: () => now } });
    const triggers = inbox<string>();
    await bolt(slack, (app) =>
      app.command('/agent', async ({ ack, command }) => {
        await ack();
        triggers.push(command.trigger_id);
      }),
    );
    await slack.people.command({ user: seed.ada, channel: seed.dev, command: '/agent', text: '' });
    const trigger_id = await triggers.at(0);
    now += 3_001;
    const view = { type: 'modal' as const, title: { type: 'plain_text' as const, text: 'x' }, blocks: [] };
    await expect(client(slack).views.open({ trigger_id, view })).rejects.toMatchObject({
      data: { error: 'expired_trigger_id' },
    });
  });
});
