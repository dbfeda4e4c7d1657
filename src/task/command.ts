import type { TaskId } from './ids.ts';
import { type BranchName, parseBranchName, parseGroupName, parseRepositoryName, parseTaskId } from './ids.ts';

import { type Network, readNetwork } from './network.ts';

/** What somebody typed after `/agent`, or after mentioning Errand. */
export type Command =
  | { readonly type: 'task'; readonly task: TaskCommand }
  | { readonly type: 'status'; readonly task: TaskId | null }
  | { readonly type: 'list' }
  | { readonly type: 'usage' }
  | { readonly type: 'help' }
  | { readonly type: 'stop' | 'retry'; readonly task: TaskId | null }
  | { readonly type: 'empty' }
  /** A key with a value that can't be; `text` is all that was typed, for the person to take back. */
  | { readonly type: 'invalid'; readonly sentence: string; readonly next: string; readonly text: string };

/** A request for a task: the text without its keys, and the keys' values; null where a key wasn't given. */
export interface TaskCommand {
  readonly text: string;
  /** Names of repositories, `owner/name`, and of groups of them, in the order in which they were given. */
  readonly repositories: readonly string[];
  /** From `branch:`, the branch to start from and to merge into. */
  readonly base: BranchName | null;
  readonly agent: string | null;
  readonly model: string | null;
  readonly attempts: number | null;
  readonly budgetUsd: number | null;
  /** From `net:`, what the task may reach at most. */
  readonly network: Network | null;
  /** A named environment. */
  readonly environment: string | null;
}

/** `read` puts a key's value into the command, and is undefined when the value can't be; `expects` ends "it must be …". */
interface Key {
  readonly expects: string;
  readonly read: (value: string) => Partial<TaskCommand> | undefined;
}

/** The keys that a request may begin with, in the order in which they are written. */
export const keyNames = ['repo', 'branch', 'agent', 'model', 'attempts', 'budget', 'net', 'env'] as const;
export type KeyName = (typeof keyNames)[number];

/** What was typed behind each key, unread. */
export type KeyValues = Readonly<Partial<Record<KeyName, string>>>;

const keys: Readonly<Record<KeyName, Key>> = {
  repo: {
    expects: 'a repository as owner/name, the name of a group, or several with commas between',
    read: (value) => given('repositories', parseRepositories(value)),
  },
  branch: { expects: 'the name of a branch', read: (value) => given('base', parseBranchName(value)) },
  agent: { expects: 'the name of an agent', read: (value) => given('agent', parseName(value)?.toLowerCase()) },
  model: { expects: 'the name of a model', read: (value) => given('model', parseName(value)) },
  attempts: { expects: 'a number from 1 to 4', read: (value) => given('attempts', parseAttempts(value)) },
  budget: { expects: 'dollars, such as 5 or 2.50', read: (value) => given('budgetUsd', parseDollars(value)) },
  net: {
    expects: 'off, model, registries, open, or host names, with commas between',
    read: (value) => given('network', readNetwork(value.toLowerCase().split(','))),
  },
  env: {
    expects: 'the name of an environment',
    read: (value) => given('environment', parseName(value)?.toLowerCase()),
  },
};

const leadingKey = new RegExp(`^(${keyNames.join('|')})[:=](\\S+)\\s*`, 'i');

/**
 * Reads `[verb] [key:value …] text`. A verb counts only where nothing but a task's id follows it, a key only at the start;
 * everything else is the text of a task. Total: every text has a reading.
 */
export function parseCommand(typed: string): Command {
  const text = typed.trim();
  if (text === '') return { type: 'empty' };
  return parseVerb(text) ?? parseTask(text);
}

