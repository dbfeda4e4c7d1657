import { post } from './api.js';
import { h, icon } from './dom.js';
import { fileChip, upload } from './files.js';
import { store } from './store.js';
import { textObject } from './text.js';

/**
 * One line or several of text, an address, a number.
 * @param {any} spec @param {any} how
 */
export function field(spec, { id, kept, keep, describedBy, dispatch }) {
  const initial = spec.type === 'rich_text_input' ? plainOf(spec.initial_value) : spec.initial_value;
  const on = spec.dispatch_action_config?.trigger_actions_on ?? ['on_enter_pressed'];
  const common = {
    id,
    class: 'field',
    value: kept ?? initial ?? '',
    placeholder: spec.placeholder?.text,
    // Slack lets one type on, and counts.
    'aria-describedby': describedBy,
    autofocus: spec.focus_on_load,
    oninput: (event) => {
      keep(event.currentTarget.value);
      if (dispatch && on.includes('on_character_entered')) dispatch(event.currentTarget.value);
    },
    onkeydown: (event) => {
      if (event.key === 'Enter' && dispatch && on.includes('on_enter_pressed')) dispatch(event.currentTarget.value);
    },
  };
  if (spec.multiline || spec.type === 'rich_text_input') return grown(h('textarea', { ...common, rows: '3' }));
  const type = { email_text_input: 'email', url_text_input: 'url', number_input: 'text' }[spec.type] ?? 'text';
  const inputmode = spec.type === 'number_input' ? 'decimal' : null;
  return h('input', { ...common, type, inputmode });
}

/** A text box as high as its text, to a third of the window. */
function grown(area) {
  const grow = () => {
    area.style.setProperty('height', 'auto');
    area.style.setProperty('height', `${Math.min(Math.max(area.scrollHeight + 2, 84), innerHeight / 3)}px`);
  };
  area.addEventListener('input', grow);
  requestAnimationFrame(grow);
  return area;
}

const plainOf = (value) =>
  (value?.elements ?? [])
    .flatMap((each) => each.elements ?? [])
    .map((each) => each.text ?? '')
    .join('');

/** A day, a time, or both. @param {any} spec @param {any} how */
export function moment(spec, { id, kept, keep, describedBy }) {
  const both = spec.type === 'datetimepicker';
  const type = both ? 'datetime-local' : spec.type === 'datepicker' ? 'date' : 'time';
  const local = (seconds) =>
    new Date(seconds * 1000 - new Date(seconds * 1000).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  const first = both
    ? spec.initial_date_time && local(spec.initial_date_time)
    : (spec.initial_date ?? spec.initial_time);
  const shown = both && kept ? local(Number(kept)) : kept;
  const toValue = (text) => (both && text !== '' ? String(Math.floor(new Date(text).getTime() / 1000)) : text);
  return h('input', {
    id,
    class: 'field',
    type,
    value: shown ?? first ?? '',
    'aria-describedby': describedBy,
    onchange: (event) => keep(toValue(event.currentTarget.value) || null),
  });
}

/** Checkboxes or radio buttons. @param {any} spec @param {any} how */
export function choices(spec, { id, kept, keep, press, live, labelledBy, describedBy }) {
  const many = spec.type === 'checkboxes';
  const initial = many ? (spec.initial_options ?? []).map((each) => each.value) : [spec.initial_option?.value];
  const chosen = kept === undefined ? initial : [kept].flat();
  const name = `${spec.action_id}-${Math.random()}`;
  const box = h(
    'div',
    {
      class: 'choices',
      id,
      role: many ? 'group' : 'radiogroup',
      'aria-labelledby': labelledBy,
      'aria-describedby': describedBy,
    },
    spec.options.map((option) =>
      h(
        'label',
        null,
        h('input', {
          type: many ? 'checkbox' : 'radio',
          name,
          value: option.value,
          checked: chosen.includes(option.value),
          onchange: () => {
            const values = [...box.querySelectorAll('input:checked')].map((each) => each.value);
            const value = many ? values : (values[0] ?? null);
            keep(value);
            if (live) press(value, box);
          },
        }),
        h(
          'span',
          null,
          textObject(option.text),
          option.description && h('small', null, textObject(option.description)),
        ),
      ),
    ),
  );
  return box;
}

/** Files, taken in as soon as they are chosen. @param {any} spec @param {any} how */
export function fileField(spec, { id, kept, keep, describedBy }) {
  let ids = kept ?? [];
  const max = spec.max_files ?? 10;
  const chips = h('div', { class: 'file-chips' });
  const chooser = h('input', {
    id,
    type: 'file',
    class: 'file-chooser',
    multiple: max > 1,
    accept: spec.filetypes?.map((each) => `.${each}`).join(','),
    'aria-describedby': describedBy,
    onchange: async () => {
      const room = [...chooser.files].slice(0, max - ids.length);
      for (const file of room) {
        const taken = await upload(file).catch(() => null);
        if (taken !== null) ids = [...ids, taken.id];
        show();
      }
      chooser.value = '';
    },
  });
  function show() {
    keep(ids);
    const files = ids.map((each) => store.file(each)).filter(Boolean);
    chips.replaceChildren(
      ...files.map((file) =>
        fileChip(file, () => {
          ids = ids.filter((each) => each !== file.id);
          show();
        }),
      ),
    );
  }
  show();
  return h('div', { class: 'file-field' }, h('label', { class: 'button' }, icon('clip'), 'Add files', chooser), chips);
}

/** Tells the app of a field that it wants to hear of while the form is open. */
export function dispatcher(view, form, block, spec) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  return (value) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const told = { block_id: block.block_id, action_id: spec.action_id, value, values: form.values() };
      post('/view-action', { user: store.me, view_id: view.id, ...told }).catch((error) => console.info(error.message));
    }, 300);
  };
}
