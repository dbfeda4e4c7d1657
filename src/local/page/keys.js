import { edit, messageMenu } from './message-menu.js';
import { closePopover } from './popover.js';
import { pick, react } from './reactions.js';
import { store } from './store.js';

/**
 * The keyboard's way through a list of messages: one of them is a stop of Tab, arrows walk, and a letter acts on the one that has the
 * focus.
 * @param {HTMLElement} list @param {{ inThread: boolean, openThread: (ts: string) => void, leave: () => void }} context
 */
export function walkMessages(list, context) {
  const all = () => [...list.querySelectorAll('.message')];
  const stop = (message) => {
    for (const each of all()) each.tabIndex = each === message ? 0 : -1;
  };
  const go = (message) => {
    if (message === undefined) return;
    stop(message);
    message.focus();
    message.scrollIntoView({ block: 'nearest' });
  };

  list.addEventListener('focusin', (event) => stop(event.target.closest('.message')));
  list.addEventListener('contextmenu', (event) => {
    const node = event.target.closest('.message');
    const message = subjectOf(node);
    if (message === undefined || event.target.closest('a, input, textarea')) return;
    if (String(getSelection()) !== '') return;
    event.preventDefault();
    // The menu key has no place of its own: it opens where the message is.
    const byKey = event.clientX === 0 && event.clientY === 0;
    messageMenu(byKey ? insideOf(node) : { x: event.clientX, y: event.clientY, back: node }, message, context);
  });
  list.addEventListener('keydown', (event) => {
    const node = event.target.closest('.message');
    if (node === null || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.target !== node) {
      if (event.key !== 'Escape') return;
      event.stopPropagation();
      return go(node);
    }
    const messages = all();
    const at = messages.indexOf(node);
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: messages.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      if (to >= messages.length) return context.leave();
      return go(messages[Math.max(0, to)]);
    }
    if (event.key === 'Escape') {
      event.stopPropagation();
      return context.leave();
    }
    if (act(event.key, node, subjectOf(node))) event.preventDefault();
  });

  function insideOf(node) {
    const box = node.getBoundingClientRect();
    const top = list.parentElement?.getBoundingClientRect().top ?? 0;
    return { x: box.left + 68, y: Math.max(box.top, top) + 34, back: node };
  }

  function subjectOf(node) {
    return node === null || node.classList.contains('ephemeral')
      ? undefined
      : store.message(store.channelId, node.dataset.ts);
  }

  function act(key, node, message) {
    if (message === undefined) return false;
    switch (key.toLowerCase()) {
      case 'enter':
      case 't':
        if (context.inThread) return false;
        context.openThread(message.thread_ts ?? message.ts);
        return true;
      case 'r':
        pick(node, (name) => react(message, name, true));
        return true;
      case 'm':
        messageMenu(insideOf(node), message, context);
        return true;
      case 'e':
        if (message.user !== store.me) return false;
        edit(message);
        return true;
      default:
        return false;
    }
  }

  return {
    /** After a drawing: there is always one stop, the newest where nobody has been. */
    settle() {
      const messages = all();
      if (!messages.some((each) => each.tabIndex === 0)) stop(messages.at(-1));
    },
    /** Into the list, at its newest message. */
    enter: () => go(all().at(-1)),
  };
}

/** F6 goes around the parts of the page, as it does in Slack. */
export function walkParts() {
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'F6' || document.querySelector('dialog[open]')) return;
    event.preventDefault();
    closePopover();
    const parts = [
      '.sidebar .channel-line.current',
      'main .message[tabindex="0"]',
      'main .composer-text',
      '.thread .message[tabindex="0"]',
      '.thread .composer-text',
    ]
      .map((each) => document.querySelector(each))
      .filter((each) => each instanceof HTMLElement && each.offsetParent !== null);
    const regions = ['.sidebar', 'main .scroll', 'main .composer-place', '.thread .scroll', '.thread .composer-place'];
    const here = regions.findIndex((each) => document.activeElement?.closest(each));
    const at = parts.findIndex((each) => here >= 0 && each.closest(regions[here] ?? ''));
    const step = event.shiftKey ? -1 : 1;
    parts[(at + step + parts.length) % parts.length]?.focus();
  });
}

/** Arrows walk a list of buttons. @param {HTMLElement} list @param {string} buttons */
export function walkList(list, buttons) {
  list.addEventListener('keydown', (event) => {
    const all = [...list.querySelectorAll(buttons)];
    const at = all.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    all[Math.min(Math.max(to, 0), all.length - 1)]?.focus();
  });
}
