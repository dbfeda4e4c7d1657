import { h } from './dom.js';

let close = () => {};

/**
 * Opens a small panel at an element: one at a time, closed by Escape, a click elsewhere or a choice; arrow keys walk its buttons.
 * @param {HTMLElement} anchor
 * @param {{ class?: string, label: string, content: readonly import('./dom.js').Child[] }} options
 */
export function popover(anchor, { class: extra = '', label, content }) {
  const again = anchor.getAttribute('aria-expanded') === 'true';
  close();
  if (again) return;
  const panel = h('div', { class: `popover ${extra}`, role: 'dialog', 'aria-label': label }, ...content);
  anchor.setAttribute('aria-expanded', 'true');
  document.body.append(panel);
  place(panel, anchor.getBoundingClientRect());
  const focusable = () => [...panel.querySelectorAll('button, input, a')];
  focusable()[0]?.focus();

  const onKey = (event) => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      end();
      anchor.focus();
      return;
    }
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (step === undefined || event.target instanceof HTMLInputElement) return;
    event.preventDefault();
    const all = focusable();
    const at = all.indexOf(document.activeElement);
    all[(at + step + all.length) % all.length]?.focus();
  };
  const onDown = (event) => {
    if (!panel.contains(event.target) && !anchor.contains(event.target)) end();
  };
  function end() {
    panel.remove();
    anchor.setAttribute('aria-expanded', 'false');
    document.removeEventListener('pointerdown', onDown, true);
    document.removeEventListener('keydown', onKey, true);
    close = () => {};
  }
  document.addEventListener('pointerdown', onDown, true);
  document.addEventListener('keydown', onKey, true);
  close = end;
}

export function closePopover() {
  close();
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

/** A menu's entry. @param {string} text @param {() => void} choose @param {import('./dom.js').Child[]} [rest] */
export function entry(text, choose, rest = []) {
  return h(
    'button',
    {
      class: 'entry',
      type: 'button',
      onclick: () => {
        close();
        choose();
      },
    },
    ...rest,
    h('span', null, text),
  );
}
