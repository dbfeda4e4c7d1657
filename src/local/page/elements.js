import { ask } from './dialog.js';
import { h, icon } from './dom.js';
import { choices, field, fileField, moment } from './fields.js';
import { entry, popover } from './popover.js';
import { select } from './select.js';
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
  const how = {
    id,
    press,
    keep: (value) => host.form?.keep(block, spec, value),
    kept: host.form?.kept(block, spec),
    live: block.type !== 'input' || block.dispatch_action === true,
    describedBy: host.form?.describedBy(block),
    labelledBy: `label-${block.block_id}`,
    dispatch: block.dispatch_action === true ? host.form?.dispatcher(block, spec) : undefined,
    place: host.place ?? {},
    conversation: host.form?.conversation ?? null,
  };
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
      return choices(spec, how);
    case 'plain_text_input':
    case 'email_text_input':
    case 'url_text_input':
    case 'number_input':
    case 'rich_text_input':
      return field(spec, how);
    case 'datepicker':
    case 'timepicker':
    case 'datetimepicker':
      return moment(spec, how);
    case 'file_input':
      return fileField(spec, how);
    default:
      return select(block, spec, how);
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
