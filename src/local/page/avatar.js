import { h, icon } from './dom.js';

/** Somebody's picture: initials on their colour. @param {any} user @param {string} [size] */
export function avatar(user, size = '') {
  if (user?.is_bot) return h('span', { class: `avatar bot ${size}`, 'aria-hidden': 'true' }, icon('bolt'));
  return h(
    'span',
    { class: `avatar ${size}`, color: `#${user?.color ?? '888888'}`, 'aria-hidden': 'true' },
    user?.initials ?? '?',
  );
}
