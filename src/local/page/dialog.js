import { h } from './dom.js';
import { keepFocus } from './focus.js';
import { textObject } from './text.js';

/**
 * Slack's "are you sure": resolves to what the person chose.
 * @param {any} confirm a Block Kit confirmation object
 * @returns {Promise<boolean>}
 */
export function ask(confirm) {
  const giveBack = keepFocus();
  return new Promise((resolve) => {
    const dialog = h(
      'dialog',
      { class: 'dialog', 'aria-labelledby': 'ask-title' },
      h('h2', { id: 'ask-title' }, textObject(confirm.title ?? { type: 'plain_text', text: 'Are you sure?' })),
      h('p', null, textObject(confirm.text)),
      h(
        'div',
        { class: 'dialog-actions' },
        h(
          'button',
          { class: 'button', type: 'button', onclick: () => dialog.close('no') },
          textObject(confirm.deny ?? { type: 'plain_text', text: 'Cancel' }),
        ),
        h(
          'button',
          {
            class: `button ${confirm.style === 'danger' ? 'danger' : 'primary'}`,
            type: 'button',
            autofocus: true,
            onclick: () => dialog.close('yes'),
          },
          textObject(confirm.confirm ?? { type: 'plain_text', text: 'Yes' }),
        ),
      ),
    );
    dialog.addEventListener('close', () => {
      dialog.remove();
      giveBack();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
