import { avatar } from './avatar.js';
import { h, icon } from './dom.js';
import { emoji } from './emoji.js';
import { store } from './store.js';

/**
 * The top of a channel. Before the first errand it says what to do: three steps, and what else to try.
 * @param {any} channel @param {boolean} fresh @param {{ fill: (text: string) => void }} write
 */
export function welcome(channel, fresh, write) {
  if (channel.is_im) return direct(channel);
  const member = channel.members.includes(store.state.botUserId);
  const open = !channel.is_archived && member && !channel.is_ext_shared;
  return h(
    'section',
    { class: 'welcome' },
    h('h2', null, icon(channel.is_private ? 'lock' : 'hash'), channel.name),
    h('p', null, channel.topic),
    channel.is_ext_shared &&
      h('p', { class: 'note' }, 'People from another company read along here, so Errand refuses.'),
    !member && h('p', { class: 'note' }, `Errand is not a member. Add it with /invite @${store.bot.real_name}.`),
    open && fresh && steps(),
    open && examples(write),
  );
}

function direct(channel) {
  const other = store.user(channel.members.find((each) => each !== store.me));
  return h(
    'section',
    { class: 'welcome' },
    avatar(other, 'large'),
    h('h2', null, other?.real_name ?? ''),
    h('p', null, `This is between you and ${other?.real_name}.`),
  );
}

/** The way of a first errand, with the two people that it takes. */
function steps() {
  const [asks, approves] = store.state.users;
  const step = (who, title, ...words) =>
    h('li', null, avatar(who), h('div', null, h('strong', null, title), h('p', null, ...words)));
  const first = (user) => user.real_name.split(' ')[0];
  return h(
    'ol',
    { class: 'steps' },
    step(
      asks,
      `${first(asks)} asks`,
      store.me === asks.id
        ? 'The box below already holds a request. Send it, and open its thread.'
        : `Become ${first(asks)} (Alt 1) and send what her box already holds.`,
    ),
    step(
      store.bot,
      'Errand works',
      'In a sandbox, one step after another, up to a pull request. A reply in the thread asks for more.',
    ),
    step(
      approves,
      `${first(approves)} approves`,
      `Become ${first(approves)} (Alt 2, or your name) and react `,
      emoji('white_check_mark'),
      ' to the result. That commit is merged.',
    ),
  );
}

function examples(write) {
  const { command, prefill } = store.state;
  const example = (title, text) =>
    h('button', { class: 'example', type: 'button', title: text, onclick: () => write.fill(text) }, title);
  return h(
    'div',
    { class: 'examples' },
    h('span', null, 'Try'),
    prefill !== '' && example('a script, without a model', prefill),
    example('an agent, in your own words', `${command} Fix the spelling in the README and keep the tests green`),
    example('what is going on', `${command} status`),
    example('help', `${command} help`),
  );
}
