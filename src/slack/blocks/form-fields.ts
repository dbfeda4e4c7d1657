import type { InputBlock, Option } from '@slack/types';
import type { Draft } from '../../task/draft.ts';
import { maxRepositories } from '../../task/task.ts';
import type { Form } from '../../task/use-cases.ts';
import { actionIds } from './parts.ts';

export const formIds = {
  callback: 'task_form',
  /** The element of every field but the repository, whose menu asks for its options by this name. */
  value: 'value',
  channel: 'channel',
  doneWhen: 'done_when',
  outOfScope: 'out_of_scope',
} as const;

/** What one of Slack's menus holds, and how long a name in it may be. */
export const menuOptions = 100;
export const optionChars = 75;

/** Menus of what may be chosen; a field to type in where no menu can hold it, or what was typed is not in it. */
export function repositoryField({ repositories, draft }: Form): InputBlock {
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

export function agentField({ agents, draft }: Form): InputBlock {
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

export function channelField({ channel }: Draft): InputBlock {
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

export function textField(
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

export function option(name: string): Option & { text: { type: 'plain_text'; text: string } } {
  return { text: plainText(name), value: name };
}

export function plainText(text: string) {
  return { type: 'plain_text', text } as const;
}
