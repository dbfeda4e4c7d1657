import { post, shown } from './api.js';
import { renderBlocks } from './blocks.js';
import { ago, clock, h, icon } from './dom.js';
import { emoji, emojiNames, useful } from './emoji.js';
import { closePopover, entry, popover } from './popover.js';
import { isRoot, store } from './store.js';
import { mrkdwn } from './text.js';
import { toast } from './toast.js';

/** Somebody's picture: initials on their colour. @param {any} user @param {string} [size] */
export function avatar(user, size = '') {
  if (user?.is_bot) return h('span', { class: `avatar bot ${size}`, 'aria-hidden': 'true' }, icon('bolt'));
  return h(
    'span',
    { class: `avatar ${size}`, color: `#${user?.color ?? '888888'}`, 'aria-hidden': 'true' },
    user?.initials ?? '?',
  );
}

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
    },
    context.grouped ? h('time', { class: 'gutter-time', 'aria-hidden': 'true' }, clock(message.ts)) : avatar(user),
    h(
      'div',
      { class: 'message-main' },
      !context.grouped && author(user, message.ts),
      message.subtype === 'thread_broadcast' && !context.inThread && h('div', { class: 'note' }, 'replied to a thread'),
      deleted ? h('div', { class: 'note' }, 'This message was deleted.') : body(message),
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
  if (shownBlocks.length === 0) return h('div', { class: 'text' }, mrkdwn(message.text));
  return h('div', { class: 'blocks' }, renderBlocks(shownBlocks, hostOf(message)));
}

/** Buttons show that they were pressed until the app has answered. */
function hostOf(message) {
  return {
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
    { class: 'message ephemeral', 'data-ts': ephemeral.ts },
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

function reactions(message) {
  if (message.reactions.length === 0) return null;
  return h(
    'div',
    { class: 'reactions' },
    message.reactions.map(({ name, users }) => {
      const own = users.includes(store.me);
      const names = users.map((id) => (id === store.me ? 'You' : (store.user(id)?.real_name ?? 'Somebody'))).join(', ');
      return h(
        'button',
        {
          class: `reaction ${own ? 'own' : ''}`,
          type: 'button',
          'aria-pressed': own ? 'true' : 'false',
          title: `${names} reacted with :${name}:`,
          onclick: () => react(message, name, !own),
        },
        emoji(name),
        h('span', null, users.length),
      );
    }),
    h(
      'button',
      {
        class: 'reaction add',
        type: 'button',
        'aria-label': 'Add a reaction',
        onclick: (event) => pick(event.currentTarget, (name) => react(message, name, true)),
      },
      icon('smile'),
    ),
  );
}

function react(message, name, present) {
  const has = message.reactions.some((each) => each.name === name && each.users.includes(store.me));
  if (has === present) return;
  shown(post('/reaction', { user: store.me, channel: message.channel, ts: message.ts, name, present }));
}

function choosing(choose, name) {
  closePopover();
  choose(name);
}

/** Asks for an emoji. @param {HTMLElement} anchor @param {(name: string) => void} choose */
export function pick(anchor, choose) {
  const grid = h('div', { class: 'emoji-grid' });
  const fill = (wanted) => {
    const names =
      wanted === '' ? [...new Set([...useful, ...emojiNames()])] : emojiNames().filter((name) => name.includes(wanted));
    grid.replaceChildren(
      ...names
        .slice(0, 96)
        .map((name) =>
          h('button', { type: 'button', title: `:${name}:`, onclick: () => choosing(choose, name) }, emoji(name)),
        ),
    );
  };
  const search = h('input', {
    class: 'field',
    type: 'search',
    placeholder: 'Search emoji',
    'aria-label': 'Search emoji',
    oninput: () => fill(search.value.trim().toLowerCase().replaceAll(' ', '_')),
    onkeydown: (event) => {
      if (event.key === 'Enter') grid.querySelector('button')?.click();
    },
  });
  fill('');
  popover(anchor, { class: 'emoji-picker', label: 'Emoji', content: [search, grid] });
}

function threadLine(message, replies, openThread) {
  const people = [...new Set(replies.map((each) => each.user))].slice(-3);
  const last = replies.at(-1);
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
    h('span', { class: 'thread-last' }, fresh ? 'new' : `last ${ago(Number(last.ts))}`),
  );
}

function toolbar(message, context) {
  const quick = (name) =>
    h(
      'button',
      {
        class: 'icon-button',
        type: 'button',
        'aria-label': `React with :${name}:`,
        title: `:${name}:`,
        onclick: () => react(message, name, true),
      },
      emoji(name),
    );
  return h(
    'div',
    { class: 'toolbar', role: 'toolbar', 'aria-label': 'Message actions' },
    h('span', { class: 'quick' }, quick('white_check_mark'), quick('octagonal_sign'), quick('repeat')),
    h(
      'button',
      {
        class: 'icon-button',
        type: 'button',
        'aria-label': 'Add a reaction',
        title: 'Add a reaction',
        onclick: (event) => pick(event.currentTarget, (name) => react(message, name, true)),
      },
      icon('smile'),
    ),
    !context.inThread &&
      h(
        'button',
        {
          class: 'icon-button',
          type: 'button',
          'aria-label': 'Reply in thread',
          title: 'Reply in thread',
          onclick: () => context.openThread(message.thread_ts ?? message.ts),
        },
        icon('reply'),
      ),
    h(
      'button',
      {
        class: 'icon-button',
        type: 'button',
        'aria-label': 'More',
        title: 'More',
        onclick: (event) => more(event.currentTarget, message),
      },
      icon('more'),
    ),
  );
}

function more(anchor, message) {
  const own = message.user === store.me;
  const where = { user: store.me, channel: message.channel, ts: message.ts };
  const shortcuts = store.state.shortcuts.filter((each) => each.type === 'message');
  popover(anchor, {
    label: 'Message menu',
    content: [
      ...shortcuts.map((each) =>
        entry(each.name, () => shown(post('/shortcut', { ...where, callback_id: each.callbackId })), [icon('bolt')]),
      ),
      entry('Copy link', () => copyLink(message), [icon('link')]),
      own && entry('Edit message', () => edit(message), [icon('file')]),
      own && entry('Delete message', () => shown(post('/delete', where)), [icon('cross')]),
    ],
  });
}

async function copyLink(message) {
  const thread = isRoot(message) ? '' : `?thread_ts=${message.thread_ts}&cid=${message.channel}`;
  const url = `${location.origin}/archives/${message.channel}/p${message.ts.replace('.', '')}${thread}`;
  try {
    await navigator.clipboard.writeText(url);
    toast('Link copied.');
  } catch {
    toast(url);
  }
}

function edit(message) {
  const text = h('textarea', { class: 'field', rows: '5', value: message.text, 'aria-label': 'Message' });
  const dialog = h(
    'dialog',
    { class: 'dialog' },
    h('h2', null, 'Edit message'),
    text,
    h(
      'div',
      { class: 'dialog-actions' },
      h('button', { class: 'button', type: 'button', onclick: () => dialog.close() }, 'Cancel'),
      h(
        'button',
        {
          class: 'button primary',
          type: 'button',
          onclick: () => {
            dialog.close();
            shown(post('/edit', { user: store.me, channel: message.channel, ts: message.ts, text: text.value }));
          },
        },
        'Save',
      ),
    ),
  );
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
