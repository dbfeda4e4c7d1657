import { post, shown } from './api.js';
import { dropzone } from './attachments.js';
import { avatar } from './avatar.js';
import { renderBlocks } from './blocks.js';
import { composer } from './composer.js';
import { fill, h, icon, reconcile, stickToEnd } from './dom.js';
import { walkMessages } from './keys.js';
import { row, rows, version } from './rows.js';
import { switcher } from './sidebar.js';
import { store } from './store.js';
import { welcome } from './welcome.js';

/** A channel: its head, its messages, its composer. @param {{ openThread: (ts: string) => void, openMenu: () => void }} actions */
export function channelPane(actions) {
  const head = h('header', { class: 'pane-head' });
  const list = h('div', { class: 'messages', tabindex: '-1' });
  const scroll = h('div', { class: 'scroll', role: 'log', 'aria-label': 'Messages' }, list);
  const write = composer({
    slash: true,
    up: () => walk.enter(),
    draftKey: () => `${store.me}:${store.channelId}`,
    target: () => ({ channel: store.channelId }),
    placeholder: () => `Message ${channelTitle(store.channel(store.channelId))}, or ${store.state.command} what to do`,
  });
  const closed = h('p', { class: 'closed', hidden: true });
  const node = h('main', { class: 'pane' }, head, scroll, h('div', { class: 'composer-place' }, closed, write.node));
  const toEnd = stickToEnd(scroll, list);
  const walk = walkMessages(list, { inThread: false, openThread: actions.openThread, leave: () => write.focus() });
  dropzone(node, (files) => write.attach(files));
  let shownKey = '';
  let tab = 'messages';

  function draw() {
    const channel = store.channel(store.channelId);
    if (channel === undefined) return;
    const home = channel.is_im ? store.state.homes[store.me] : undefined;
    if (home === undefined) tab = 'messages';
    drawHead(channel, home);
    write.node.hidden = channel.is_archived || tab === 'home';
    closed.hidden = !channel.is_archived;
    closed.textContent = 'This channel is archived. It can be read, and nothing more.';
    const key = `${store.me}:${store.channelId}:${tab}`;
    const moved = key !== shownKey;
    shownKey = key;
    const fresh = store.roots(channel.id).every((each) => each.user !== store.state.botUserId);
    const items =
      tab === 'home'
        ? [{ type: 'home', key: 'home', view: home }]
        : [{ type: 'welcome', key: 'welcome', channel, fresh }, ...rows(channel.id, '')];
    reconcile(list, items, {
      key: (item) => item.key,
      version,
      render: (item) => renderRow(item, channel),
    });
    walk.settle();
    write.draw();
    if (moved) toEnd();
    const last = store.roots(channel.id).at(-1);
    if (last !== undefined && document.visibilityState === 'visible') store.see(channel.id, last.ts);
  }

  function drawHead(channel, home) {
    const key = JSON.stringify([store.me, channel.id, channel.topic, channel.members.length, home !== undefined, tab]);
    if (head.dataset.key === key) return;
    head.dataset.key = key;
    const other = channel.is_im ? store.user(channel.members.find((each) => each !== store.me)) : undefined;
    const me = store.user(store.me);
    fill(
      head,
      h(
        'button',
        { class: 'icon-button only-narrow', type: 'button', 'aria-label': 'Channels', onclick: actions.openMenu },
        icon('menu'),
      ),
      h(
        'div',
        { class: 'pane-title' },
        h(
          'h1',
          null,
          other ? avatar(other, 'small') : icon(channel.is_private ? 'lock' : 'hash'),
          other?.real_name ?? channel.name,
        ),
        h('p', null, other?.title ?? channel.topic),
      ),
      home !== undefined &&
        h(
          'div',
          { class: 'tabs', role: 'tablist' },
          ['messages', 'home'].map((each) =>
            h(
              'button',
              {
                role: 'tab',
                type: 'button',
                'aria-selected': tab === each ? 'true' : 'false',
                onclick: () => openTab(each),
              },
              each === 'home' ? 'Home' : 'Messages',
            ),
          ),
        ),
      !channel.is_im &&
        h(
          'span',
          { class: 'members', title: channel.members.map((id) => store.user(id)?.real_name).join(', ') },
          channel.members.slice(0, 3).map((id) => avatar(store.user(id), 'small')),
          h('span', null, channel.members.length),
        ),
      h(
        'button',
        {
          class: 'only-narrow you-small',
          type: 'button',
          'aria-label': `You are ${me.real_name}. Change person`,
          onclick: (event) => switcher(event.currentTarget),
        },
        avatar(me),
      ),
    );
  }

  function openTab(each) {
    tab = each;
    shown(post('/home', { user: store.me, tab: each }));
    draw();
  }

  function renderRow(item, channel) {
    if (item.type === 'welcome') return welcome(channel, item.fresh, write);
    if (item.type === 'home')
      return h('section', { class: 'home' }, renderBlocks(item.view.blocks, viewHost(item.view)));
    return row(item, { inThread: false, openThread: actions.openThread });
  }

  return { node, draw, composer: write };
}

/** What a press inside a view does. @param {any} view */
export function viewHost(view, form) {
  return {
    form,
    place: { view_id: view.id },
    press: (block, element, value) =>
      shown(
        post('/view-action', {
          user: store.me,
          view_id: view.id,
          block_id: block.block_id,
          action_id: element.action_id,
          value,
          ...(form && { values: form.values() }),
        }),
      ),
  };
}

export function channelTitle(channel) {
  if (channel === undefined) return '';
  if (!channel.is_im) return `#${channel.name}`;
  return store.user(channel.members.find((each) => each !== store.me))?.real_name ?? '';
}
