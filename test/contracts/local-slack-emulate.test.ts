import type { ModalView } from '@slack/types';
import { LogLevel, WebClient } from '@slack/web-api';
import { createEmulator } from 'emulate';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalSlack, startLocalSlack } from '../../src/local/slack/server.ts';
import { seed } from '../../src/local/slack/workspace.ts';

/** One fake agreeing with itself proves little: what an independent one covers has to come out the same. */
interface Side {
  readonly web: WebClient;
  readonly channel: string;
  readonly user: string;
}

let ours: Side;
let theirs: Side;
let slack: LocalSlack;
let close: () => Promise<void>;

beforeAll(async () => {
  slack = await startLocalSlack({
    port: 0,
    botToken: 'xoxb-test',
    appToken: 'xapp-test',
    signingSecret: 's',
    command: '/agent',
    deliver: { type: 'socket' },
    rateScale: 'off',
    shortcuts: [{ type: 'global', name: 'New task', callbackId: 'task_new' }],
  });
  const emulator = await createEmulator({
    service: 'slack',
    port: 0,
    seed: {
      tokens: { 'xoxb-test': { login: 'bot', scopes: [] } },
      slack: {
        users: [
          { name: 'bot', real_name: 'Bot' },
          { name: 'ada', real_name: 'Ada' },
        ],
        channels: [{ name: 'dev' }],
      },
    },
  });
  close = () => emulator.close();
  const client = (slackApiUrl: string) =>
    new WebClient('xoxb-test', { slackApiUrl, retryConfig: { retries: 0 }, logLevel: LogLevel.ERROR });
  ours = { web: client(slack.apiUrl), channel: seed.dev, user: seed.ada };
  const web = client(`${emulator.url}/api/`);
  const { channels = [] } = await web.conversations.list({});
  const { members = [] } = await web.users.list({});
  const channel = channels.find((each) => each.name === 'dev')?.id ?? '';
  await web.conversations.join({ channel });
  triggers.set(ours.web, async () => {
    await slack.interactions.shortcut({ user: seed.ada, callback_id: 'task_new' });
    return String(slack.outbound.records.at(-1)?.payload.trigger_id);
  });
  triggers.set(
    web,
    async () =>
      JSON.parse(JSON.stringify(await web.apiCall('views.generateTriggerId', { user_id: theirs.user }))).trigger_id,
  );
  theirs = { web, channel, user: members.find((each) => each.name === 'ada')?.id ?? '' };
  await web.conversations.invite({ channel, users: theirs.user }).catch(() => undefined);
});

afterAll(async () => {
  await slack.close();
  await close();
});

/** What a call comes to: its error, or the names of what it answers with. */
async function outcome(call: Promise<object>): Promise<{ error: string } | { keys: readonly string[] }> {
  try {
    return { keys: Object.keys(await call).toSorted() };
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'data' in error ? error.data : undefined;
    return { error: typeof code === 'object' && code !== null && 'error' in code ? String(code.error) : String(error) };
  }
}

const post = async ({ web, channel }: Side, text = 'hello') => (await web.chat.postMessage({ channel, text })).ts ?? '';

const errors: Readonly<Record<string, (side: Side) => Promise<object>>> = {
  'posting to nowhere': ({ web }) => web.chat.postMessage({ channel: 'C0NOWHERE0', text: 'x' }),
  'posting nothing': ({ web, channel }) => web.chat.postMessage({ channel, text: '' }),
  'updating what is not there': ({ web, channel }) => web.chat.update({ channel, ts: '1.000000', text: 'x' }),
  'deleting what is not there': ({ web, channel }) => web.chat.delete({ channel, ts: '1.000000' }),
  'an ephemeral for nobody': ({ web, channel }) => web.chat.postEphemeral({ channel, user: 'U0NOBODY00', text: 'x' }),
  'a link to nothing': ({ web, channel }) => web.chat.getPermalink({ channel, message_ts: '1.000000' }),
  'information on nowhere': ({ web }) => web.conversations.info({ channel: 'C0NOWHERE0' }),
  'history of nowhere': ({ web }) => web.conversations.history({ channel: 'C0NOWHERE0' }),
  'members of nowhere': ({ web }) => web.conversations.members({ channel: 'C0NOWHERE0' }),
  nobody: ({ web }) => web.users.info({ user: 'U0NOBODY00' }),
  'a reaction on nothing': ({ web, channel }) => web.reactions.add({ channel, timestamp: '1.000000', name: 'eyes' }),
  'a reaction twice': async (side) => {
    const args = { channel: side.channel, timestamp: await post(side), name: 'eyes' };
    await side.web.reactions.add(args);
    return side.web.reactions.add(args);
  },
  'taking off what is not on': async (side) =>
    side.web.reactions.remove({ channel: side.channel, timestamp: await post(side), name: 'eyes' }),
  'information on no file': ({ web }) => web.files.info({ file: 'F0NOTHING0' }),
  'deleting no file': ({ web }) => web.files.delete({ file: 'F0NOTHING0' }),
  'finishing an upload that never began': ({ web, channel }) =>
    web.files.completeUploadExternal({ files: [{ id: 'F0NOTHING0' }], channel_id: channel }),
  'updating a view that is not open': ({ web }) => web.views.update({ view_id: 'V0NOTHING0', view: modal }),
  'a form for a trigger that was used already': async (side) => {
    const trigger_id = (await triggers.get(side.web)?.()) ?? '';
    await side.web.views.open({ trigger_id, view: modal });
    return side.web.views.open({ trigger_id, view: modal });
  },
  'a modal without a trigger that exists': ({ web }) =>
    web.views.open({
      trigger_id: 'no',
      view: { type: 'modal', title: { type: 'plain_text', text: 'x' }, blocks: [{ type: 'divider' }] },
    }),
};

