import { describe, expect, test } from 'vitest';
import { defaultEmoji, emojiName } from '../../src/slack/emoji.ts';
import { naturalKey } from '../../src/slack/natural-key.ts';

const self = { userId: 'U0ERRAND', emoji: defaultEmoji };
const event = (fields: object, more: object = {}) =>
  naturalKey({ type: 'event_callback', team_id: 'T1', event_id: crypto.randomUUID(), event: fields, ...more }, self);
const message = {
  type: 'message',
  user: 'U0ADA',
  text: '<@U0ERRAND> fix it',
  ts: '1700000000.000100',
  channel: 'C0DEV',
  channel_type: 'channel',
};
const reaction = {
  type: 'reaction_added',
  user: 'U0ADA',
  reaction: 'white_check_mark',
  item_user: 'U0ERRAND',
  item: { type: 'message', channel: 'C0DEV', ts: '1700000000.000100' },
  event_ts: '1700000009.000100',
};

describe('naturalKey', () => {
  test('one message is one act, whichever events report it', () => {
    expect(event(message)).toBe('message:T1:C0DEV:1700000000.000100');
    expect(event({ ...message, type: 'app_mention' })).toBe(event(message));
  });

  test.each<[string, object]>([
    ['a message to nobody in particular', { ...message, text: 'lunch?' }],
    ['a message of a bot', { ...message, bot_id: 'B0OTHER' }],
    ['a message of its own', { ...message, user: 'U0ERRAND' }],
    ['an edit', { ...message, subtype: 'message_changed' }],
    ['somebody joining', { ...message, subtype: 'channel_join' }],
    ['another emoji', { ...reaction, reaction: 'tada' }],
    ['a check mark on somebody else’s message', { ...reaction, item_user: 'U0BOB' }],
    ['its own reaction', { ...reaction, user: 'U0ERRAND' }],
    ['the start on its own message', { ...reaction, reaction: 'robot_face' }],
    [
      'the start taken off again',
      { ...reaction, type: 'reaction_removed', reaction: 'robot_face', item_user: 'U0BOB' },
    ],
    ['a reaction to a file', { ...reaction, item: { type: 'file', file: 'F1' } }],
  ])('%s is not stored', (_, fields) => {
    expect(event(fields)).toBeNull();
  });

  test.each<[string, object]>([
    ['a reply in a thread', { ...message, text: 'and the docs', thread_ts: '1600000000.000100' }],
    [
      'a reply that is also sent to the channel',
      { ...message, subtype: 'thread_broadcast', thread_ts: '1600000000.000100' },
    ],
    ['a mention with a file', { ...message, subtype: 'file_share' }],
    ['a direct message', { ...message, text: 'fix it', channel: 'D0ADA', channel_type: 'im' }],
    ['the approval', reaction],
    ['the approval taken back', { ...reaction, type: 'reaction_removed' }],
    ['the start on anybody’s message', { ...reaction, reaction: 'robot_face', item_user: 'U0BOB' }],
    ['the start on an app’s message', { ...reaction, reaction: 'robot_face', item_user: undefined }],
    ['a stop taken off again', { ...reaction, type: 'reaction_removed', reaction: 'octagonal_sign' }],
    ['a stop on any message', { ...reaction, reaction: 'octagonal_sign', item_user: 'U0BOB' }],
  ])('%s is stored', (_, fields) => {
    expect(event(fields)).not.toBeNull();
  });

  test('a reaction put, taken off and put again is three acts', () => {
    const keys = [
      event(reaction),
      event({ ...reaction, type: 'reaction_removed', event_ts: '1700000010.000100' }),
      event({ ...reaction, event_ts: '1700000011.000100' }),
    ];
    expect(new Set(keys).size).toBe(3);
  });

  test('a command is known by its trigger', () => {
    const command = { command: '/agent', text: 'x', trigger_id: '1.2.3', user_id: 'U0ADA', channel_id: 'C0DEV' };
    expect(naturalKey(command, self)).toBe('command:1.2.3');
  });

  test('each sending of a form is an act of its own, for one that was refused is sent again', () => {
    const sent = (trigger_id: string) => ({
      type: 'view_submission',
      trigger_id,
      user: { id: 'U0ADA' },
      view: { id: 'V1', callback_id: 'task_form', private_metadata: '', state: { values: {} } },
    });
    expect(naturalKey(sent('1.2.3'), self)).toBe('view:V1:1.2.3');
    expect(naturalKey(sent('1.2.4'), self)).toBe('view:V1:1.2.4');
  });

  test('a shortcut is known by its trigger', () => {
    const global = { type: 'shortcut', callback_id: 'task_new', trigger_id: '1.2.3', user: { id: 'U0ADA' } };
    const onMessage = {
      ...global,
      type: 'message_action',
      action_ts: '1700000009.000100',
      channel: { id: 'C0DEV' },
      message_ts: '1700000000.000100',
      message: { ts: '1700000000.000100' },
    };
    expect([naturalKey(global, self), naturalKey(onMessage, self)]).toEqual(['shortcut:1.2.3', 'shortcut:1.2.3']);
  });

  test('a button on a message that one person sees, which comes without that message, is an act', () => {
    const press = {
      type: 'block_actions',
      user: { id: 'U0ADA' },
      channel: { id: 'C0DEV' },
      container: { type: 'message', message_ts: '1700000000.000100', is_ephemeral: true },
      actions: [{ action_id: 'form_open', action_ts: '1700000009.000100' }],
    };
    expect(naturalKey(press, self)).toBe('action:C0DEV:1700000000.000100:U0ADA:form_open:1700000009.000100');
  });

  test('a button that only opens an address is no act', () => {
    const press = (action_id: string) => ({
      type: 'block_actions',
      user: { id: 'U0ADA' },
      channel: { id: 'C0DEV' },
      message: { ts: '1700000000.000100' },
      actions: [{ action_id, action_ts: '1700000009.000100' }],
    });
    expect(naturalKey(press('link_pull_request'), self)).toBeNull();
    expect(naturalKey(press('stop'), self)).toBe('action:C0DEV:1700000000.000100:U0ADA:stop:1700000009.000100');
  });
});

test.each([
  ['white_check_mark', 'white_check_mark'],
  [':white_check_mark:', 'white_check_mark'],
  ['✅', 'white_check_mark'],
  ['+1::skin-tone-3', '+1'],
  ['white_check_mark::skin-tone-3', 'white_check_mark::skin-tone-3'],
  ['my_white_check_mark', 'my_white_check_mark'],
  ['thumbsup', '+1'],
  ['👍🏽', '+1'],
  ['Ship', 'ship'],
])('the emoji %s is %s', (written, name) => {
  expect(emojiName(written)).toBe(name);
});
