import type { Draft, Field } from '../task/draft.ts';
import type { OfferedFile } from '../task/files.ts';
import type { MessageTs } from '../task/ids.ts';
import type { Failure, Task } from '../task/task.ts';
import type { Asked } from '../task/use-cases.ts';

/** What is asked, whichever way it came in. */
export interface Request extends Asked {
  readonly origin: Task['origin']['kind'];
  /** One of these makes one task, however often it comes. */
  readonly originKey: string;
  /** The message it stands in or is about; null for one that has none. */
  readonly message: MessageTs | null;
  readonly draft: Draft;
  /** What was attached, where whoever calls knows it; else it is looked up in the thread. */
  readonly files?: readonly OfferedFile[] | undefined;
  /** Set where the message was picked rather than addressed to Errand: it goes along as context unless its words are the request. */
  readonly picked?: true;
  /** Where the request's own first words make a poor one. */
  readonly title?: string;
}

export type Accepted = { readonly type: 'accepted'; readonly task: Task; readonly created: boolean } | Refused;

/** Why there is no task: what it is about, and what to choose from where only the repository is missing. */
export interface Refused {
  readonly type: 'refused';
  readonly field: Field;
  readonly failure: Pick<Failure, 'sentence' | 'next'>;
  readonly repositories: readonly string[];
  /** What a field of the form says of itself, where fewer words do; else the failure's. */
  readonly inForm?: string;
}