function parseVerb(text: string): Command | undefined {
  const [, verb, argument] = /^(status|list|usage|help|stop|retry)(?:\s+(\S+))?$/i.exec(text) ?? [];
  if (verb === undefined) return undefined;
  const task = argument === undefined ? null : parseTaskId(argument.toLowerCase());
  if (task === undefined) return undefined;
  switch (verb.toLowerCase()) {
    case 'help':
      return { type: 'help' };
    case 'list':
      return task === null ? { type: 'list' } : { type: 'status', task };
    case 'usage':
      return task === null ? { type: 'usage' } : { type: 'status', task };
    case 'status':
      return { type: 'status', task };
    case 'stop':
      return { type: 'stop', task };
    default:
      return { type: 'retry', task };
  }
}

/** Takes the keys off the start of a text; of a key given twice the last value. */
export function splitKeys(typed: string): { readonly values: KeyValues; readonly text: string } {
  let values: KeyValues = {};
  for (let rest = typed.trim(); ; ) {
    const [whole = '', written = '', value = ''] = leadingKey.exec(rest) ?? [];
    const name = keyNames.find((each) => each === written.toLowerCase());
    if (name === undefined) return { values, text: rest };
    values = { ...values, [name]: value };
    rest = rest.slice(whole.length);
  }
}

/** Reads each key's value into a request for a task, or says which can't be; `key` is null where there is nothing to do. */
export function readKeys(
  values: KeyValues,
  text: string,
):
  | { readonly ok: true; readonly task: TaskCommand }
  | {
      readonly ok: false;
      readonly key: KeyName | null;
      readonly sentence: string;
      readonly next: string;
      /** The same beside the field of a form. */
      readonly inForm: string;
    } {
  let task: TaskCommand = { ...blank, text };
  for (const name of keyNames) {
    const value = values[name];
    if (value === undefined) continue;
    const read = keys[name].read(value);
    if (read === undefined) {
      const sentence = `${name}:${value} can't be used: it must be ${keys[name].expects}.`;
      const inForm = `This must be ${keys[name].expects}.`;
      return { ok: false, key: name, sentence, next: 'Correct it and send your text again.', inForm };
    }
    task = { ...task, ...read };
  }
  if (text !== '') return { ok: true, task };
  return {
    ok: false,
    key: null,
    sentence: 'There are settings here, but nothing to do.',
    next: 'Add what should be done after them.',
    inForm: 'Say what should be done.',
  };
}

const blank: TaskCommand = {
  text: '',
  repositories: [],
  base: null,
  agent: null,
  model: null,
  attempts: null,
  budgetUsd: null,
  network: null,
  environment: null,
};

function parseTask(typed: string): Command {
  const { values, text } = splitKeys(typed);
  const read = readKeys(values, text);
  return read.ok
    ? { type: 'task', task: read.task }
    : { type: 'invalid', sentence: read.sentence, next: read.next, text: typed };
}

function given<Name extends keyof TaskCommand>(
  name: Name,
  value: TaskCommand[Name] | undefined,
): Partial<TaskCommand> | undefined {
  return value === undefined ? undefined : { [name]: value };
}

function parseRepositories(value: string): readonly string[] | undefined {
  const named = value.split(',');
  const known = (name: string) => (name.includes('/') ? parseRepositoryName(name) : parseGroupName(name)) !== undefined;
  return named.every(known) ? named : undefined;
}

/** Models are spelled with dots, slashes, colons and brackets: `openai/gpt-5.2`, `claude-opus-5[1m]`. */
function parseName(value: string): string | undefined {
  return /^[A-Za-z0-9][A-Za-z0-9._:/@[\]-]{0,99}$/.test(value) ? value : undefined;
}

function parseAttempts(value: string): number | undefined {
  return /^[1-4]$/.test(value) ? Number(value) : undefined;
}

function parseDollars(value: string): number | undefined {
  const [, dollars] = /^\$?(\d{1,5}(?:\.\d{1,2})?)$/.exec(value) ?? [];
  return dollars === undefined || Number(dollars) === 0 ? undefined : Number(dollars);
}
