import { describe, expect, test } from 'vitest';
import { checkMessageBlocks, checkView } from '../../src/local/slack/validate.ts';

const mrkdwn = (text: string) => ({ type: 'mrkdwn', text });
const plain = (text: string) => ({ type: 'plain_text', text });
const section = (text: string) => ({ type: 'section', text: mrkdwn(text) });
const button = (rest: object = {}) => ({ type: 'button', text: plain('Go'), action_id: 'go', ...rest });
const actions = (...elements: object[]) => ({ type: 'actions', elements });
const task = (rest: object = {}) => ({ type: 'task_card', task_id: 't', title: 'T', status: 'pending', ...rest });
const cell = { type: 'raw_text', text: 'x' };
const of = (count: number, make: (index: number) => unknown) =>
  Array.from({ length: count }, (_, index) => make(index));

const taken: Readonly<Record<string, object[]>> = {
  'a section of 3,000 characters': [section('x'.repeat(3000))],
  'fifty blocks': of(50, () => ({ type: 'divider' })) as object[],
  'twelve thousand characters of Markdown': [{ type: 'markdown', text: 'x'.repeat(12_000) }],
  'twenty-five buttons': [actions(...(of(25, (index) => button({ action_id: `a${index}` })) as object[]))],
  'a plan of every status': [
    {
      type: 'plan',
      title: 'Plan',
      tasks: ['pending', 'in_progress', 'complete', 'error'].map((status) => task({ status })),
    },
  ],
  'a card with a button': [{ type: 'card', title: mrkdwn('*PR*'), actions: [button({ url: 'http://127.0.0.1/x' })] }],
  'a folded container': [
    {
      type: 'container',
      title: plain('Spec'),
      is_collapsible: true,
      default_collapsed: true,
      child_blocks: [section('x')],
    },
  ],
  'the same action in two blocks': [actions(button()), actions(button())],
};

