import { post, shown } from './api.js';
import { renderBlocks } from './blocks.js';
import { viewHost } from './channel.js';
import { h, icon } from './dom.js';
import { store } from './store.js';
import { textObject } from './text.js';

/** Shows the topmost form that the app has opened for this person. */
export function modals() {
  /** @type {HTMLDialogElement | null} */
  let dialog = null;
  let drawn = '';
  /** @type {Record<string, Record<string, any>>} */
  let values = {};

  function draw(errors = {}) {
    const view = store.view();
    const key = view === undefined ? '' : `${view.id}:${view.hash}:${JSON.stringify(errors)}`;
    if (key === drawn) return;
    const same = view !== undefined && drawn.startsWith(`${view.id}:`);
    if (!same) values = {};
    drawn = key;
    dialog?.remove();
    dialog = null;
    if (view === undefined) return;
    const form = {
      errors,
      keep: (block, element, value) => {
        values[block.block_id] = { ...values[block.block_id], [element.action_id]: value };
      },
      kept: (block, element) => values[block.block_id]?.[element.action_id],
      values: () => values,
    };
    const close = () => shown(post('/view', { user: store.me, view_id: view.id, closed: true }));
    const submit = async (event) => {
      event.preventDefault();
      dialog?.classList.add('pending');
      try {
        const answer = await post('/view', { user: store.me, view_id: view.id, values });
        if (Object.keys(answer.errors).length > 0) draw(answer.errors);
      } catch (error) {
        console.info(error.message);
      } finally {
        dialog?.classList.remove('pending');
      }
    };
    dialog = h(
      'dialog',
      { class: 'dialog modal', 'aria-labelledby': 'modal-title' },
      h(
        'form',
        { novalidate: true, onsubmit: submit },
        h(
          'header',
          null,
          h('h2', { id: 'modal-title' }, textObject(view.title)),
          h('button', { class: 'icon-button', type: 'button', 'aria-label': 'Close', onclick: close }, icon('close')),
        ),
        h('div', { class: 'modal-body' }, renderBlocks(view.blocks, viewHost(view, form))),
        h(
          'div',
          { class: 'dialog-actions' },
          h(
            'button',
            { class: 'button', type: 'button', onclick: close },
            view.close ? textObject(view.close) : 'Cancel',
          ),
          view.submit && h('button', { class: 'button primary', type: 'submit' }, textObject(view.submit)),
        ),
      ),
    );
    dialog.addEventListener('cancel', (event) => {
      event.preventDefault();
      close();
    });
    document.body.append(dialog);
    dialog.showModal();
    dialog.querySelector('.modal-body input, .modal-body textarea, .modal-body select')?.focus();
  }

  return { draw: () => draw() };
}
