import { dropzone } from './attachments.js';
import { channelTitle } from './channel.js';
import { composer } from './composer.js';
import { h, icon, reconcile, stickToEnd } from './dom.js';
import { walkMessages } from './keys.js';
import { row, rows, version } from './rows.js';
import { sessionBar } from './session-bar.js';
import { store } from './store.js';

/** The thread at the right. @param {{ close: () => void }} actions */
export function threadPane(actions) {
  const title = h('p');
  const list = h('div', { class: 'messages' });
  const status = h('p', { class: 'status-line', role: 'status', hidden: true });
  const scroll = h('div', { class: 'scroll', role: 'log', 'aria-label': 'Thread' }, list, status);
  const write = composer({
    slash: false,
    draftKey: () => `${store.me}:${store.channelId}:${store.threadTs}`,
    target: () => ({ channel: store.channelId, thread_ts: store.threadTs }),
    placeholder: () => 'Reply',
    up: () => walk.enter(),
  });
  const session = sessionBar();
  const node = h(
    'aside',
    { class: 'pane thread', 'aria-label': 'Thread', hidden: true },
    h(
      'header',
      { class: 'pane-head' },
      h(
        'button',
        {
          class: 'icon-button only-narrow',
          type: 'button',
          'aria-label': 'Back to the channel',
          onclick: actions.close,
        },
        icon('back'),
      ),
      h('div', { class: 'pane-title' }, h('h1', null, 'Thread'), title),
      h(
        'button',
        {
          class: 'icon-button not-narrow',
          type: 'button',
          'aria-label': 'Close the thread',
          title: 'Close (Esc)',
          onclick: actions.close,
        },
        icon('close'),
      ),
    ),
    session.node,
    scroll,
    h('div', { class: 'composer-place' }, write.node),
  );
  const toEnd = stickToEnd(scroll, list);
  const walk = walkMessages(list, { inThread: true, openThread: () => {}, leave: () => write.focus() });
  dropzone(node, (files) => write.attach(files));
  let shownKey = '';

  function draw() {
    const { channelId, threadTs } = store;
    const root = store.message(channelId, threadTs);
    node.hidden = root === undefined;
    document.body.classList.toggle('has-thread', root !== undefined);
    if (root === undefined) {
      shownKey = '';
      return;
    }
    const key = `${store.me}:${channelId}:${threadTs}`;
    const moved = key !== shownKey;
    shownKey = key;
    title.textContent = channelTitle(store.channel(channelId));
    reconcile(list, rows(channelId, threadTs), {
      key: (item) => item.key,
      version,
      render: (item) => row(item, { inThread: true, openThread: () => {} }),
    });
    walk.settle();
    session.draw();
    const working = store.status(channelId, threadTs);
    status.hidden = working === undefined;
    status.textContent = working === undefined ? '' : `${store.bot.real_name} ${working}`;
    write.node.hidden = store.channel(channelId)?.is_archived ?? false;
    write.draw();
    if (moved) toEnd();
    const last = store.replies(channelId, threadTs).at(-1);
    if (last !== undefined && document.visibilityState === 'visible') store.see(`${channelId}:${threadTs}`, last.ts);
  }

  return { node, draw, composer: write };
}