const refused: Readonly<Record<string, { blocks: unknown; error: string; says?: string }>> = {
  'a section of 3,001 characters': {
    blocks: [section('x'.repeat(3001))],
    error: 'invalid_blocks',
    says: '[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]',
  },
  'an empty section': { blocks: [section('')], error: 'invalid_blocks', says: 'must be more than 0 characters' },
  'a section of nothing': {
    blocks: [{ type: 'section' }],
    error: 'invalid_blocks',
    says: 'missing required field: text',
  },
  'fifty-one blocks': {
    blocks: of(51, () => ({ type: 'divider' })),
    error: 'invalid_blocks',
    says: '[ERROR] no more than 50 items allowed [json-pointer:/blocks]',
  },
  'Markdown over 12,000 characters in two blocks': {
    blocks: [1, 2].map(() => ({ type: 'markdown', text: 'x'.repeat(6_001) })),
    error: 'invalid_blocks',
    says: 'in total',
  },
  'blocks of more than 13,200 characters in all': {
    blocks: of(5, () => section('x'.repeat(2900))),
    error: 'msg_blocks_too_long',
  },
  'an unknown property': {
    blocks: [{ type: 'divider', colour: 'red' }],
    error: 'invalid_blocks',
    says: '[ERROR] invalid additional property: colour [json-pointer:/blocks/0]',
  },
  'an alert in a message': {
    blocks: [{ type: 'alert', text: plain('x') }],
    error: 'invalid_blocks',
    says: 'unsupported type',
  },
  'an input in a message': {
    blocks: [{ type: 'input', label: plain('x'), element: { type: 'plain_text_input' } }],
    error: 'invalid_blocks',
  },
  'a header of 151 characters': { blocks: [{ type: 'header', text: plain('x'.repeat(151)) }], error: 'invalid_blocks' },
  'a header in mrkdwn': { blocks: [{ type: 'header', text: mrkdwn('x') }], error: 'invalid_blocks' },
  'a button text of 76 characters': {
    blocks: [actions(button({ text: plain('x'.repeat(76)) }))],
    error: 'invalid_blocks',
  },
  'a button value of 2,001 characters': {
    blocks: [actions(button({ value: 'x'.repeat(2001) }))],
    error: 'invalid_blocks',
  },
  'a style that is none': { blocks: [actions(button({ style: 'warning' }))], error: 'invalid_blocks' },
  'twenty-six buttons': {
    blocks: [actions(...(of(26, (index) => button({ action_id: `a${index}` })) as object[]))],
    error: 'invalid_blocks',
  },
  'the same action twice in a block': {
    blocks: [actions(button(), button())],
    error: 'invalid_blocks',
    says: 'already exists',
  },
  'the same block twice': {
    blocks: [1, 2].map(() => ({ type: 'divider', block_id: 'b' })),
    error: 'invalid_blocks',
    says: '[ERROR] block_id `b` already exists [json-pointer:/blocks/1/block_id]',
  },
  'six overflow options': {
    blocks: [
      actions({
        type: 'overflow',
        action_id: 'o',
        options: of(6, (index) => ({ text: plain('x'), value: `${index}` })),
      }),
    ],
    error: 'invalid_blocks',
  },
  'eleven context elements': {
    blocks: [{ type: 'context', elements: of(11, () => mrkdwn('x')) }],
    error: 'invalid_blocks',
  },
  'eleven fields': { blocks: [{ type: 'section', fields: of(11, () => mrkdwn('x')) }], error: 'invalid_blocks' },
  'a task of an unknown status': {
    blocks: [{ type: 'plan', title: 'P', tasks: [task({ status: 'done' })] }],
    error: 'invalid_blocks',
  },
  'a card body of 201 characters': {
    blocks: [{ type: 'card', body: mrkdwn('x'.repeat(201)) }],
    error: 'invalid_blocks',
  },
  'an empty card': { blocks: [{ type: 'card', subtitle: mrkdwn('x') }], error: 'invalid_blocks' },
  'a container of eleven blocks': {
    blocks: [{ type: 'container', title: plain('x'), child_blocks: of(11, () => ({ type: 'divider' })) }],
    error: 'invalid_blocks',
  },
  'Markdown in a container': {
    blocks: [{ type: 'container', title: plain('x'), child_blocks: [{ type: 'markdown', text: 'x' }] }],
    error: 'invalid_blocks',
  },
  'a table of 101 rows': { blocks: [{ type: 'table', rows: of(101, () => [cell]) }], error: 'invalid_blocks' },
  'a table of 21 columns': { blocks: [{ type: 'table', rows: [of(21, () => cell)] }], error: 'invalid_blocks' },
  'two tables': {
    blocks: [1, 2].map(() => ({ type: 'table', rows: [[cell]] })),
    error: 'invalid_blocks',
    says: 'only one table',
  },
  'something that is no list': { blocks: { type: 'divider' }, error: 'invalid_blocks_format' },
};

describe('message blocks', () => {
  test.each(Object.entries(taken))('%s is taken', (_name, blocks) => {
    expect(checkMessageBlocks(blocks)).toBeNull();
  });

  test.each(Object.entries(refused))('%s is refused', (_name, { blocks, error, says }) => {
    const problem = checkMessageBlocks(blocks);
    expect(problem?.error).toBe(error);
    if (says !== undefined) expect(problem?.messages.join('\n')).toContain(says);
  });
});

describe('views', () => {
  const input = { type: 'input', label: plain('What'), element: { type: 'plain_text_input', action_id: 'text' } };
  const modal = { type: 'modal', title: plain('New task'), submit: plain('Send'), blocks: [input] };

  test('a modal may hold inputs and alerts', () => {
    expect(
      checkView({ ...modal, blocks: [input, { type: 'alert', text: plain('Careful'), level: 'warning' }] }, 'modal'),
    ).toBeNull();
  });
  test('a title of 25 characters is refused', () => {
    expect(checkView({ ...modal, title: plain('x'.repeat(25)) }, 'modal')?.error).toBe('invalid_arguments');
  });
  test('inputs without a submit button are refused', () => {
    const { submit: _submit, ...rest } = modal;
    expect(checkView(rest, 'modal')?.messages.join()).toContain('missing required field: submit');
  });
  test('Markdown, plans and tables are refused in a modal', () => {
    expect(checkView({ ...modal, blocks: [{ type: 'markdown', text: 'x' }] }, 'modal')?.error).toBe(
      'invalid_arguments',
    );
  });
});

