import type { ContextBlock, InputBlock, KnownBlock, ModalView, Option } from '@slack/types';
import { type KeyName, keyNames } from '../../task/command.ts';
import type { Draft, Field } from '../../task/draft.ts';
import { maxRepositories } from '../../task/task.ts';
import type { Form } from '../../task/use-cases.ts';
import { actionIds, code, context } from './parts.ts';

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

export const formIds = {
  callback: 'task_form',
  /** The element of every field but the repository, whose menu asks for its options by this name. */
  value: 'value',
  channel: 'channel',
  doneWhen: 'done_when',
  outOfScope: 'out_of_scope',
} as const;

const fieldChars = 3_000;
/** What one of Slack's menus holds, and how long a name in it may be. */
const menuOptions = 100;
const optionChars = 75;

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
  if (!own || field in note.values || (field === 'channel' && note.about !== null)) return goalBlock(0);
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

function repositoryField({ repositories, draft }: Form): InputBlock {
  const written = draft.values.repo ?? '';
  const named = written.split(',').filter((name) => name !== '');
  const known = repositories.filter((name) => named.some((each) => each.toLowerCase() === name.toLowerCase()));
  // A name that can't be chosen is better seen and corrected than lost.
  const mistyped = known.length < named.length;
  if (repositories.length === 0 || mistyped || repositories.some((name) => name.length > optionChars)) {
    return textField('repo', {
      label: 'Repository',
      placeholder: 'owner/name',
      value: written,
      ...(mistyped && repositories.length > 0 ? { hint: `For example ${repositories.slice(0, 3).join(', ')}.` } : {}),
    });
  }
  const menu = {
    action_id: actionIds.repositories,
    placeholder: plainText('Choose one, or several for one task'),
    max_selected_items: maxRepositories,
    ...(known.length === 0 ? {} : { initial_options: known.map(option) }),
  };
  return {
    type: 'input',
    block_id: 'repo',
    label: plainText('Repository'),
    // The base branch goes with it.
    dispatch_action: true,
    element:
      repositories.length > menuOptions
        ? { type: 'multi_external_select', min_query_length: 0, ...menu }
        : { type: 'multi_static_select', options: repositories.map(option), ...menu },
  };
}

function agentField({ agents, draft }: Form): InputBlock {
  const chosen = draft.values.agent?.toLowerCase();
  const mistyped = chosen !== undefined && !agents.includes(chosen);
  if (mistyped || agents.length === 0 || agents.length > menuOptions) {
    return textField('agent', {
      label: 'Agent',
      placeholder: agents[0] ?? 'claude',
      value: chosen ?? '',
      optional: true,
      ...(agents.length > 0 ? { hint: `Ready now: ${agents.slice(0, 12).join(', ')}.` } : {}),
    });
  }
  return {
    type: 'input',
    block_id: 'agent',
    optional: true,
    label: plainText('Agent'),
    element: {
      type: 'static_select',
      action_id: formIds.value,
      placeholder: plainText(`Default: ${agents[0]}`),
      options: agents.map(option),
      ...(chosen === undefined ? {} : { initial_option: option(chosen) }),
    },
  };
}

function channelField({ channel }: Draft): InputBlock {
  return {
    type: 'input',
    block_id: formIds.channel,
    label: plainText('Where Errand reports'),
    hint: plainText('A channel that only this workspace reads, or your direct message with Errand.'),
    element: {
      type: 'conversations_select',
      action_id: formIds.value,
      placeholder: plainText('Choose a channel'),
      response_url_enabled: true,
      default_to_current_conversation: true,
      filter: { include: ['public', 'private', 'im'], exclude_external_shared_channels: true },
      ...(channel === null ? {} : { initial_conversation: channel }),
    },
  };
}

function carriedLine(values: Draft['values']): ContextBlock[] {
  const typed = Object.entries(values).map(([name, value]) => code(`${name}:${value}`));
  return typed.length === 0 ? [] : [context(`Goes along as you typed it: ${typed.join(' ')}`)];
}

function textField(
  block: string,
  field: {
    readonly label: string;
    readonly placeholder: string;
    readonly value: string;
    readonly multiline?: true;
    readonly optional?: true;
    readonly hint?: string;
  },
): InputBlock {
  return {
    type: 'input',
    block_id: block,
    label: plainText(field.label),
    ...(field.optional === undefined ? {} : { optional: true }),
    ...(field.hint === undefined ? {} : { hint: plainText(field.hint) }),
    element: {
      type: 'plain_text_input',
      action_id: formIds.value,
      placeholder: plainText(field.placeholder),
      ...(field.multiline === undefined ? {} : { multiline: true }),
      ...(field.value === '' ? {} : { initial_value: field.value }),
    },
  };
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

export function option(name: string): Option & { text: { type: 'plain_text'; text: string } } {
  return { text: plainText(name), value: name };
}

function plainText(text: string) {
  return { type: 'plain_text', text } as const;
}

const againBlock = 'again:';

/** The draft that a menu under a refusal is for. */
export function draftOfBlock(blockId: string): string {
  return blockId.replace(/-r\d+$/, '').slice(againBlock.length);
}

/** Under a refusal: what to choose, where only the repository is missing, and the way into the form. */
export function againBlocks({
  draft,
  repositories,
}: {
  draft: string | null;
  repositories: readonly string[];
}): KnownBlock[] {
  const label = draft === null ? 'Open the form' : 'Edit and send again';
  const button = { type: 'button', action_id: actionIds.form, text: plainText(label), value: draft ?? '' } as const;
  const named = draft !== null && repositories.length > 0 && repositories.every((name) => name.length <= optionChars);
  const menu = { action_id: actionIds.repositoryChosen, placeholder: plainText('Choose a repository') } as const;
  const select =
    repositories.length > menuOptions
      ? ({ type: 'external_select', min_query_length: 0, ...menu } as const)
      : ({ type: 'static_select', options: repositories.map(option), ...menu } as const);
  return [
    {
      type: 'actions',
      // What was chosen comes without the message it stands in: its block says which draft it is for.
      ...(named ? { block_id: `${againBlock}${draft}` } : {}),
      elements: [...(named ? [select] : []), button],
    },
  ];
}
