import { h, icon } from './dom.js';
import { emoji } from './emoji.js';
import { messageMenu } from './message-menu.js';
import { pick, react } from './reactions.js';

/** What can be done with a message: react, reply, and the rest in a menu. @param {any} message @param {any} context */
export function toolbar(message, context) {
  const tool = (label, onclick, sign, title = label) =>
    h('button', { class: 'icon-button', type: 'button', 'aria-label': label, title, onclick }, sign);
  const quick = (name) => tool(`React with :${name}:`, () => react(message, name, true), emoji(name), `:${name}:`);
  return h(
    'div',
    { class: 'toolbar', role: 'toolbar', 'aria-label': 'Message actions' },
    h('span', { class: 'quick' }, ['white_check_mark', 'octagonal_sign', 'repeat', 'robot_face'].map(quick)),
    tool(
      'Add a reaction',
      (event) => pick(event.currentTarget, (name) => react(message, name, true)),
      icon('smile'),
      'Add a reaction (R)',
    ),
    !context.inThread &&
      tool(
        'Reply in thread',
        () => context.openThread(message.thread_ts ?? message.ts),
        icon('reply'),
        'Reply in thread (T)',
      ),
    h(
      'button',
      {
        class: 'icon-button more',
        type: 'button',
        'aria-label': 'More',
        'aria-haspopup': 'menu',
        title: 'More (M)',
        onclick: (event) => messageMenu(event.currentTarget, message, context),
      },
      icon('more'),
    ),
  );
}
