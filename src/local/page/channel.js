import { post, shown } from './api.js';
import { renderBlocks } from './blocks.js';
import { composer } from './composer.js';
import { day, fill, h, icon, reconcile, stickToEnd } from './dom.js';
import { avatar, renderEphemeral, renderMessage } from './message.js';
import { switcher } from './sidebar.js';
import { isRoot, store } from './store.js';

const groupedWithinS = 300;

/** A channel: its head, its messages, its composer. @param {{ openThread: (ts: string) => void, openMenu: () => void }} actions */
export function channelPane(actions) {
  const head = h('header', { class: 'pane-head' });
  const list = h('div', { class: 'messages', tabindex: '-1' });
  const scroll = h('div', { class: 'scroll', role: 'log', 'aria-label': 'Messages' }, list);
  const write = composer({
    slash: true,
    draftKey: () => `${store.me}:${store.channelId}`,
    target: () => ({ channel: store.channelId }),
    placeholder: () => `Message ${channelTitle(store.channel(store.channelId))}, or ${store.state.command} what to do`,
  });
  const closed = h('p', { class: 'closed', hidden: true });
  const node = h('main', { class: 'pane' }, head, scroll, h('div', { class: 'composer-place' }, closed, write.node));
  const toEnd = stickToEnd(scroll, list);
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
    const items =
      tab === 'home'
        ? [{ type: 'home', key: 'home', view: home }]
        : [{ type: 'welcome', key: 'welcome', channel }, ...rows(channel.id, '')];
    reconcile(list, items, {
      key: (item) => item.key,
      version,
      render: (item) => renderRow(item, channel),
    });
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
    if (item.type === 'welcome') return welcome(channel, write);
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

/** Messages of a channel or a thread with day lines and what only this person sees, in order. */
export function rows(channel, threadTs) {
  const root = store.message(channel, threadTs);
  const messages =
    threadTs === '' ? store.roots(channel) : [...(root ? [root] : []), ...store.replies(channel, threadTs)];
  const all = [
    ...messages.map((message) => ({ type: 'message', key: `m${message.ts}`, ts: message.ts, message })),
    ...store
      .ephemerals(channel, threadTs)
      .map((ephemeral) => ({ type: 'ephemeral', key: `e${ephemeral.ts}`, ts: ephemeral.ts, ephemeral })),
  ].sort((one, other) => Number(one.ts) - Number(other.ts));
  const out = [];
  let before = null;
  for (const item of all) {
    const today = day(Number(item.ts));
    if (threadTs === '' && (before === null || day(Number(before.ts)) !== today))
      out.push({ type: 'day', key: `d${today}`, words: today });
    const near =
      before !== null &&
      before.type === 'message' &&
      item.type === 'message' &&
      Number(item.ts) - Number(before.ts) < groupedWithinS;
    const grouped =
      near &&
      before.message.user === item.message.user &&
      !(before.message.user === store.state.botUserId && threadTs === '') &&
      day(Number(before.ts)) === today;
    out.push({ ...item, grouped: grouped && before.message !== root });
    if (threadTs !== '' && item.message !== undefined && item.message === root && all.length > 1) {
      out.push({ type: 'day', key: 'replies', words: `${all.length - 1} ${all.length === 2 ? 'reply' : 'replies'}` });
    }
    before = item;
  }
  return out;
}

const versions = new WeakMap();

/** Changes when a row has to be drawn anew. */
export function version(item) {
  const subject = item.message ?? item.ephemeral ?? item.view ?? item.channel;
  if (subject === undefined) return item.words;
  if (!versions.has(subject)) versions.set(subject, Math.random());
  const replies =
    item.type === 'message' && isRoot(item.message) ? store.replies(item.message.channel, item.message.ts) : [];
  const seen = replies.length > 0 ? store.seen(`${item.message.channel}:${item.message.ts}`) : '';
  return `${versions.get(subject)}:${item.grouped}:${replies.length}:${seen}:${store.me}:${store.threadTs === item.ts}:${store.generation}`;
}

export function row(item, context) {
  if (item.type === 'day') return h('div', { class: 'day', role: 'separator' }, h('span', null, item.words));
  if (item.type === 'ephemeral') return renderEphemeral(item.ephemeral);
  return renderMessage(item.message, { ...context, grouped: item.grouped });
}

function welcome(channel, write) {
  if (channel.is_im) {
    const other = store.user(channel.members.find((each) => each !== store.me));
    return h(
      'section',
      { class: 'welcome' },
      avatar(other, 'large'),
      h('h2', null, other?.real_name ?? ''),
      h('p', null, `This is between you and ${other?.real_name}.`),
    );
  }
  const member = channel.members.includes(store.state.botUserId);
  const { command, prefill } = store.state;
  const example = (title, words, text) =>
    h(
      'button',
      { class: 'example', type: 'button', onclick: () => write.fill(text) },
      h('strong', null, title),
      h('span', null, words),
    );
  return h(
    'section',
    { class: 'welcome' },
    h('h2', null, icon(channel.is_private ? 'lock' : 'hash'), channel.name),
    h('p', null, channel.topic),
    channel.is_ext_shared &&
      h('p', { class: 'note' }, 'People from another company read along here, so Errand refuses.'),
    !member && h('p', { class: 'note' }, `Errand is not a member. Add it with /invite @${store.bot.real_name}.`),
    !channel.is_archived &&
      member &&
      h(
        'div',
        { class: 'examples' },
        prefill !== '' &&
          example(
            'Run a script',
            'Works without a model key: the shell agent runs what you write and opens a pull request.',
            prefill,
          ),
        example(
          'Ask an agent',
          'In your own words. Needs a model key.',
          `${command} Fix the spelling mistakes in the README and keep the tests green`,
        ),
        example('Look around', 'What is queued, running or waiting for review.', `${command} status`),
      ),
  );
}
