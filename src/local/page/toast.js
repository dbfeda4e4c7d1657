import { h, icon } from './dom.js';

/** Says something in passing, for six seconds. @param {string} text */
export function toast(text) {
  const place = document.getElementById('toasts');
  const note = h(
    'div',
    { class: 'toast', role: 'status' },
    h('span', null, text),
    h('button', { class: 'icon-button', 'aria-label': 'Dismiss', onclick: () => note.remove() }, icon('close')),
  );
  place?.append(note);
  setTimeout(() => note.remove(), 6000);
}
