import type { ContextBlock, InputBlock, KnownBlock, ModalView } from '@slack/types';
import { type KeyName, keyNames } from '../../task/command.ts';
import type { Draft, Field } from '../../task/draft.ts';
import type { Form } from '../../task/use-cases.ts';
import { agentField, channelField, formIds, plainText, repositoryField, textField } from './form-fields.ts';
import { code, context } from './parts.ts';

/** What a form carries besides its fields, unseen: Slack gives it back with each submission. */
export interface FormNote {
  readonly about: Draft['about'];
  /** Keys that have no field of their own. */
  readonly values: Draft['values'];
  /** How many fields hold the goal: one of Slack's holds three thousand characters. */
  readonly parts: number;
  /** Where to take back the message that led here; null for none. */
  readonly responseUrl: string | null;
  /** Counts how often the branch was chosen anew: Slack keeps what a field of the same name holds. */
  readonly branches: number;
  /** The branch that the form began with, which goes with the repository. */
  readonly branch: string;
}

const fieldChars = 3_000;

/** The block that holds a part of the goal, counted from zero. */
export function goalBlock(part: number): string {
  return part === 0 ? 'goal' : `goal_${part + 1}`;
}

/** The block that holds the base branch. */
export function branchBlock({ branches }: Pick<FormNote, 'branches'>): string {
  return branches === 0 ? 'branch' : `branch_${branches + 1}`;
}

/** Where a refusal of this field is shown; a field that this form lacks is answered under its first. */
export function blockOf(field: Field, note: FormNote): string {
  const own = ['repo', 'branch', 'agent', 'model', 'channel'].includes(field);
  if (!own || (field === 'channel' && note.about !== null)) return goalBlock(0);
  return field === 'branch' ? branchBlock(note) : field;
}

/** The form for a new task; in a task's own thread, for one more message to it. */
export function renderForm(form: Form, responseUrl: string | null, branches = 0): ModalView {
  const { draft, task } = form;
  const goals = toParts(draft.goal);
  const shown: readonly KeyName[] = task === null ? ['repo', 'branch', 'agent', 'model'] : [];
  const carried = Object.fromEntries(
    keyNames.flatMap((name) => {
      const value = draft.values[name];
      return value === undefined || shown.includes(name) || task !== null ? [] : [[name, value]];
    }),
  );
  const note: FormNote = {
    about: draft.about,
    values: carried,
    parts: goals.length,
    responseUrl,
    branches,
    branch: draft.values.branch ?? '',
  };
  return {
    type: 'modal',
    callback_id: formIds.callback,
    private_metadata: JSON.stringify(note),
    title: plainText(task === null ? 'New agent task' : 'Add to agent task'),
    submit: plainText(task === null ? 'Start task' : 'Send'),
    close: plainText('Cancel'),
    blocks: [
      ...intro(form),
      ...goals.map((text, part) => goalField(form, text, part, goals.length)),
      ...(task === null ? taskFields(form, branchBlock(note)) : []),
      ...carriedLine(carried),
    ],
  };
}

function intro({ draft, task }: Form): KnownBlock[] {
  if (task !== null) return [context(`Goes to task ${task} of this thread, as if you had written it there yourself.`)];
  if (draft.about === null) return [];
  return [context('Made from a message. What its thread says goes along as context, and Errand reports there.')];
}

function goalField(form: Form, text: string, part: number, parts: number): InputBlock {
  const label = form.task === null ? 'What should be done?' : 'Your message';
  return textField(goalBlock(part), {
    label: parts === 1 ? label : `${label} (part ${part + 1} of ${parts})`,
    placeholder: 'Fix the flaky checkout test. It fails about once in ten runs.',
    value: text,
    multiline: true,
    ...(part === parts - 1 && form.agents.includes('shell') ? { hint: shellHint } : {}),
    ...(part > 0 ? { optional: true } : {}),
  });
}

const shellHint = 'For the agent shell: a script between two lines of three backticks (```).';

function taskFields(form: Form, branch: string): KnownBlock[] {
  const { draft, usualBase } = form;
  const { values } = draft;
  const fields: KnownBlock[] = [
    repositoryField(form),
    textField(formIds.doneWhen, {
      label: 'Done when',
      placeholder: 'The test passes a hundred times in a row.',
      value: draft.doneWhen,
      multiline: true,
      optional: true,
    }),
    textField(formIds.outOfScope, {
      label: 'Out of scope',
      placeholder: 'The payment service; new dependencies.',
      value: draft.outOfScope,
      multiline: true,
      optional: true,
    }),
    textField(branch, {
      label: 'Base branch',
      placeholder: usualBase ?? 'The repository’s default branch',
      value: values.branch ?? '',
      optional: true,
    }),
    agentField(form),
    textField('model', {
      label: 'Model',
      placeholder: 'The agent’s own choice',
      value: values.model ?? '',
      optional: true,
    }),
  ];
  if (draft.about === null) fields.push(channelField(draft));
  return fields;
}

function carriedLine(values: Draft['values']): ContextBlock[] {
  const typed = Object.entries(values).map(([name, value]) => code(`${name}:${value}`));
  return typed.length === 0 ? [] : [context(`Goes along as you typed it: ${typed.join(' ')}`)];
}

/** A text in pieces that a field can hold, cut between lines, else between words. They are put together again by line breaks. */
function toParts(text: string): string[] {
  const parts: string[] = [];
  for (let rest = text; ; ) {
    if (rest.length <= fieldChars) return [...parts, rest];
    const line = rest.lastIndexOf('\n', fieldChars);
    const word = rest.lastIndexOf(' ', fieldChars);
    const at = line > 0 ? line : word > 0 ? word : fieldChars;
    parts.push(rest.slice(0, at));
    rest = at === line || at === word ? rest.slice(at + 1) : rest.slice(at);
  }
}
