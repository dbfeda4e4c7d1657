import { type KeyName, type KeyValues, keyNames, splitKeys } from './command.ts';
import type { ChannelId, MessageTs, UserId } from './ids.ts';

/**
 * What somebody asks for as they put it, unchecked: what a form begins with, and what a refusal gives back. The keys that a
 * command may begin with are the fields of the form.
 */
export interface Draft {
  readonly values: KeyValues;
  readonly goal: string;
  readonly doneWhen: string;
  readonly outOfScope: string;
  /** Where it is to be told; null where nobody said. */
  readonly channel: ChannelId | null;
  /** The message it was made from, in whose thread it is told; null for one that stands alone. */
  readonly about: About | null;
}

/** A message that somebody picked. `thread` is the root of its thread, or the message itself. */
export interface About {
  readonly channel: ChannelId;
  readonly message: MessageTs;
  readonly thread: MessageTs;
}

/** A draft that was refused, for the person who wrote it and nobody else. */
export interface KeptDraft extends Draft {
  /** The natural key of the act that was refused. */
  readonly id: string;
  readonly by: UserId;
}

/** What a person chose last: what their next form begins with. */
export interface Choices {
  readonly repository: string | null;
  readonly base: string | null;
  readonly agent: string | null;
  readonly channel: ChannelId | null;
}

/** The part of a request that a refusal is about. */
export type Field = KeyName | 'goal' | 'channel';

export const blankDraft: Draft = { values: {}, goal: '', doneWhen: '', outOfScope: '', channel: null, about: null };

/** A command's or a message's text as a draft: its keys, and the rest as the goal. */
export function toDraft(typed: string, more: Partial<Draft> = {}): Draft {
  const { values, text } = splitKeys(typed);
  return { ...blankDraft, values, goal: text, ...more };
}

/** The one readable text that an agent gets: the goal, then what shows that it is reached, then what to leave alone. */
export function toSpecText({ goal, doneWhen, outOfScope }: Draft): string {
  const parts: readonly (readonly [string, string])[] = [
    ['', goal],
    ['Done when:\n', doneWhen],
    ['Out of scope:\n', outOfScope],
  ];
  return parts
    .filter(([, text]) => text.trim() !== '')
    .map(([head, text]) => `${head}${text.trim()}`)
    .join('\n\n');
}

/** A draft as somebody could have typed it after the command. */
export function toTyped(draft: Draft): string {
  const keys = keyNames.flatMap((name) => {
    const value = draft.values[name];
    return value === undefined ? [] : [`${name}:${value}`];
  });
  return [keys.join(' '), toSpecText(draft)].filter((part) => part !== '').join(' ');
}
