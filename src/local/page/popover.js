import { h } from './dom.js';
import { keepFocus } from './focus.js';

let close = (_back) => {};

/**
 * Opens a small panel at an element or a point: one at a time, closed by Escape, a click elsewhere or a choice; arrow keys walk its
 * buttons, Home and End jump, and the focus goes back to where it came from.
 * @param {HTMLElement | { x: number, y: number, back: HTMLElement }} anchor
 * @param {{ class?: string, label: string, content: readonly import('./dom.js').Child[] }} options
 */
export function popover(anchor, { class: extra = '', label, content }) {
  const opener = anchor instanceof HTMLElement ? anchor : null;
  const back = anchor instanceof HTMLElement ? anchor : anchor.back;
  const giveBack = keepFocus(back);
  const again = opener?.getAttribute('aria-expanded') === 'true';
  close(false);
  if (again) return;
  const panel = h('div', { class: `popover ${extra}`, role: 'dialog', 'aria-label': label }, ...content);
  opener?.setAttribute('aria-expanded', 'true');
  // A form is above the page; what opens in it has to be, too.
  (back.closest('dialog') ?? document.body).append(panel);
  const box = opener?.getBoundingClientRect() ?? new DOMRect(anchor.x, anchor.y, 0, 0);
  place(panel, box);
  const focusable = () => [...panel.querySelectorAll('button, input, a')];
  focusable()[0]?.focus();

  const onKey = (event) => {
    if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      end(true);
      return;
    }
    const all = focusable();
    if (event.key === 'Tab') {
      const leaving = event.shiftKey ? all[0] : all.at(-1);
      if (document.activeElement !== leaving) return;
      event.preventDefault();
      (event.shiftKey ? all.at(-1) : all[0])?.focus();
      return;
    }
    const inText = event.target instanceof HTMLInputElement;
    if (inText && event.key !== 'ArrowDown') return;
    const at = all.indexOf(document.activeElement);
    const down = inText ? 1 : columnsOf(all[at]);
    const next = { ArrowDown: at + down, ArrowUp: at - down, ArrowRight: at + 1, ArrowLeft: at - 1 }[event.key];
    const to = { Home: 0, End: all.length - 1 }[event.key] ?? next;
    if (to === undefined) return;
    event.preventDefault();
    all[(to + all.length) % all.length]?.focus();
  };
  const onDown = (event) => {
    if (!panel.contains(event.target) && !opener?.contains(event.target)) end(false);
  };
  function end(toBack) {
    panel.remove();
    opener?.setAttribute('aria-expanded', 'false');
    document.removeEventListener('pointerdown', onDown, true);
    document.removeEventListener('keydown', onKey, true);
    close = () => {};
    if (toBack) giveBack();
  }
  document.addEventListener('pointerdown', onDown, true);
  document.addEventListener('keydown', onKey, true);
  close = end;
}

/** How many buttons stand in a row: one in a menu, eight in the emoji grid. */
function columnsOf(button) {
  const grid = button?.closest('.emoji-grid');
  return grid === null || grid === undefined ? 1 : getComputedStyle(grid).gridTemplateColumns.split(' ').length;
}

/** Closes what is open; with `toBack` the focus goes back to where it came from. */
export function closePopover(toBack = false) {
  close(toBack);
}

function place(panel, box) {
  const gap = 6;
  const { offsetWidth: width, offsetHeight: height } = panel;
  const below = box.bottom + gap + height <= innerHeight || box.top < height + gap;
  const top = below ? Math.min(box.bottom + gap, innerHeight - height - gap) : box.top - height - gap;
  const left = Math.max(gap, Math.min(box.left, innerWidth - width - gap));
  panel.style.setProperty('top', `${Math.max(gap, top)}px`);
  panel.style.setProperty('left', `${left}px`);
}

/**
 * A menu's entry.
 * @param {import('./dom.js').Child} words @param {() => void} choose @param {import('./dom.js').Child[]} [lead] @param {string} [key]
 */
export function entry(words, choose, lead = [], key = '') {
  return h(
    'button',
    {
      class: 'entry',
      type: 'button',
      'aria-keyshortcuts': key || null,
      onclick: () => {
        close(true);
        choose();
      },
    },
    ...lead,
    h('span', { class: 'entry-words' }, words),
    key && h('kbd', { 'aria-hidden': 'true' }, key),
  );
}
