import { post, shown } from './api.js';
import { h, icon } from './dom.js';
import { emoji, emojiNames, useful } from './emoji.js';
import { closePopover, popover } from './popover.js';
import { store } from './store.js';

/** What people reacted with, each a button that adds or takes off one's own. @param {any} message */
export function reactions(message) {
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

/** Adds one's own reaction or takes it off. @param {any} message @param {string} name @param {boolean} present */
export function react(message, name, present) {
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
