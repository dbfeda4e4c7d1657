import { h, icon } from './dom.js';
import { element } from './elements.js';
import { markdown } from './markdown.js';
import { link, richText, textObject } from './text.js';

/**
 * What pressing something in these blocks does, and where what is filled in is kept.
 * @typedef {{ press: (block: any, element: any, value: string | string[] | null, control: HTMLElement) => void, form?: any }} Host
 */

/** Blocks as elements. @param {readonly any[]} list @param {Host} host */
export function renderBlocks(list, host) {
  return list.map((block) => render(block, host));
}

const statuses = {
  pending: ['To do', ''],
  in_progress: ['Now', 'spinner'],
  complete: ['Done', 'check'],
  error: ['Failed', 'cross'],
};

function render(block, host) {
  switch (block.type) {
    case 'section':
      return h(
        'div',
        { class: 'b-section' },
        h(
          'div',
          { class: 'b-section-text' },
          block.text && h('div', { class: 'text' }, textObject(block.text)),
          block.fields &&
            h(
              'div',
              { class: 'b-fields' },
              block.fields.map((field) => h('div', { class: 'text' }, textObject(field))),
            ),
        ),
        block.accessory && h('div', { class: 'b-accessory' }, element(block, block.accessory, host)),
      );
    case 'header':
      return h('h3', { class: 'b-header' }, textObject(block.text));
    case 'divider':
      return h('hr', { class: 'b-divider' });
    case 'context':
      return h(
        'div',
        { class: 'b-context' },
        block.elements.map((each) =>
          each.type === 'image' ? picture(each) : h('span', { class: 'text' }, textObject(each)),
        ),
      );
    case 'actions':
    case 'context_actions':
      return h(
        'div',
        { class: `b-actions ${block.type === 'context_actions' ? 'b-quiet' : ''}` },
        block.elements.map((each) => element(block, each, host)),
      );
    case 'markdown':
      return h('div', { class: 'b-markdown md' }, markdown(block.text));
    case 'rich_text':
      return h('div', { class: 'b-rich text' }, richText(block));
    case 'image':
      return h(
        'figure',
        { class: 'b-image' },
        picture(block),
        block.title && h('figcaption', null, textObject(block.title)),
      );
    case 'plan':
      return plan(block);
    case 'task_card':
      return h('ol', { class: 'b-tasks' }, task(block));
    case 'card':
      return card(block, host);
    case 'carousel':
      return h(
        'div',
        { class: 'b-carousel', tabindex: '0' },
        block.elements.map((each) => card(each, host)),
      );
    case 'table':
    case 'data_table':
      return table(block);
    case 'container':
      return container(block, host);
    case 'alert':
      return h(
        'div',
        { class: `b-alert ${block.level ?? 'default'}`, role: 'note' },
        h('strong', null, alertWords[block.level ?? 'default']),
        h('div', { class: 'text' }, textObject(block.text)),
      );
    case 'input':
      return input(block, host);
    default:
      return h('div', { class: 'b-unknown' }, `This page can't show a ${block.type} block.`);
  }
}

const alertWords = { default: 'Note', info: 'Note', warning: 'Warning', error: 'Error', success: 'Done' };

/** Pictures from elsewhere are named and not loaded: the page asks nobody but its own server. */
function picture({ alt_text: words }) {
  return h('span', { class: 'b-picture' }, `Image: ${words}`);
}

function plan(block) {
  const tasks = block.tasks ?? [];
  const done = tasks.filter((each) => each.status === 'complete').length;
  return h(
    'section',
    { class: 'b-plan', 'aria-label': block.title },
    h('header', null, block.title),
    tasks.length > 0 &&
      h('progress', { class: 'b-plan-bar', max: tasks.length, value: done, 'aria-label': 'Steps done' }),
    tasks.length > 0 && h('ol', { class: 'b-tasks' }, tasks.map(task)),
  );
}

