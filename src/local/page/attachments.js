import { h } from './dom.js';
import { fileChip, upload } from './files.js';
import { store } from './store.js';

const most = 10;

/** Files that wait in a composer to be sent: chosen, dropped or pasted. @param {HTMLElement} box @param {() => void} changed */
export function attachments(box, changed) {
  /** @type {string[]} */
  let ids = [];
  let pending = 0;
  const list = h('div', { class: 'file-chips', hidden: true });
  const chooser = h('input', {
    type: 'file',
    multiple: true,
    hidden: true,
    'aria-hidden': 'true',
    tabindex: '-1',
    onchange: () => {
      add([...chooser.files]);
      chooser.value = '';
    },
  });
  box.append(chooser);

  async function add(files) {
    for (const file of files.slice(0, most - ids.length)) {
      pending += 1;
      show();
      try {
        ids.push((await upload(file)).id);
      } catch (error) {
        // Why was said.
        console.info(error.message);
      } finally {
        pending -= 1;
      }
      show();
    }
  }

  function show() {
    const files = ids.map((id) => store.file(id)).filter(Boolean);
    list.hidden = files.length + pending === 0;
    list.replaceChildren(
      ...files.map((file) =>
        fileChip(file, () => {
          ids = ids.filter((id) => id !== file.id);
          show();
        }),
      ),
      ...(pending > 0
        ? [h('span', { class: 'file-chip', role: 'status' }, h('span', { class: 'spinner' }), 'Adding')]
        : []),
    );
    changed();
  }

  box.addEventListener('paste', (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    add(files);
  });

  return {
    list,
    choose: () => chooser.click(),
    add,
    get ids() {
      return ids;
    },
    get busy() {
      return pending > 0;
    },
    clear() {
      ids = [];
      show();
    },
  };
}

/** Lets a whole pane take files that are dropped on it. @param {HTMLElement} pane @param {(files: File[]) => void} take */
export function dropzone(pane, take) {
  let depth = 0;
  const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes('Files');
  const over = (by) => {
    depth = Math.max(0, depth + by);
    pane.classList.toggle('dropping', depth > 0);
  };
  pane.addEventListener('dragenter', (event) => hasFiles(event) && over(1));
  pane.addEventListener('dragleave', (event) => hasFiles(event) && over(-1));
  pane.addEventListener('dragover', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'copy';
  });
  pane.addEventListener('drop', (event) => {
    over(-depth);
    if (!hasFiles(event)) return;
    event.preventDefault();
    take([...(event.dataTransfer?.files ?? [])]);
  });
}
