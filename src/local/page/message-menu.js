import { post, shown } from './api.js';
import { h, icon } from './dom.js';
import { keepFocus } from './focus.js';
import { entry, popover } from './popover.js';
import { pick, react } from './reactions.js';
import { isRoot, store } from './store.js';
import { toast } from './toast.js';

/**
 * Everything that can be done with a message, with the app's own shortcuts.
 * @param {HTMLElement | { x: number, y: number, back: HTMLElement }} anchor a button, or where somebody right-clicked
 * @param {any} message @param {any} context
 */
export function messageMenu(anchor, message, context) {
  const own = message.user === store.me;
  const where = { user: store.me, channel: message.channel, ts: message.ts };
  const shortcuts = store.state.shortcuts.filter((each) => each.type === 'message');
  const back = anchor instanceof HTMLElement ? anchor : anchor.back;
  popover(anchor, {
    label: 'Message menu',
    content: [
      entry('Add a reaction', () => pick(back, (name) => react(message, name, true)), [icon('smile')], 'R'),
      !context.inThread &&
        entry('Reply in thread', () => context.openThread(message.thread_ts ?? message.ts), [icon('reply')], 'T'),
      shortcuts.length > 0 && h('p', { class: 'menu-group' }, store.bot.real_name),
      ...shortcuts.map((each) =>
        entry(each.name, () => shown(post('/shortcut', { ...where, callback_id: each.callbackId })), [icon('bolt')]),
      ),
      h('hr', { class: 'menu-line' }),
      entry('Copy link', () => copyLink(message), [icon('link')]),
      own && entry('Edit message', () => edit(message), [icon('edit')], 'E'),
      own && entry('Delete message', () => shown(post('/delete', where)), [icon('trash')]),
    ],
  });
}

/** The app's shortcuts that belong to no message, at the composer. @param {HTMLElement} anchor */
export function shortcutMenu(anchor) {
  const shortcuts = store.state.shortcuts.filter((each) => each.type === 'global');
  popover(anchor, {
    label: 'Shortcuts',
    class: 'shortcut-menu',
    content: [
      h('p', { class: 'menu-group' }, store.bot.real_name),
      ...shortcuts.map((each) =>
        entry(
          [h('strong', null, each.name), each.description && h('small', null, each.description)],
          () => shown(post('/shortcut', { user: store.me, callback_id: each.callbackId, channel: store.channelId })),
          [icon('bolt')],
        ),
      ),
      shortcuts.length === 0 && h('p', { class: 'popover-lead' }, `${store.bot.real_name} has none yet.`),
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

/** @param {any} message */
export function edit(message) {
  const text = h('textarea', { class: 'field', rows: '5', value: message.text, 'aria-label': 'Message' });
  const save = (event) => {
    event.preventDefault();
    dialog.close();
    shown(post('/edit', { user: store.me, channel: message.channel, ts: message.ts, text: text.value }));
  };
  const dialog = h(
    'dialog',
    { class: 'dialog', 'aria-labelledby': 'edit-title' },
    h(
      'form',
      {
        onsubmit: save,
        onkeydown: (event) => event.key === 'Enter' && (event.metaKey || event.ctrlKey) && save(event),
      },
      h('h2', { id: 'edit-title' }, 'Edit message'),
      text,
      h(
        'div',
        { class: 'dialog-actions' },
        h('button', { class: 'button', type: 'button', onclick: () => dialog.close() }, 'Cancel'),
        h('button', { class: 'button primary', type: 'submit' }, 'Save'),
      ),
    ),
  );
  const giveBack = keepFocus();
  dialog.addEventListener('close', () => {
    dialog.remove();
    giveBack();
  });
  document.body.append(dialog);
  dialog.showModal();
}
