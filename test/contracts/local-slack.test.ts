import { get } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { App, HTTPReceiver, LogLevel } from '@slack/bolt';
import { afterEach, describe, expect, test } from 'vitest';
import { seed } from '../../src/local/slack/workspace.ts';
import { atEnd, bolt, changes, client, endAll, inbox, secrets, start } from './local-slack-harness.ts';

afterEach(endAll);

describe('Bolt over Socket Mode', () => {
  test('a command reaches its listener with escaped text, and an empty ack shows nothing', async () => {
    const slack = await start();
    const got = inbox<{ text: string; user_id: string; channel_id: string }>();
    await bolt(slack, (app) =>
      app.command('/agent', async ({ ack, command }) => {
        await ack();
        got.push(command);
      }),
    );
    const text = 'fix <b> & ask @Grace Lin in #dev, see https://example.com/a?b=1&c=2';
    const { error } = await slack.people.command({ user: seed.ada, channel: seed.dev, command: '/agent', text });
    expect(error).toBeNull();
    expect(await got.at(0)).toMatchObject({
      user_id: seed.ada,
      channel_id: seed.dev,
      text: `fix &lt;b&gt; &amp; ask <@${seed.grace}|grace> in <#${seed.dev}|dev>, see <https://example.com/a?b=1&amp;c=2>`,
    });
    expect(slack.store.ephemerals).toEqual([]);
  });

  test('the body of a command ack is shown to the one who typed it', async () => {
    const slack = await start();
    await bolt(slack, (app) => app.command('/agent', async ({ ack }) => void (await ack({ text: 'Nothing runs.' }))));
    await slack.people.command({ user: seed.ada, channel: seed.dev, command: '/agent', text: 'status' });
    expect(slack.store.ephemerals).toMatchObject([{ user: seed.ada, text: 'Nothing runs.', from: 'app' }]);
  });

  test('a command that nobody acknowledges in three seconds is told to its author', async () => {
    const slack = await start();
    await bolt(slack, (app) => app.command('/agent', async () => {}));
    const { error } = await slack.people.command({ user: seed.ada, channel: seed.dev, command: '/agent', text: 'x' });
    expect(error).toBe('operation_timeout');
    expect(slack.store.ephemerals[0]?.text).toBe('/agent failed with the error "operation_timeout"');
  });

  test('a mention comes twice, as message and as app_mention, with two event ids', async () => {
    const slack = await start();
    const ids = inbox<string>();
    await bolt(slack, (app) => {
      app.event('app_mention', async ({ body }) => ids.push(`mention ${body.event_id}`));
      app.message(async ({ body }) => ids.push(`message ${body.event_id}`));
    });
    slack.people.message({ user: seed.ada, channel: seed.dev, text: '@Errand fix it' });
    await ids.at(1);
    expect(ids.items.map((each) => each.split(' ')[0]).toSorted()).toEqual(['mention', 'message']);
    expect(new Set(ids.items.map((each) => each.split(' ')[1])).size).toBe(2);
  });

  test('a button press carries its value, its message and a response_url that replaces the message', async () => {
    const slack = await start();
    const web = client(slack);
    await bolt(slack, (app) =>
      app.action('approve', async ({ ack, action, respond }) => {
        await ack();
        if (action.type === 'button') await respond({ replace_original: true, text: `Approved ${action.value}` });
      }),
    );
    const posted = await web.chat.postMessage({
      channel: seed.dev,
      text: 'Approve?',
      blocks: [
        {
          type: 'actions',
          elements: [
            { type: 'button', action_id: 'approve', text: { type: 'plain_text', text: 'Approve' }, value: 'abc1234' },
          ],
        },
      ],
    });
    const seen = changes(slack);
    await slack.interactions.action({ user: seed.grace, channel: seed.dev, ts: posted.ts ?? '', action_id: 'approve' });
    await seen.at(0);
    expect(slack.store.message(seed.dev, posted.ts ?? '')?.text).toBe('Approved abc1234');
  });

  test('a modal opens by trigger, shows errors of the app, and closes on a plain ack', async () => {
    const slack = await start();
    let attempts = 0;
    await bolt(slack, (app) => {
      app.command('/agent', async ({ ack, command, client: own }) => {
        await ack();
        await own.views.open({
          trigger_id: command.trigger_id,
          view: {
            type: 'modal',
            callback_id: 'form',
            title: { type: 'plain_text', text: 'New task' },
            submit: { type: 'plain_text', text: 'Send' },
            blocks: [
              {
                type: 'input',
                block_id: 'what',
                label: { type: 'plain_text', text: 'What' },
                element: { type: 'plain_text_input', action_id: 'text', multiline: true },
              },
            ],
          },
        });
      });
      app.view('form', async ({ ack, view }) => {
        attempts += 1;
        const value = view.state.values.what?.text?.value;
        if (value === 'bad') await ack({ response_action: 'errors', errors: { what: 'Say more.' } });
        else await ack();
      });
    });
    const seen = changes(slack);
    await slack.people.command({ user: seed.ada, channel: seed.dev, command: '/agent', text: '' });
    await seen.at(0);
    const view_id = slack.store.views[0]?.view.id ?? '';
    const submit = (text: string) => slack.interactions.submit({ user: seed.ada, view_id, values: { what: { text } } });
    expect((await submit('')).errors).toEqual({ what: 'Please complete this required field.' });
    expect(attempts).toBe(0);
    expect((await submit('bad')).errors).toEqual({ what: 'Say more.' });
    expect((await submit('fix it')).errors).toEqual({});
    expect(slack.store.views).toEqual([]);
  });

  test('a reaction tells whose message it is on, and the bot does not hear its own', async () => {
    const slack = await start();
    const web = client(slack);
    const heard = inbox<{ user: string; reaction: string; item_user: string }>();
    await bolt(slack, (app) => app.event('reaction_added', async ({ event }) => heard.push(event)));
    const { ts = '' } = await web.chat.postMessage({ channel: seed.dev, text: 'Gate' });
    await web.reactions.add({ channel: seed.dev, timestamp: ts, name: 'eyes' });
    slack.people.reaction({ user: seed.grace, channel: seed.dev, ts, name: 'thumbsup', present: true });
    expect(await heard.at(0)).toMatchObject({ user: seed.grace, reaction: '+1', item_user: seed.bot });
    expect(heard.items).toHaveLength(1);
  });

  test('an event whose ack is lost comes again with its retry number and the same id', async () => {
    const slack = await start({
      retryDelaysMs: [0],
      faults: [{ on: 'delivery', kind: 'events_api', times: 1, effect: { type: 'drop_ack' } }],
    });
    const got = inbox<{ id: string; retry: number | undefined }>();
    await bolt(slack, (app) =>
      app.message(async ({ body, context }) => got.push({ id: body.event_id, retry: context.retryNum })),
    );
    slack.people.message({ user: seed.ada, channel: seed.dev, text: 'hello' });
    const first = await got.at(0);
    expect(await got.at(1)).toEqual({ id: first.id, retry: 1 });
  });

  test('payloads can come twice and out of order', async () => {
    const slack = await start();
    const got = inbox<string>();
    await bolt(slack, (app) =>
      app.message(async ({ message }) => got.push('text' in message ? (message.text ?? '') : '')),
    );
    slack.faults.add({ on: 'delivery', kind: 'events_api', times: 1, effect: { type: 'out_of_order' } });
    slack.people.message({ user: seed.ada, channel: seed.dev, text: 'one' });
    slack.people.message({ user: seed.ada, channel: seed.dev, text: 'two' });
    await got.at(1);
    expect(got.items).toEqual(['two', 'one']);
    slack.faults.add({ on: 'delivery', kind: 'events_api', times: 1, effect: { type: 'twice' } });
    slack.people.message({ user: seed.ada, channel: seed.dev, text: 'three' });
    await got.at(3);
    expect(got.items.slice(2)).toEqual(['three', 'three']);
  });

  test('a message shortcut carries the message', async () => {
    const slack = await start();
    const got = inbox<string>();
    await bolt(slack, (app) =>
      app.shortcut('task_from_message', async ({ ack, shortcut }) => {
        await ack();
        if (shortcut.type === 'message_action') got.push(shortcut.message.text ?? '');
      }),
    );
    const { ts } = slack.people.message({ user: seed.max, channel: seed.dev, text: 'It is broken' });
    await slack.interactions.shortcut({ user: seed.ada, callback_id: 'task_from_message', channel: seed.dev, ts });
    expect(await got.at(0)).toBe('It is broken');
  });
});

