import { post, shown } from './api.js';
import { renderBlocks } from './blocks.js';
import { viewHost } from './channel.js';
import { h, icon } from './dom.js';
import { dispatcher } from './fields.js';
import { keepFocus } from './focus.js';
import { store } from './store.js';
import { textObject } from './text.js';

const failures = {
  operation_timeout: 'Errand did not answer in three seconds. Nothing is lost: try again.',
  dispatch_failed: 'Errand could not be reached. Nothing is lost: try again when it runs.',
};

/**
 * Shows the topmost form that the app has opened for this person. What was typed stays while a form is drawn anew, and while others lie
 * on it; the focus stays inside, and goes back to where it came from.
 */
export function modals() {
  /** @type {HTMLDialogElement | null} */
  let dialog = null;
  let drawn = '';
  /** @type {(() => boolean) | null} */
  let giveBack = null;
  /** @type {Map<string, Record<string, Record<string, any>>>} */
  const typed = new Map();

  /** @param {{ errors?: Record<string, string>, failure?: string }} [answer] */
  function draw(answer = {}) {
    const open = store.view();
    const key = open === undefined ? '' : `${store.me}:${open.view.id}:${open.view.hash}:${JSON.stringify(answer)}`;
    if (key === drawn) return;
    // A change elsewhere must not take away what the last answer said.
    if (open !== undefined && Object.keys(answer).length === 0 && drawn.startsWith(`${key.slice(0, -2)}{`)) return;
    const before = dialog === null ? null : whereIn(dialog);
    const again = open !== undefined && drawn.startsWith(`${store.me}:${open.view.id}:`);
    drawn = key;
    if (dialog === null && open !== undefined) giveBack = keepFocus();
    dialog?.close();
    dialog?.remove();
    dialog = null;
    if (open === undefined) return end();
    dialog = build(open, answer);
    document.body.append(dialog);
    dialog.showModal();
    focusIn(dialog, again ? before : null);
  }

  function end() {
    typed.clear();
    if (giveBack !== null && !giveBack()) document.querySelector('main .composer-text')?.focus();
    giveBack = null;
  }

  function build({ view, conversation }, { errors = {}, failure }) {
    const values = typed.get(view.id) ?? {};
    typed.set(view.id, values);
    const form = {
      errors,
      conversation,
      keep: (block, element, value) => {
        values[block.block_id] = { ...values[block.block_id], [element.action_id]: value };
      },
      kept: (block, element) => values[block.block_id]?.[element.action_id],
      values: () => values,
      describedBy: (block) =>
        [errors[block.block_id] && `error-${block.block_id}`, block.hint && `hint-${block.block_id}`]
          .filter(Boolean)
          .join(' ') || null,
      dispatcher: (block, spec) => dispatcher(view, form, block, spec),
    };
    const close = (all) => shown(post('/view', { user: store.me, view_id: view.id, closed: true, all }));
    const submit = async (event) => {
      event.preventDefault();
      if (view.submit === null || made.classList.contains('pending')) return;
      made.classList.add('pending');
      try {
        const answer = await post('/view', { user: store.me, view_id: view.id, values }, { quiet: true });
        const failed = answer.error === null ? undefined : (failures[answer.error] ?? failures.dispatch_failed);
        if (failed || Object.keys(answer.errors).length > 0) draw({ errors: answer.errors, failure: failed });
      } catch {
        draw({ failure: 'Errand answered with something that Slack would not understand.' });
      } finally {
        made.classList.remove('pending');
      }
    };
    const made = h(
      'dialog',
      {
        class: 'dialog modal',
        'aria-labelledby': 'modal-title',
        onkeydown: (event) => {
          if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) submit(event);
          if (event.key === 'Tab') stayInside(made, event);
        },
        oncancel: (event) => {
          event.preventDefault();
          close(false);
        },
      },
      h(
        'form',
        { novalidate: true, onsubmit: submit },
        h(
          'header',
          null,
          h('h2', { id: 'modal-title' }, textObject(view.title)),
          h(
            'button',
            { class: 'icon-button', type: 'button', 'aria-label': 'Close', onclick: () => close(true) },
            icon('close'),
          ),
        ),
        h(
          'div',
          { class: 'modal-body' },
          failure && h('p', { class: 'modal-failure', role: 'alert' }, failure),
          renderBlocks(view.blocks, viewHost(view, form)),
        ),
        h(
          'div',
          { class: 'dialog-actions' },
          h('span', { class: 'modal-keys', 'aria-hidden': 'true' }, view.submit && `${metaKey} Enter sends`),
          h(
            'button',
            { class: 'button', type: 'button', onclick: () => close(false) },
            view.close ? textObject(view.close) : view.submit ? 'Cancel' : 'Close',
          ),
          view.submit && h('button', { class: 'button primary', type: 'submit' }, textObject(view.submit)),
        ),
      ),
    );
    for (const block of Object.keys(errors)) {
      for (const field of made.querySelectorAll(`[id="input-${CSS.escape(block)}"]`))
        field.setAttribute('aria-invalid', 'true');
    }
    return made;
  }

  return { draw: () => draw() };
}

const metaKey = /Mac|iPhone|iPad/.test(navigator.userAgent) ? '⌘' : 'Ctrl';
const focusable = 'button:not([tabindex="-1"]), input, textarea, a[href], select, summary';
const fields = '.modal-body :is(input, textarea)';

/** Where the focus was, so that a form that is drawn anew has it there again. */
function whereIn(dialog) {
  const active = document.activeElement;
  if (active === null || !dialog.contains(active) || !active.id) return null;
  return { id: active.id, at: active.selectionStart ?? null };
}

/** On the first field that is wrong, else where it was, else where the form wants it. */
function focusIn(dialog, before) {
  const wrong = dialog.querySelector('.has-error :is(input, textarea)');
  const same = before === null ? null : dialog.querySelector(`[id="${CSS.escape(before.id)}"]`);
  const target = wrong ?? same ?? dialog.querySelector('[autofocus]') ?? dialog.querySelector(fields);
  (target ?? dialog.querySelector('.dialog-actions .primary, .dialog-actions .button'))?.focus();
  // What is wrong stands under the field.
  wrong?.closest('.has-error')?.scrollIntoView({ block: 'nearest' });
  if (target === same && before?.at != null && target instanceof HTMLTextAreaElement)
    target.setSelectionRange(before.at, before.at);
}

/** The next place after the last is the first. */
function stayInside(dialog, event) {
  const all = [...dialog.querySelectorAll(focusable)].filter((each) => each.offsetParent !== null);
  const [first, last] = [all[0], all.at(-1)];
  const leaving = event.shiftKey ? first : last;
  if (document.activeElement !== leaving) return;
  event.preventDefault();
  (event.shiftKey ? last : first)?.focus();
}
