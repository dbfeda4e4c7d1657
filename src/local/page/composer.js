import { post } from './api.js';
import { attachments } from './attachments.js';
import { complete } from './completion.js';
import { h, icon } from './dom.js';
import { shortcutMenu } from './message-menu.js';
import { pick } from './reactions.js';
import { store } from './store.js';
import { toast } from './toast.js';

const growTo = 320;
let composers = 0;

/**
 * A box to write in: Enter sends, Shift+Enter makes a line, and Enter inside an open code fence makes a line too. `/`, `@`, `#` and `:`
 * complete what is typed.
 * @param {{ placeholder: () => string, target: () => { channel: string, thread_ts?: string }, draftKey: () => string, slash: boolean,
 *   up: () => void }} options
 */
export function composer(options) {
  composers += 1;
  const listId = `suggestions-${composers}`;
  const list = h('div', {
    class: 'suggestions',
    id: listId,
    role: 'listbox',
    'aria-label': 'Suggestions',
    hidden: true,
  });
  const area = h('textarea', {
    class: 'composer-text',
    rows: '1',
    'aria-label': 'Message',
    'aria-autocomplete': 'list',
    'aria-controls': listId,
    spellcheck: 'true',
    oninput: changed,
    onkeydown: key,
    onblur: () => setTimeout(() => suggest([]), 150),
  });
  const send = h(
    'button',
    { class: 'send', type: 'button', 'aria-label': 'Send', title: 'Send (Enter)', onclick: submit },
    icon('send'),
  );
  const tool = (name, sign, act) => {
    const button = h(
      'button',
      { class: 'icon-button', type: 'button', 'aria-label': name, title: name, onclick: () => act(button) },
      icon(sign),
    );
    return button;
  };
  const tools = [
    tool('Attach files', 'clip', () => files.choose()),
    tool('Shortcuts', 'bolt', shortcutMenu),
    tool('Emoji', 'smile', (button) => pick(button, (name) => insert(`:${name}: `))),
  ];
  const hint = h('span', { class: 'composer-hint' });
  const box = h(
    'form',
    { class: 'composer', onsubmit: (event) => event.preventDefault() },
    list,
    area,
    h('div', { class: 'composer-bar' }, ...tools, hint, send),
  );
  const files = attachments(box, () => changed());
  area.after(files.list);
  let chosen = 0;
  /** @type {{ insert: string, nodes: any[], detail: string }[]} */
  let offers = [];
  let drawnKey = '';

  function draw() {
    area.placeholder = options.placeholder();
    if (drawnKey === options.draftKey()) return;
    drawnKey = options.draftKey();
    area.value = sessionStorage.getItem(`draft:${drawnKey}`) ?? '';
    changed();
  }

  function changed() {
    sessionStorage.setItem(`draft:${options.draftKey()}`, area.value);
    const command = area.value.startsWith('/');
    area.classList.toggle('is-command', command && options.slash);
    grow();
    send.classList.toggle('ready', (area.value.trim() !== '' || files.ids.length > 0) && !files.busy);
    hint.textContent =
      command && options.slash
        ? 'Enter runs the command, Shift + Enter makes a line'
        : 'Enter sends, Shift + Enter makes a line';
    suggest(document.activeElement === area ? complete(area.value.slice(0, area.selectionStart), options.slash) : []);
  }

  /** As high as what is written, at the width that the box has now. */
  function grow() {
    area.style.setProperty('height', 'auto');
    area.style.setProperty('height', `${Math.min(area.scrollHeight, growTo)}px`);
  }

  let width = 0;
  new ResizeObserver(() => {
    if (area.clientWidth === width) return;
    width = area.clientWidth;
    grow();
  }).observe(area);

  function suggest(next) {
    offers = next;
    chosen = 0;
    list.hidden = offers.length === 0;
    point();
    list.replaceChildren(
      ...offers.map((offer, index) =>
        h(
          'button',
          {
            class: `suggestion ${index === chosen ? 'chosen' : ''}`,
            type: 'button',
            role: 'option',
            id: `${listId}-${index}`,
            tabindex: '-1',
            'aria-selected': index === chosen ? 'true' : 'false',
            onmousedown: (event) => {
              event.preventDefault();
              take(offer);
            },
          },
          ...offer.nodes,
          h('span', { class: 'detail' }, offer.detail),
        ),
      ),
    );
  }

  /** What a screen reader says while arrows walk the list. */
  function point() {
    if (offers.length > 0) area.setAttribute('aria-activedescendant', `${listId}-${chosen}`);
    else area.removeAttribute('aria-activedescendant');
  }

  function take(offer) {
    const at = area.selectionStart;
    area.setRangeText(offer.insert, at - offer.replace, at, 'end');
    area.focus();
    changed();
    suggest([]);
  }

  function insert(text) {
    area.setRangeText(text, area.selectionStart, area.selectionEnd, 'end');
    area.focus();
    changed();
  }

  function key(event) {
    if (event.isComposing) return;
    if (offers.length > 0) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step !== undefined) {
        event.preventDefault();
        chosen = (chosen + step + offers.length) % offers.length;
        for (const [index, node] of [...list.children].entries()) {
          node.classList.toggle('chosen', index === chosen);
          node.setAttribute('aria-selected', index === chosen ? 'true' : 'false');
        }
        point();
        return;
      }
      const offer = offers[chosen];
      const whole = offer !== undefined && area.value.slice(0, area.selectionStart).endsWith(offer.insert.trim());
      if (offer !== undefined && (event.key === 'Tab' || (event.key === 'Enter' && !whole && !event.shiftKey))) {
        event.preventDefault();
        take(offer);
        return;
      }
      if (event.key === 'Escape') {
        event.stopPropagation();
        suggest([]);
        return;
      }
    }
    if (event.key === 'ArrowUp' && area.value === '') {
      event.preventDefault();
      // Once for what was sent last, again for the messages above.
      const last = sessionStorage.getItem(`sent:${options.draftKey()}`);
      if (last !== null && !event.shiftKey) {
        area.value = last;
        changed();
      } else options.up();
      return;
    }
    if (event.key !== 'Enter' || event.shiftKey) return;
    const open = (area.value.slice(0, area.selectionStart).match(/```/g) ?? []).length % 2 === 1;
    if (open && !event.metaKey && !event.ctrlKey) return;
    event.preventDefault();
    submit();
  }

  async function submit() {
    const text = area.value.trim();
    if (files.busy || (text === '' && files.ids.length === 0)) return;
    const target = options.target();
    const command = /^\/\S+/.exec(text)?.[0];
    if (command !== undefined && !options.slash) {
      toast(`Slack has no commands in threads. Write @${store.bot.real_name} instead.`);
      return;
    }
    if (command !== undefined && files.ids.length > 0) {
      toast(`Slack's commands take no files. Write @${store.bot.real_name} and what to do, with the files.`);
      return;
    }
    box.classList.add('pending');
    try {
      if (command !== undefined)
        await post('/command', {
          user: store.me,
          channel: target.channel,
          command,
          text: text.slice(command.length).trim(),
        });
      else await post('/message', { user: store.me, ...target, text, files: files.ids });
      sessionStorage.setItem(`sent:${options.draftKey()}`, text);
      area.value = '';
      files.clear();
    } catch (error) {
      // What was typed stays in the box; why was said.
      console.info(error.message);
    } finally {
      box.classList.remove('pending');
      // Whoever went elsewhere meanwhile stays there.
      if (box.contains(document.activeElement) || document.activeElement === document.body) area.focus();
    }
  }

  return {
    node: box,
    draw,
    /** @param {string} text */
    fill(text) {
      area.value = text;
      area.focus();
      area.setSelectionRange(text.length, text.length);
      changed();
      suggest([]);
    },
    focus: () => area.focus(),
    attach: (list) => void files.add(list),
    get empty() {
      return area.value === '';
    },
  };
}
