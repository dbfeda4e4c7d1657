import { avatar } from './avatar.js';
import { fill, h, icon } from './dom.js';
import { walkList } from './keys.js';
import { entry, popover } from './popover.js';
import { store } from './store.js';

/** Workspace, channels, and who you are. @param {{ open: (channel: string) => void }} actions */
export function sidebar(actions) {
  const node = h('nav', { class: 'sidebar', 'aria-label': 'Channels' });
  let drawn = '';
  walkList(node, '.channel-line');

  function draw() {
    const key = JSON.stringify([
      store.me,
      store.channelId,
      store.online,
      store.state.connections,
      store.channels().map((each) => [each.id, each.is_archived, store.unread(each.id)]),
    ]);
    if (key === drawn) return;
    drawn = key;
    const focused = node.contains(document.activeElement) ? document.activeElement?.dataset.channel : undefined;
    const channels = store.channels().filter((each) => !each.is_im && !each.is_archived);
    const archived = store.channels().filter((each) => !each.is_im && each.is_archived);
    const direct = store.channels().filter((each) => each.is_im);
    fill(
      node,
      h(
        'header',
        { class: 'workspace' },
        h('span', { class: 'workspace-mark', 'aria-hidden': 'true' }, store.state.team.name.charAt(0)),
        h(
          'div',
          null,
          h('strong', null, store.state.team.name),
          h('span', { class: 'workspace-note' }, 'local workspace'),
        ),
      ),
      h(
        'div',
        { class: 'sidebar-scroll' },
        h('h2', null, 'Channels'),
        h('ul', null, channels.map(channelLine)),
        direct.length > 0 && h('h2', null, 'Direct messages'),
        direct.length > 0 && h('ul', null, direct.map(channelLine)),
        archived.length > 0 && h('h2', null, 'Archived'),
        archived.length > 0 && h('ul', null, archived.map(channelLine)),
      ),
      presence(),
      you(),
      hint(),
    );
    if (focused) node.querySelector(`[data-channel="${focused}"]`)?.focus();
  }

  function channelLine(channel) {
    const { count, mentions } = store.unread(channel.id);
    const other = channel.is_im ? store.user(channel.members.find((each) => each !== store.me)) : undefined;
    const current = channel.id === store.channelId;
    const name = other?.real_name ?? channel.name;
    const mark = other
      ? avatar(other, 'small')
      : icon(channel.is_private ? 'lock' : channel.is_ext_shared ? 'shared' : 'hash');
    return h(
      'li',
      null,
      h(
        'button',
        {
          class: `channel-line ${current ? 'current' : ''} ${count > 0 && !current ? 'unread' : ''}`,
          type: 'button',
          'aria-current': current ? 'page' : null,
          'data-channel': channel.id,
          onclick: () => actions.open(channel.id),
        },
        mark,
        h('span', { class: 'channel-name' }, name),
        !other &&
          !channel.members.includes(store.state.botUserId) &&
          h('span', { class: 'channel-without', title: `${store.bot.real_name} is not in this channel` }, 'no Errand'),
        mentions > 0 && !current
          ? h('span', { class: 'count', 'aria-label': `${mentions} mentions` }, mentions)
          : count > 0 && !current && h('span', { class: 'dot', role: 'img', 'aria-label': 'Unread' }),
      ),
    );
  }

  function presence() {
    const { connections } = store.state;
    const [words, kind] = !store.online
      ? ['Reconnecting to the workspace', 'off']
      : connections === null
        ? ['Errand is called over HTTP', 'on']
        : connections > 0
          ? ['Errand is connected', 'on']
          : ['Errand is not connected', 'off'];
    return h(
      'p',
      { class: `presence ${kind}`, role: 'status' },
      h('span', { class: 'presence-dot', 'aria-hidden': 'true' }),
      words,
    );
  }

  function you() {
    const me = store.user(store.me);
    return h(
      'button',
      {
        class: 'you',
        type: 'button',
        'aria-haspopup': 'true',
        'aria-label': `You are ${me.real_name}. Change person`,
        onclick: (event) => switcher(event.currentTarget),
      },
      avatar(me),
      h('span', { class: 'you-words' }, h('span', { class: 'you-lead' }, 'You are'), h('strong', null, me.real_name)),
      icon('down'),
    );
  }

  /** An errand takes two people: who the other one is, and how to be them. */
  function hint() {
    const [asks, approves] = store.state.users;
    const other = store.me === asks.id ? approves : asks;
    const name = other.real_name.split(' ')[0];
    return h(
      'p',
      { class: 'people-hint' },
      `${name} ${other === asks ? roles[0] : roles[1]}`,
      h('kbd', null, other === asks ? 'Alt 1' : 'Alt 2'),
    );
  }

  return { node, draw };
}

const roles = ['asks', 'approves'];

/** Asks who to be. @param {HTMLElement} anchor */
export function switcher(anchor) {
  const people = store.state.users.filter((each) => !each.is_bot && !each.deleted && !each.is_stranger);
  popover(anchor, {
    class: 'switcher',
    label: 'Who are you?',
    content: [
      h('p', { class: 'popover-lead' }, 'One person asks, another approves. Be either.'),
      ...people.map((each, index) =>
        h(
          'span',
          { class: each.id === store.me ? 'chosen' : '' },
          entry(each.real_name, () => store.become(each.id), [avatar(each, 'small')]),
          h(
            'span',
            { class: 'role' },
            roles[index] ?? (each.is_restricted ? 'guest, may not ask' : each.title.toLowerCase()),
          ),
          index < 2 && h('kbd', null, `Alt ${index + 1}`),
        ),
      ),
    ],
  });
}
