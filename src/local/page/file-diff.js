import { compareWords } from './diff.js';
import { h, icon } from './dom.js';

/** Longer files are folded: most people read the small ones. */
const foldOver = 400;

/** One file's changes, folded when they are long. @param {any} file @param {number} index */
export function fileDiff(file, index) {
  const size = file.hunks.reduce((sum, hunk) => sum + hunk.lines.length, 0);
  return h(
    'details',
    { class: 'file', id: `file-${index}`, open: size <= foldOver },
    h(
      'summary',
      null,
      icon('right'),
      h('span', { class: 'file-path' }, file.from ? `${file.from} → ${file.path}` : file.path),
      file.status !== 'modified' && h('span', { class: 'badge' }, file.status),
      h(
        'span',
        { class: 'file-counts' },
        file.added > 0 && h('ins', null, `+${file.added}`),
        file.removed > 0 && h('del', null, `−${file.removed}`),
      ),
    ),
    file.binary
      ? h('p', { class: 'quiet file-note' }, 'A binary file; its content is not shown.')
      : h(
          'div',
          { class: 'diff-scroll', tabindex: '0', role: 'region', 'aria-label': `Changes in ${file.path}` },
          h('table', { class: 'diff' }, h('tbody', null, file.hunks.flatMap(hunkRows))),
        ),
  );
}

function hunkRows(hunk, index) {
  const lines = hunk.lines.map((line, at) => {
    const twin = twinOf(hunk.lines, at);
    return h(
      'tr',
      { class: line.kind },
      h('td', { class: 'number', 'data-number': line.before ?? '' }),
      h('td', { class: 'number', 'data-number': line.after ?? '' }),
      h(
        'td',
        { class: 'sign', 'aria-label': { added: 'added', removed: 'removed' }[line.kind] ?? null },
        { added: '+', removed: '−' }[line.kind] ?? '',
      ),
      h('td', { class: 'line' }, line.kind === 'note' ? line.text : marked(line.text, twin)),
    );
  });
  const gap = h('tr', { class: 'gap' }, h('td', { colspan: '4' }, hunk.words || (index === 0 ? '' : '…')));
  return index === 0 && hunk.words === '' ? lines : [gap, ...lines];
}

/** The line that this one replaced, or was replaced by, where a block of lines has as many before as after. */
function twinOf(lines, at) {
  const { kind } = lines[at];
  if (kind !== 'added' && kind !== 'removed') return null;
  let first = at;
  while (first > 0 && ['added', 'removed'].includes(lines[first - 1].kind)) first -= 1;
  const run = [];
  for (let each = first; each < lines.length && ['added', 'removed'].includes(lines[each].kind); each += 1)
    run.push(lines[each]);
  const removed = run.filter((line) => line.kind === 'removed');
  const added = run.filter((line) => line.kind === 'added');
  if (removed.length !== added.length) return null;
  const own = kind === 'added' ? added : removed;
  return (kind === 'added' ? removed : added)[own.indexOf(lines[at])]?.text ?? null;
}

function marked(text, twin) {
  const words = twin === null ? [] : compareWords(text, twin);
  if (words.length === 0) return [text];
  return words.map((each) => (each.changed ? h('mark', null, each.text) : each.text));
}