const modal: ModalView = {
  type: 'modal',
  callback_id: 'form',
  private_metadata: 'kept',
  title: { type: 'plain_text', text: 'New task' },
  submit: { type: 'plain_text', text: 'Send' },
  blocks: [
    {
      type: 'input',
      block_id: 'what',
      label: { type: 'plain_text', text: 'What' },
      element: { type: 'plain_text_input', action_id: 'text' },
    },
  ],
};
/** Each side's own way of having a person press something. */
const triggers = new Map<WebClient, () => Promise<string>>();
const open = async ({ web }: Side) => web.views.open({ trigger_id: (await triggers.get(web)?.()) ?? '', view: modal });
const uploaded = async ({ web, channel }: Side, content = 'one\ntwo\n') => {
  const { upload_url = '', file_id = '' } = await web.files.getUploadURLExternal({
    filename: 'run.log',
    length: content.length,
  });
  await fetch(upload_url, { method: 'POST', body: content });
  return web.files.completeUploadExternal({ files: [{ id: file_id, title: 'The log' }], channel_id: channel });
};

test.each(Object.entries(errors))('%s is the same error', async (_name, call) => {
  const mine = await outcome(call(ours));
  expect(mine).toHaveProperty('error');
  expect(mine).toEqual(await outcome(call(theirs)));
});

const answers: Readonly<Record<string, (side: Side) => Promise<object>>> = {
  'chat.postMessage': ({ web, channel }) => web.chat.postMessage({ channel, text: 'x' }),
  'chat.update': async (side) => side.web.chat.update({ channel: side.channel, ts: await post(side), text: 'y' }),
  'chat.delete': async (side) => side.web.chat.delete({ channel: side.channel, ts: await post(side) }),
  'chat.postEphemeral': ({ web, channel, user }) => web.chat.postEphemeral({ channel, user, text: 'x' }),
  'chat.getPermalink': async (side) =>
    side.web.chat.getPermalink({ channel: side.channel, message_ts: await post(side) }),
  'conversations.info': ({ web, channel }) => web.conversations.info({ channel }),
  'conversations.members': ({ web, channel }) => web.conversations.members({ channel }),
  'conversations.replies': async (side) =>
    side.web.conversations.replies({ channel: side.channel, ts: await post(side) }),
  'reactions.add': async (side) =>
    side.web.reactions.add({ channel: side.channel, timestamp: await post(side), name: 'eyes' }),
  'reactions.get': async (side) => side.web.reactions.get({ channel: side.channel, timestamp: await post(side) }),
  'views.open': open,
  'views.update': async (side) =>
    side.web.views.update({ view_id: (await open(side)).view?.id ?? '', view: { ...modal, callback_id: 'other' } }),
  'views.publish': ({ web, user }) =>
    web.views.publish({ user_id: user, view: { type: 'home', blocks: [{ type: 'divider' }] } }),
  'files.getUploadURLExternal': ({ web }) => web.files.getUploadURLExternal({ filename: 'a.txt', length: 3 }),
  'files.completeUploadExternal': uploaded,
  'files.info': async (side) => side.web.files.info({ file: (await uploaded(side)).files?.[0]?.id ?? '' }),
  'users.info': ({ web, user }) => web.users.info({ user }),
};

test.each(Object.entries(answers))(
  '%s answers with everything that the other fake answers with',
  async (_name, call) => {
    const mine = await outcome(call(ours));
    const other = await outcome(call(theirs));
    expect(other).toHaveProperty('keys');
    expect(mine).toHaveProperty('keys');
    if ('keys' in mine && 'keys' in other) expect(mine.keys).toEqual(expect.arrayContaining([...other.keys]));
  },
);

test('a text over 40,000 characters is cut and posted with the same warning', async () => {
  const call = async ({ web, channel }: Side) => {
    const { message, ...answer } = await web.chat.postMessage({ channel, text: 'x'.repeat(40_001) });
    return { length: message?.text?.length, messages: answer.response_metadata?.messages };
  };
  const mine = await call(ours);
  expect(mine.length).toBe(40_000);
  expect(mine).toEqual(await call(theirs));
});

test('a view and a file are told with the same properties', async () => {
  const shapes = async (side: Side) => {
    const { view } = await open(side);
    const { file } = await side.web.files.info({ file: (await uploaded(side)).files?.[0]?.id ?? '' });
    return { view: Object.keys(view ?? {}), file: Object.keys(file ?? {}) };
  };
  const [mine, other] = [await shapes(ours), await shapes(theirs)];
  expect(mine.view).toEqual(expect.arrayContaining(other.view));
  expect(mine.file).toEqual(expect.arrayContaining(other.file));
});
