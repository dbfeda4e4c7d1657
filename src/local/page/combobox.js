import { h, icon } from './dom.js';

/**
 * @typedef {{ value: string, text: string, detail?: string, group?: string, mark?: () => Node }} Offer
 * @typedef {{ id?: string, placeholder: string, many: boolean, chosen: readonly Offer[], autofocus?: boolean, max?: number,
 *   describedBy?: string, offers: (typed: string) => Promise<{ offers: readonly Offer[], note?: string }>,
 *   choose: (values: readonly string[]) => void }} ComboOptions
 */

const askAfterMs = 160;
let made = 0;

/**
 * A box that offers what matches as one types: arrows walk, Enter takes, Escape closes the list alone, Backspace in an empty box takes
 * the last of several away.
 * @param {ComboOptions} options
 */
export function combobox(options) {
  made += 1;
  const listId = `offers-${made}`;
  let chosen = [...options.chosen];
  /** @type {readonly Offer[]} */
  let offers = [];
  let at = -1;
  let asked = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const text = () => (options.many ? '' : (chosen[0]?.text ?? ''));

  const list = h('div', { class: 'combo-list', id: listId, role: 'listbox', popover: 'manual', tabindex: '-1' });
  const input = h('input', {
    id: options.id,
    class: 'combo-input',
    type: 'text',
    role: 'combobox',
    autocomplete: 'off',
    spellcheck: 'false',
    'aria-autocomplete': 'list',
    'aria-expanded': 'false',
    'aria-controls': listId,
    'aria-describedby': options.describedBy,
    'aria-label': options.id ? null : options.placeholder,
    autofocus: options.autofocus,
    placeholder: options.placeholder,
    value: text(),
    oninput: () => ask(input.value),
    onclick: () => open() || ask(''),
    onfocus: () => input.select(),
    onblur: leave,
    onkeydown: key,
  });
  const chips = h('span', { class: 'combo-chips' });
  const clear = h(
    'button',
    { class: 'combo-clear', type: 'button', tabindex: '-1', 'aria-label': 'Clear', onclick: () => take(null) },
    icon('close'),
  );
  const box = h('span', { class: 'combo field' }, chips, input, clear, icon('down'), list);
  show();

  const open = () => input.getAttribute('aria-expanded') === 'true';

  function show() {
    box.classList.toggle('has-choice', chosen.length > 0 && !options.many);
    input.placeholder = options.many && chosen.length > 0 ? '' : options.placeholder;
    chips.replaceChildren(
      ...(options.many
        ? chosen.map((each) =>
            h(
              'span',
              { class: 'chip' },
              each.text,
              h(
                'button',
                { type: 'button', 'aria-label': `Remove ${each.text}`, onclick: () => drop(each.value) },
                icon('close'),
              ),
            ),
          )
        : []),
    );
  }

  /** Asks for what fits; only the newest question's answer is shown. */
  function ask(typed) {
    clearTimeout(timer);
    asked += 1;
    const mine = asked;
    timer = setTimeout(
      async () => {
        const found = await options.offers(typed.trim());
        if (mine !== asked || document.activeElement !== input) return;
        const many = new Set(options.many ? chosen.map((each) => each.value) : []);
        offers = found.offers.filter((each) => !many.has(each.value));
        at = offers.findIndex((each) => each.value === chosen[0]?.value);
        if (at < 0 && typed !== '' && offers.length > 0) at = 0;
        const all = typed === '' && found.offers.length > 0;
        draw(found.note ?? (offers.length > 0 ? '' : all ? 'Everything is chosen.' : 'Nothing fits.'));
      },
      typed === '' ? 0 : askAfterMs,
    );
  }

  function draw(note) {
    let group = '';
    list.replaceChildren(
      ...offers.flatMap((offer, index) => {
        const head = offer.group && offer.group !== group ? [h('div', { class: 'combo-group' }, offer.group)] : [];
        group = offer.group ?? '';
        const line = h(
          'div',
          {
            class: 'combo-offer',
            id: `${listId}-${index}`,
            role: 'option',
            'aria-selected': 'false',
            onmousedown: (event) => {
              event.preventDefault();
              take(offer);
            },
          },
          offer.mark?.(),
          h('span', null, offer.text),
          offer.detail && h('small', null, offer.detail),
        );
        return [...head, line];
      }),
      ...(note ? [h('div', { class: 'combo-note', role: 'status' }, note)] : []),
    );
    if (!list.matches(':popover-open')) list.showPopover();
    input.setAttribute('aria-expanded', 'true');
    place();
    mark();
  }

  /** Under the box, or above it where there is more room. */
  function place() {
    const edge = box.getBoundingClientRect();
    const below = innerHeight - edge.bottom;
    const above = below < 220 && edge.top > below;
    const room = Math.min(280, (above ? edge.top : below) - 12);
    list.style.setProperty('left', `${edge.left}px`);
    list.style.setProperty('width', `${Math.max(edge.width, 220)}px`);
    list.style.setProperty('max-height', `${room}px`);
    list.style.setProperty('top', above ? 'auto' : `${edge.bottom + 4}px`);
    list.style.setProperty('bottom', above ? `${innerHeight - edge.top + 4}px` : 'auto');
  }

  function mark() {
    for (const [index] of offers.entries()) {
      const line = document.getElementById(`${listId}-${index}`);
      line?.setAttribute('aria-selected', index === at ? 'true' : 'false');
      if (index === at) line?.scrollIntoView({ block: 'nearest' });
    }
    if (at >= 0) input.setAttribute('aria-activedescendant', `${listId}-${at}`);
    else input.removeAttribute('aria-activedescendant');
  }

  function close() {
    clearTimeout(timer);
    asked += 1;
    if (list.isConnected && list.matches(':popover-open')) list.hidePopover();
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  }

  function take(offer) {
    if (offer === null) chosen = [];
    else if (!options.many) chosen = [offer];
    else if (chosen.length < (options.max ?? Number.POSITIVE_INFINITY)) chosen = [...chosen, offer];
    close();
    input.value = text();
    show();
    input.focus();
    options.choose(chosen.map((each) => each.value));
  }

  function drop(value) {
    chosen = chosen.filter((each) => each.value !== value);
    show();
    input.focus();
    options.choose(chosen.map((each) => each.value));
  }

  /** What was typed and not taken is no choice. */
  function leave() {
    close();
    if (!options.many && input.value.trim() === '' && chosen.length > 0) {
      chosen = [];
      show();
      options.choose([]);
    }
    input.value = text();
  }

  function key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      if (!open()) return ask('');
      at = offers.length === 0 ? -1 : (at + step + offers.length) % offers.length;
      return mark();
    }
    if (event.key === 'Enter' && open() && !event.metaKey && !event.ctrlKey) {
      event.preventDefault();
      const offer = offers[at];
      return offer === undefined ? close() : take(offer);
    }
    if (event.key === 'Escape' && open()) {
      event.preventDefault();
      event.stopPropagation();
      input.value = text();
      return close();
    }
    if (event.key === 'Backspace' && input.value === '' && options.many && chosen.length > 0) drop(chosen.at(-1).value);
  }

  return box;
}
