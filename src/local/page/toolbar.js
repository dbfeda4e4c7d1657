import { post, shown } from './api.js';
import { h, icon } from './dom.js';
import { emoji } from './emoji.js';
import { entry, popover } from './popover.js';
import { pick, react } from './reactions.js';
import { isRoot, store } from './store.js';
import { toast } from './toast.js';

/** What can be done with a message: react, reply, and the rest in a menu. @param {any} message @param {any} context */
export function toolbar(message, context) {
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