describe('fields of a form', () => {
  const options = (count: number) => of(count, (index) => ({ text: plain('x'), value: `${index}` }));
  const form = (...elements: object[]) => ({
    type: 'modal',
    title: plain('New task'),
    submit: plain('Send'),
    blocks: elements.map((element) => ({ type: 'input', label: plain('x'), element })),
  });
  const select = (rest: object) => ({ type: 'static_select', ...rest });

  test.each([
    ['every option of a hundred', select({ options: options(100) })],
    ['an initial option that is on offer', select({ options: options(2), initial_option: options(2)[1] })],
    ['an external select', { type: 'external_select', min_query_length: 0 }],
    ['the conversation one is in', { type: 'conversations_select', default_to_current_conversation: true }],
    ['ten radio buttons', { type: 'radio_buttons', options: options(10) }],
    ['three thousand characters', { type: 'plain_text_input', multiline: true, max_length: 3000 }],
    ['files', { type: 'file_input', filetypes: ['png'], max_files: 10 }],
  ])('%s is taken', (_name, element) => {
    expect(checkView(form(element), 'modal')).toBeNull();
  });

  test.each([
    ['a hundred and one options', select({ options: options(101) }), 'no more than 100 items allowed'],
    ['neither options nor groups', select({}), 'either options or option_groups is required'],
    ['options and groups at once', select({ options: options(1), option_groups: [] }), 'must have at least 1 items'],
    [
      'an initial option that is not on offer',
      select({ options: options(1), initial_option: { text: plain('y'), value: '0' } }),
      'the initial option must exactly match an option',
    ],
    ['an option of 76 characters', select({ options: [{ text: plain('x'.repeat(76)), value: 'x' }] }), '76 characters'],
    ['eleven radio buttons', { type: 'radio_buttons', options: options(11) }, 'no more than 10 items allowed'],
    [
      'checkboxes that hold an empty choice',
      { type: 'checkboxes', options: options(1), initial_options: [] },
      'at least 1',
    ],
    ['a placeholder of 151 characters', select({ options: options(1), placeholder: plain('x'.repeat(151)) }), '151'],
    ['more than 3,000 characters', { type: 'plain_text_input', max_length: 3001 }, 'max_length'],
    ['less at most than at least', { type: 'plain_text_input', min_length: 5, max_length: 4 }, 'min_length'],
    [
      'a first text that is too long',
      { type: 'plain_text_input', initial_value: 'abc', max_length: 2 },
      'initial_value',
    ],
    ['a day that is none', { type: 'datepicker', initial_date: '2026-02-30' }, 'initial_date'],
    ['eleven files', { type: 'file_input', max_files: 11 }, 'max_files'],
    ['a property of another element', { type: 'users_select', options: options(1) }, 'invalid additional property'],
  ])('%s is refused', (_name, element, says) => {
    const problem = checkView(form(element), 'modal');
    expect(problem?.error).toBe('invalid_arguments');
    expect(problem?.messages.join('\n')).toContain(says);
  });

  test('only one field may have the focus at first', () => {
    const focused = { type: 'plain_text_input', action_id: 'x', focus_on_load: true };
    expect(checkView(form(focused, focused), 'modal')?.messages.join()).toContain('focus_on_load');
  });

  test.each([
    ['private_metadata', 3000],
    ['callback_id', 255],
    ['external_id', 255],
  ])('%s may have %i characters and no more', (name, max) => {
    const view = form({ type: 'plain_text_input' });
    expect(checkView({ ...view, [name]: 'x'.repeat(max) }, 'modal')).toBeNull();
    expect(checkView({ ...view, [name]: 'x'.repeat(max + 1) }, 'modal')?.error).toBe('invalid_arguments');
  });
});
