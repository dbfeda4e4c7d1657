import { focusLike } from './focus.js';

/**
 * @typedef {string | number | Node | null | undefined | false | readonly Child[]} Child
 * @typedef {Record<string, unknown>} Props
 */

/**
 * Makes an element. Text is only ever set as text, so nothing that a message says can become markup.
 * `on…` are listeners, `class` and `aria-…` are attributes, `false` and `null` leave an attribute out.
 * @param {string} tag
 * @param {Props | null} [props]
 * @param {...Child} children
 * @returns {HTMLElement}
 */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'value') element.value = value;
    else if (name === 'dataset') Object.assign(element.dataset, value);
    else if (name === 'color') element.style.setProperty('--color', value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  append(element, children);
  return element;
}

/** @param {Node} parent @param {readonly Child[]} children */
export function append(parent, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === '') continue;
    parent.appendChild(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** Replaces what is inside. @param {HTMLElement} parent @param {...Child} children */
export function fill(parent, ...children) {
  parent.replaceChildren();
  append(parent, children);
}

/**
 * An icon of the page's own set, drawn in the current colour.
 * @param {string} name
 * @param {string} [label] what it says where no words do
 */
export function icon(name, label) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('viewBox', '0 0 20 20');
  if (label) {
    svg.setAttribute('role', 'img');
    svg.setAttribute('aria-label', label);
  } else {
    svg.setAttribute('aria-hidden', 'true');
  }
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', paths[name] ?? '');
  svg.appendChild(path);
  return svg;
}

const paths = {
  hash: 'M7.5 3 6 17M14 3l-1.5 14M3.5 7.5h13.5M3 12.5h13.5',
  lock: 'M5 9h10v8H5zM7 9V6.5a3 3 0 0 1 6 0V9',
  close: 'M5 5l10 10M15 5L5 15',
  menu: 'M3 5.5h14M3 10h14M3 14.5h14',
  back: 'M12 4l-6 6 6 6',
  send: 'M3.5 10h12M11 5l5 5-5 5',
  down: 'M5 8l5 5 5-5',
  right: 'M8 5l5 5-5 5',
  check: 'M4 10.5l4 4 8-9',
  smile: 'M10 3a7 7 0 1 1 0 14a7 7 0 0 1 0-14M7.2 8.2v.6M12.8 8.2v.6M6.8 11.8c1.8 2.6 4.6 2.6 6.4 0',
  reply: 'M4 4.5h12v8.5H9l-3.5 3v-3H4z',
  more: 'M4.6 10a.6.6 0 1 0 .01 0M10 10a.6.6 0 1 0 .01 0M15.4 10a.6.6 0 1 0 .01 0',
  shared: 'M7 10a3 3 0 1 1 6 0a3 3 0 0 1-6 0M3 10a7 7 0 0 1 14 0a7 7 0 0 1-14 0',
  file: 'M5 3h6l4 4v10H5zM11 3v4h4',
  branch: 'M6 4v12M6 16a1.6 1.6 0 1 0 .01 0M6 4a1.6 1.6 0 1 0-.01 0M14 4a1.6 1.6 0 1 0 .01 0M14 7c0 4-8 2-8 6',
  merge: 'M6 4v12M6 16a1.6 1.6 0 1 0 .01 0M6 4a1.6 1.6 0 1 0-.01 0M14 11a1.6 1.6 0 1 0 .01 0M6 5c0 4 3 6 6.4 6',
  link: 'M8 12l4-4M9 6l1.5-1.5a3.2 3.2 0 0 1 5 4.5L14 10.500M11 14l-1.500 1.500a3.200 3.200 0 0 1-5-4.500L6 9.500',
  external: 'M8 4H4v12h12v-4M11 4h5v5M16 4l-7 7',
  eye: 'M2.500 10c4-6.500 11-6.500 15 0c-4 6.500-11 6.500-15 0M10 8a2 2 0 1 1-.010 0',
  clock: 'M10 3a7 7 0 1 1-.010 0M10 6v4.300l2.800 1.700',
  cross: 'M6 6l8 8M14 6l-8 8',
  bolt: 'M11 2.500L4.500 11.500H9.500L9 17.500L15.500 8.500H10.500z',
  clip: 'M14.500 9.500l-5 5a3.200 3.200 0 0 1-4.600-4.600l5.800-5.800a2.100 2.100 0 0 1 3.100 3.100l-5.700 5.700a1 1 0 0 1-1.500-1.500l5-5',
  plus: 'M10 4v12M4 10h12',
  download: 'M10 3.500v9M6 9l4 4l4-4M4 16.500h12',
  stop: 'M4.500 4.500h11v11h-11z',
  edit: 'M4 16l.8-3.400L13 4.400l2.600 2.600l-8.200 8.200zM11.500 6l2.500 2.500',
  trash: 'M4 6h12M8 6V4h4v2M5.500 6l.8 10.500h7.400L14.500 6',
  github:
    'M6 4v12M6 16a1.600 1.600 0 1 0 .010 0M6 4a1.600 1.600 0 1 0-.010 0M14 11a1.600 1.600 0 1 0 .010 0M6 5c0 4 3 6 6.400 6',
  home: 'M3.500 9.500L10 4l6.500 5.500M5.500 8v8.500h9V8',
};

