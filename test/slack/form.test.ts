import { describe, expect, test } from 'vitest';
import { elementsOf, initialChoice } from '../../src/local/slack/elements.ts';
import { checkView } from '../../src/local/slack/validate.ts';
import { blockOf, renderForm } from '../../src/slack/blocks/form.ts';
import { readForm } from '../../src/slack/form-state.ts';
import { blankDraft, type Draft, toDraft } from '../../src/task/draft.ts';
import type { RepositoryName } from '../../src/task/ids.ts';
import type { Form } from '../../src/task/use-cases.ts';
import { channel, line, part, ts } from './said.ts';

const many = (count: number) => Array.from({ length: count }, (_, index) => `acme/service-${index}` as RepositoryName);
const form = (draft: Partial<Draft> = {}, more: Partial<Form> = {}): Form => ({
  draft: { ...blankDraft, channel, ...draft },
  repositories: [part.repository, 'acme/api' as RepositoryName],
  usualBase: null,
  agents: ['claude', 'shell'],
  task: null,
  ...more,
});
const about = { channel, message: ts('1700000001.000100'), thread: ts('1700000000.000100') };

const forms: Record<string, Form> = {
  blank: form(),
  'without a channel': form({ channel: null }),
  'with everything': form({
    values: { repo: 'acme/api', branch: 'next', agent: 'shell', model: 'm', budget: '5', env: 'java' },
    goal: 'Fix it',
    doneWhen: 'It passes',
    outOfScope: 'The rest',
  }),
  'for several repositories': form({ values: { repo: 'acme/web,acme/api' } }),
  'with what is not on offer': form({ values: { repo: 'web', branch: '-f', agent: 'nobody' } }),
  'from a message': form({ goal: 'Fix it', about }),
  'in the thread of a task': form({ goal: 'Also this', about }, { task: line.id }),
  'without a repository': form({}, { repositories: [] }),
  'with a hundred repositories': form({ values: { repo: 'acme/service-9' } }, { repositories: many(100) }),
  'with more repositories than a menu holds': form({ values: { repo: 'acme/service-9' } }, { repositories: many(101) }),
  'with a repository that no menu can name': form({}, { repositories: [`acme/${'x'.repeat(80)}` as RepositoryName] }),
  'with a very long text': form({ goal: Array.from({ length: 900 }, (_, n) => `line ${n} says more`).join('\n') }),
  'with one endless word': form({ goal: 'x'.repeat(7_000) }),
};

/** What Slack sends where the person changes nothing. */
function sent(opened: Form) {
  const view = renderForm(opened, 'https://hooks.slack.com/x');
  const values: Record<string, Record<string, object>> = {};
  for (const { block, element } of elementsOf(view.blocks.map((each) => ({ ...each })))) {
    const chosen = initialChoice(element);
    const type = String(element.type);
    const value = type.startsWith('conversations')
      ? { selected_conversation: chosen }
      : type.startsWith('multi_')
        ? { selected_options: [chosen ?? []].flat().map((value) => ({ value })) }
        : type.endsWith('_select')
          ? { selected_option: chosen === null ? null : { value: chosen } }
          : { value: chosen };
    values[String(block.block_id)] = { [String(element.action_id)]: { type, ...value } };
  }
  return readForm({ private_metadata: view.private_metadata ?? '', state: { values } });
}

describe.each(Object.entries(forms))('a form %s', (_, opened) => {
  test('is what Slack opens', () => {
    expect(checkView(renderForm(opened, null), 'modal')).toBeNull();
  });

  test('says a refusal of any part in a field that it has', () => {
    const { note } = sent(opened);
    const blocks = renderForm(opened, null).blocks.map(({ block_id }) => block_id);
    const fields = ['goal', 'repo', 'branch', 'agent', 'model', 'budget', 'env', 'channel'] as const;
    const inTask = opened.task === null ? fields : (['goal'] as const);
    expect(inTask.filter((field) => !blocks.includes(blockOf(field, note)))).toEqual([]);
  });
});

describe.each(Object.entries(forms).filter(([, { task }]) => task === null))('a form %s', (name, opened) => {
  test('gives back what it began with', () => {
    const { draft } = sent(opened);
    const { goal, ...rest } = opened.draft;
    expect(draft).toMatchObject(rest.about === null ? rest : { ...rest, channel: null });
    expect(draft.goal.replaceAll('\n', '')).toBe(goal.replaceAll('\n', ''));
    if (name !== 'with one endless word') expect(draft.goal).toBe(goal);
  });
});

test('only where the shell agent is ready is a script explained', () => {
  const hint = 'three backticks';
  expect(JSON.stringify(renderForm(form(), null))).toContain(hint);
  expect(JSON.stringify(renderForm(form({}, { agents: ['claude'] }), null))).not.toContain(hint);
});

test('what was typed as a command fills the fields of the form', () => {
  const { draft } = sent(form(toDraft('repo:acme/api branch:next budget:5 fix it\nall', { channel })));
  expect(draft).toMatchObject({ values: { repo: 'acme/api', branch: 'next', budget: '5' }, goal: 'fix it\nall' });
});
