import { post, shown } from './api.js';
import { avatar } from './avatar.js';
import { renderBlocks } from './blocks.js';
import { agoLive, clock, clockShort, h, icon } from './dom.js';
import { sharedFiles } from './files.js';
import { reactions } from './reactions.js';
import { isRoot, store } from './store.js';
import { mrkdwn } from './text.js';
import { toolbar } from './toolbar.js';

/**
 * One message with its blocks, reactions and thread.
 * @param {any} message
 * @param {{ grouped: boolean, inThread: boolean, openThread: (ts: string) => void }} context
 */
export function renderMessage(message, context) {
  const user = store.user(message.user);
  const deleted = message.subtype === 'tombstone';
  const replies = isRoot(message) && !context.inThread ? store.replies(message.channel, message.ts) : [];
  return h(
    'article',
    {
      class: `message ${context.grouped ? 'grouped' : ''}`,
      id: `${context.inThread ? 't' : 'm'}-${message.ts}`,
      'data-ts': message.ts,
      tabindex: '-1',
      'aria-label': `${user?.real_name ?? 'Somebody'}, ${clock(message.ts)}`,
    },
    context.grouped ? h('time', { class: 'gutter-time', 'aria-hidden': 'true' }, clockShort(message.ts)) : avatar(user),
    h(
      'div',
      { class: 'message-main' },
      !context.grouped && author(user, message.ts),
      message.subtype === 'thread_broadcast' && !context.inThread && h('div', { class: 'note' }, 'replied to a thread'),
      deleted ? h('div', { class: 'note' }, 'This message was deleted.') : body(message),
      !deleted && message.files?.length > 0 && sharedFiles(message.files),
      message.edited && h('span', { class: 'edited' }, '(edited)'),
      reactions(message),
      replies.length > 0 && threadLine(message, replies, context.openThread),
    ),
    !deleted && toolbar(message, context),
  );
}

function author(user, ts) {
  return h(
    'div',
    { class: 'author' },
    h('span', { class: 'author-name' }, user?.real_name ?? 'Somebody'),
    user?.is_bot && h('span', { class: 'badge' }, 'App'),
    user?.is_ultra_restricted && h('span', { class: 'badge' }, 'Guest'),
    user?.is_stranger && h('span', { class: 'badge' }, 'Other company'),
    h('time', { datetime: new Date(Number(ts) * 1000).toISOString() }, clock(ts)),
  );
}

function body(message) {
  const shownBlocks = message.blocks ?? [];
  if (shownBlocks.length === 0) return message.text === '' ? null : h('div', { class: 'text' }, mrkdwn(message.text));
  return h('div', { class: 'blocks' }, renderBlocks(shownBlocks, hostOf(message)));
}

/** Buttons show that they were pressed until the app has answered. */
function hostOf(message) {
  return {
    place: { channel: message.channel, ts: message.ts },
    press(block, element, value, control) {
      control.classList.add('pending');
      const done = () => control.classList.remove('pending');
      shown(
        post('/action', {
          user: store.me,
          channel: message.channel,
          ts: message.ts,
          block_id: block.block_id,
          action_id: element.action_id,
          value,
        }).then(done, (error) => {
          done();
          throw error;
        }),
      );
    },
  };
}

/** What only this person sees. @param {any} ephemeral */
export function renderEphemeral(ephemeral) {
  const user = ephemeral.from === 'app' ? store.bot : undefined;
  return h(
    'article',
    {
      class: 'message ephemeral',
      'data-ts': ephemeral.ts,
      tabindex: '-1',
      'aria-label': `${user?.real_name ?? 'Workspace'}, only visible to you, ${clock(ephemeral.ts)}`,
    },
    user ? avatar(user) : h('span', { class: 'avatar slackbot', 'aria-hidden': 'true' }, icon('hash')),
    h(
      'div',
      { class: 'message-main' },
      h('div', { class: 'only-you' }, icon('eye'), h('span', null, 'Only visible to you')),
      h(
        'div',
        { class: 'author' },
        h('span', { class: 'author-name' }, user?.real_name ?? 'Workspace'),
        h('span', { class: 'badge' }, user ? 'App' : 'Local'),
        h('time', null, clock(ephemeral.ts)),
      ),
      body(ephemeral),
      h(
        'button',
        {
          class: 'link-button',
          type: 'button',
          onclick: () => shown(post('/dismiss', { user: store.me, ts: ephemeral.ts })),
        },
        'Dismiss',
      ),
    ),
  );
}

function threadLine(message, replies, openThread) {
  const people = [...new Set(replies.map((each) => each.user))].slice(-3);
  const last = replies.at(-1);
  const working = store.session(message.channel, message.ts)?.status === 'processing';
  const fresh =
    last.ts > store.seen(`${message.channel}:${message.ts}`) && last.user !== store.me && store.threadTs !== message.ts;
  return h(
    'button',
    { class: `thread-line ${fresh ? 'fresh' : ''}`, type: 'button', onclick: () => openThread(message.ts) },
    h(
      'span',
      { class: 'thread-people' },
      people.map((id) => avatar(store.user(id), 'small')),
    ),
    h('span', { class: 'thread-count' }, `${replies.length} ${replies.length === 1 ? 'reply' : 'replies'}`),
    working &&
      h('span', { class: 'thread-working' }, h('span', { class: 'spinner', 'aria-hidden': 'true' }), 'Working…'),
    h('span', { class: 'thread-last' }, fresh ? 'new' : ['last reply ', agoLive(Number(last.ts))]),
  );
}