describe('Bolt over signed HTTP', () => {
  test('events and commands arrive signed, and a wrong secret is refused', async () => {
    const receiver = new HTTPReceiver({ signingSecret: secrets.signingSecret, logLevel: LogLevel.ERROR });
    const first = await start();
    const app = new App({
      token: secrets.botToken,
      receiver,
      clientOptions: { slackApiUrl: first.apiUrl },
      deferInitialization: true,
    });
    await app.init();
    const got = inbox<string>();
    app.message(async ({ message }) => got.push('text' in message ? (message.text ?? '') : ''));
    app.command('/agent', async ({ ack, command }) => void (await ack(`Got ${command.text}`)));
    const server = await app.start(0);
    atEnd(() => app.stop());
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/slack/events`;

    const slack = await start({ deliver: { type: 'http', url } });
    slack.people.message({ user: seed.ada, channel: seed.dev, text: 'hello' });
    expect(await got.at(0)).toBe('hello');
    await slack.people.command({ user: seed.ada, channel: seed.dev, command: '/agent', text: 'x' });
    expect(slack.store.ephemerals[0]?.text).toBe('Got x');

    const liar = await start({ deliver: { type: 'http', url }, signingSecret: 'other' });
    const { error } = await liar.people.command({ user: seed.ada, channel: seed.dev, command: '/agent', text: 'x' });
    expect(error).toBe('dispatch_failed');
  });
});

describe('WebClient', () => {
  test('an answer can be lost after the call was done, which the ledger shows', async () => {
    const slack = await start({
      faults: [{ on: 'call', method: 'chat.postMessage', times: 1, effect: { type: 'lost_answer' } }],
    });
    const web = client(slack);
    await expect(web.chat.postMessage({ channel: seed.dev, text: 'once' })).rejects.toThrow();
    expect(slack.store.ledger).toMatchObject([{ method: 'chat.postMessage', channel: seed.dev }]);
    await web.chat.postMessage({ channel: seed.dev, text: 'twice' });
    expect(slack.store.messages(seed.dev).map((each) => each.text)).toEqual(['once', 'twice']);
  });

  test('rate limits answer 429 with Retry-After, and time refills them', async () => {
    let now = 1_800_000_000_000;
    const slack = await start({ rateScale: 1, clock: { now: () => now } });
    const web = client(slack);
    const { ts = '' } = await web.chat.postMessage({ channel: seed.dev, text: 'a' });
    const edit = () => web.chat.update({ channel: seed.dev, ts, text: 'b' });
    for (let index = 0; index < 5; index += 1) await edit();
    await expect(edit()).rejects.toMatchObject({ retryAfter: 3 });
    now += 3_000;
    await edit();
  });

  test('a restart keeps threads', async () => {
    const dataFile = path.join(tmpdir(), `local-slack-${crypto.randomUUID()}`, 'slack.json');
    const before = await start({ dataFile });
    const { ts = '' } = await client(before).chat.postMessage({ channel: seed.dev, text: 'root' });
    await before.close();
    const after = await start({ dataFile });
    const reply = await client(after).chat.postMessage({ channel: seed.dev, text: 'reply', thread_ts: ts });
    expect(Number(reply.ts)).toBeGreaterThan(Number(ts));
    const { messages } = await client(after).conversations.replies({ channel: seed.dev, ts });
    expect(messages?.map((each) => each.text)).toEqual(['root', 'reply']);
  });

  test('a foreign host name or origin gets nothing', async () => {
    const slack = await start();
    const rebound = await new Promise<number | undefined>((resolve, reject) =>
      get(`${slack.url}/local/state`, { headers: { host: 'evil.example' } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      }).on('error', reject),
    );
    expect(rebound).toBe(421);
    const write = await fetch(`${slack.url}/local/message`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: 'http://evil.example' },
      body: '{}',
    });
    expect(write.status).toBe(403);
  });
});