function task(each) {
  const [words, drawing] = statuses[each.status] ?? ['', ''];
  const mark =
    drawing === 'spinner'
      ? h('span', { class: 'spinner' })
      : drawing === ''
        ? h('span', { class: 'ring' })
        : icon(drawing);
  return h(
    'li',
    { class: `b-task ${each.status}` },
    h('span', { class: 'b-task-mark', 'aria-hidden': 'true' }, mark),
    h(
      'div',
      { class: 'b-task-body' },
      h(
        'div',
        { class: 'b-task-line' },
        h('span', { class: 'b-task-title' }, each.title),
        h('span', { class: 'b-task-status' }, words),
      ),
      each.details && h('div', { class: 'b-task-detail text' }, richText(each.details)),
      each.output && h('div', { class: 'b-task-detail text' }, richText(each.output)),
      each.sources?.length > 0 &&
        h(
          'div',
          { class: 'b-task-sources' },
          each.sources.map((source) => link(source.url, source.text)),
        ),
    ),
  );
}

function card(block, host) {
  return h(
    'article',
    { class: 'b-card' },
    h('span', { class: 'b-card-mark', 'aria-hidden': 'true' }, icon('merge')),
    h(
      'div',
      { class: 'b-card-body' },
      block.title && h('div', { class: 'b-card-title' }, textObject(block.title)),
      block.subtitle && h('div', { class: 'b-card-subtitle' }, textObject(block.subtitle)),
      block.body && h('div', { class: 'b-card-text' }, textObject(block.body)),
    ),
    block.actions?.length > 0 &&
      h(
        'div',
        { class: 'b-card-actions' },
        block.actions.map((each) => element(block, each, host)),
      ),
  );
}

function table(block) {
  const [head = [], ...rows] = block.rows;
  const cell = (each) => (each.type === 'rich_text' ? richText(each) : each.text);
  const align = (index) =>
    `align-${block.column_settings?.[index]?.align ?? (head[index] && rows[0]?.[index]?.type === 'raw_number' ? 'right' : 'left')}`;
  const row = (cells, tag) =>
    h(
      'tr',
      null,
      cells.map((each, index) => h(tag, { class: align(index) }, cell(each))),
    );
  return h(
    'div',
    { class: 'table-scroll', tabindex: '0' },
    h(
      'table',
      null,
      block.caption && h('caption', null, block.caption),
      h('thead', null, row(head, 'th')),
      h(
        'tbody',
        null,
        rows.map((each) => row(each, 'td')),
      ),
    ),
  );
}

function container(block, host) {
  const title = block.rich_text_title ? richText(block.rich_text_title) : textObject(block.title);
  const subtitle = block.subtitle && h('span', { class: 'b-container-subtitle' }, textObject(block.subtitle));
  const body = h('div', { class: 'b-container-body' }, renderBlocks(block.child_blocks, host));
  if (!block.is_collapsible)
    return h('section', { class: 'b-container' }, h('header', null, h('span', null, title), subtitle), body);
  return h(
    'details',
    { class: 'b-container', open: !block.default_collapsed },
    h('summary', null, icon('right'), h('span', null, title), subtitle),
    body,
  );
}

function input(block, host) {
  const id = `input-${block.block_id}`;
  const error = host.form?.errors[block.block_id];
  const group = ['checkboxes', 'radio_buttons'].includes(block.element.type);
  return h(
    'div',
    { class: `b-input ${error ? 'has-error' : ''}`, 'data-block': block.block_id },
    h(
      group ? 'span' : 'label',
      { class: 'b-label', id: `label-${block.block_id}`, for: group ? null : id },
      textObject(block.label),
      block.optional && h('span', { class: 'b-optional' }, ' (optional)'),
    ),
    element(block, block.element, host, id),
    error && h('p', { class: 'b-error', role: 'alert', id: `error-${block.block_id}` }, error),
    block.hint && h('p', { class: 'b-hint', id: `hint-${block.block_id}` }, textObject(block.hint)),
  );
}