/**
 * Keeps a scrolled list at its end while it is there, whatever grows in it; a reader who scrolled up is left alone.
 * @param {HTMLElement} scroll @param {HTMLElement} list
 */
export function stickToEnd(scroll, list) {
  let stuck = true;
  const toEnd = () => {
    if (stuck) scroll.scrollTop = scroll.scrollHeight;
  };
  scroll.addEventListener('scroll', () => {
    stuck = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 60;
  });
  const observer = new ResizeObserver(toEnd);
  observer.observe(list);
  observer.observe(scroll);
  return () => {
    stuck = true;
    toEnd();
  };
}

/** A stamp like `14:05`, for epoch seconds. @param {number} seconds */
export function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}

/** The same without AM and PM, for a narrow place. @param {number} seconds */
export function clockShort(seconds) {
  return clock(seconds).replace(/\s?[AP]M$/i, '');
}

/** A day in words. @param {number} seconds */
export function day(seconds) {
  const date = new Date(seconds * 1000);
  const now = new Date();
  const yesterday = new Date(now.getTime() - 86_400_000);
  if (date.toDateString() === now.toDateString()) return 'Today';
  if (date.toDateString() === yesterday.toDateString()) return 'Yesterday';
  return date.toLocaleDateString([], { weekday: 'long', day: 'numeric', month: 'long' });
}

/** How long ago, roughly. @param {number} seconds */
export function ago(seconds) {
  const minutes = Math.floor((Date.now() / 1000 - seconds) / 60);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 60 * 24) return `${Math.floor(minutes / 60)} h ago`;
  return day(seconds);
}

/** The same as an element that goes on being true: `keepTime` writes it anew. @param {number} seconds */
export function agoLive(seconds) {
  const at = new Date(seconds * 1000);
  return h('time', { 'data-ago': seconds, datetime: at.toISOString(), title: at.toLocaleString() }, ago(seconds));
}

/** Lets every `agoLive` of the page grow older. */
export function keepTime() {
  setInterval(() => {
    for (const each of document.querySelectorAll('[data-ago]')) each.textContent = ago(Number(each.dataset.ago));
  }, 20_000);
}

/**
 * Brings a list's nodes in line with items, and keeps the nodes whose version is the same: focus, scroll and open menus stay.
 * @template Item
 * @param {HTMLElement} parent
 * @param {readonly Item[]} items
 * @param {{ key: (item: Item) => string, version: (item: Item) => unknown, render: (item: Item) => HTMLElement }} how
 */
export function reconcile(parent, items, how) {
  /** @type {Map<string, { node: HTMLElement, version: unknown }>} */
  const before = parent.nodesByKey ?? new Map();
  const after = new Map();
  let at = parent.firstChild;
  for (const item of items) {
    const key = how.key(item);
    const version = how.version(item);
    const known = before.get(key);
    const node = known !== undefined && known.version === version ? known.node : how.render(item);
    if (known?.node.hasAttribute('tabindex') && node !== known.node) node.tabIndex = known.node.tabIndex;
    if (known !== undefined && known.node !== node) {
      if (known.node === at) at = at.nextSibling;
      const focused = known.node.contains(document.activeElement) ? document.activeElement : null;
      known.node.replaceWith(node);
      if (focused !== null) focusLike(focused, known.node, node);
    }
    after.set(key, { node, version });
    if (node === at) at = at.nextSibling;
    // Putting it where it is already would take the focus away.
    else if (node.parentNode !== parent || node.nextSibling !== at) parent.insertBefore(node, at);
  }
  const kept = new Set([...after.values()].map(({ node }) => node));
  for (const child of [...parent.children]) if (!kept.has(child)) child.remove();
  parent.nodesByKey = after;
}
