import { ask } from './dialog.js';
import { h, icon } from './dom.js';
import { entry, popover } from './popover.js';
import { store } from './store.js';
import { textObject } from './text.js';

/**
 * One thing to press, choose or fill.
 * @param {any} block @param {any} spec @param {import('./blocks.js').Host} host @param {string} [id]
 * @returns {HTMLElement}
 */
export function element(block, spec, host, id) {
  const press = async (value, control) => {
    if (spec.confirm && !(await ask(spec.confirm))) return;
    host.press(block, spec, value, control);
  };
  const keep = (value) => host.form?.keep(block, spec, value);
  const kept = host.form?.kept(block, spec);
  switch (spec.type) {
    case 'button':
      return button(spec, press);
    case 'icon_button':
      if (spec.visible_to_user_ids && !spec.visible_to_user_ids.includes(store.me)) return h('span');
      return h(
        'button',
        {
          class: 'button quiet',
          type: 'button',
          'aria-label': spec.accessibility_label,
          onclick: (event) => press(null, event.currentTarget),
        },
        textObject(spec.text),
      );
    case 'feedback_buttons':
      return h(
        'span',
        { class: 'feedback' },
        [spec.positive_button, spec.negative_button].map((each) =>
          h(
            'button',
            {
              class: 'button quiet',
              type: 'button',
              'aria-label': each.accessibility_label,
              onclick: (event) => press(each.value, event.currentTarget),
            },
            textObject(each.text),
          ),
        ),
      );
    case 'overflow':
      return h(
        'button',
        {
          class: 'button quiet',
          type: 'button',
          'aria-label': 'More actions',
          'aria-haspopup': 'true',
          onclick: (event) => {
            const control = event.currentTarget;
            popover(control, {
              label: 'More actions',
              content: spec.options.map((option) => entry(option.text.text, () => press(option.value, control))),
            });
          },
        },
        icon('more'),
      );
    case 'image':
      return h('span', { class: 'b-picture' }, `Image: ${spec.alt_text}`);
    case 'checkboxes':
    case 'radio_buttons':
      return choices(spec, { id, kept, keep, press, live: block.type !== 'input' });
    case 'plain_text_input':
    case 'email_text_input':
    case 'url_text_input':
    case 'number_input':
      return field(spec, { id, kept, keep });
    case 'datepicker':
    case 'timepicker':
      return h('input', {
        id,
        class: 'field',
        type: spec.type === 'datepicker' ? 'date' : 'time',
        value: kept ?? spec.initial_date ?? spec.initial_time ?? '',
        onchange: (event) => keep(event.currentTarget.value),
      });
    default:
      return select(spec, { id, kept, keep, press, live: block.type !== 'input' });
  }
}

function button(spec, press) {
  const words = textObject(spec.text);
  const properties = { class: `button ${spec.style ?? ''}`, 'aria-label': spec.accessibility_label };
  if (spec.url === undefined) {
    return h('button', { ...properties, type: 'button', onclick: (event) => press(null, event.currentTarget) }, words);
  }
  const safe = /^https?:/i.test(spec.url);
  const inside = safe && new URL(spec.url).origin === location.origin;
  // A button with an address opens it and is told to the app all the same.
  return h(
    'a',
    {
      ...properties,
      href: safe ? spec.url : null,
      target: inside ? null : '_blank',
      rel: 'noopener noreferrer',
      onclick: (event) => press(null, event.currentTarget),
    },
    words,
    !inside && icon('external'),
  );
}

function field(spec, { id, kept, keep }) {
  const common = {
    id,
    class: 'field',
    value: kept ?? spec.initial_value ?? '',
    placeholder: spec.placeholder?.text,
    maxlength: spec.max_length,
    autofocus: spec.focus_on_load,
    oninput: (event) => keep(event.currentTarget.value),
  };
  if (spec.multiline) return h('textarea', { ...common, rows: '5' });
  const type = { email_text_input: 'email', url_text_input: 'url', number_input: 'number' }[spec.type] ?? 'text';
  return h('input', { ...common, type });
}

function choices(spec, { id, kept, keep, press, live }) {
  const many = spec.type === 'checkboxes';
  const initial = many ? (spec.initial_options ?? []).map((each) => each.value) : [spec.initial_option?.value];
  const chosen = kept === undefined ? initial : [kept].flat();
  const name = `${spec.action_id}-${Math.random()}`;
  const box = h(
    'div',
    { class: 'choices', id, role: 'group' },
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

function select(spec, { id, kept, keep, press, live }) {
  const many = spec.type.startsWith('multi_');
  const offered = optionsOf(spec);
  const initial = many
    ? (spec.initial_options ?? []).map((each) => each.value)
    : [spec.initial_option?.value ?? spec.initial_user ?? spec.initial_channel ?? spec.initial_conversation];
  const chosen = kept === undefined ? initial : [kept].flat();
  const control = h(
    'select',
    {
      id,
      class: 'field',
      multiple: many,
      'aria-label': spec.placeholder?.text ?? 'Choose',
      onchange: () => {
        const values = [...control.selectedOptions].map((each) => each.value).filter((each) => each !== '');
        const value = many ? values : (values[0] ?? null);
        keep(value);
        if (live && value !== null) press(value, control);
      },
    },
    !many && h('option', { value: '' }, spec.placeholder?.text ?? 'Choose…'),
    offered.map(([value, text]) => h('option', { value, selected: chosen.includes(value) }, text)),
  );
  return control;
}

function optionsOf(spec) {
  if (/users_select$/.test(spec.type)) {
    return store.state.users.filter((each) => !each.deleted && !each.is_bot).map((each) => [each.id, each.real_name]);
  }
  if (/(channels|conversations)_select$/.test(spec.type)) {
    return store
      .channels()
      .filter((each) => !each.is_im)
      .map((each) => [each.id, `#${each.name}`]);
  }
  const groups = spec.option_groups ?? [{ options: spec.options ?? [] }];
  return groups.flatMap((group) => group.options.map((option) => [option.value, option.text.text]));
}
