import type { BranchName, RepositoryName, TaskId } from './ids.ts';

/** What somebody typed after `/agent`, or after mentioning Errand. */
export type Command =
  | { readonly type: 'task'; readonly task: TaskCommand }
  | { readonly type: 'status'; readonly task: TaskId | null }
  | { readonly type: 'list' }
  | { readonly type: 'help' }
  | { readonly type: 'stop' | 'retry'; readonly task: TaskId | null }
  | { readonly type: 'empty' }
  /** A key with a value that can't be; `text` is all that was typed, for the person to take back. */
  | { readonly type: 'invalid'; readonly sentence: string; readonly next: string; readonly text: string };

/** A request for a task: the text without its keys, and the keys' values; null where a key wasn't given. */
export interface TaskCommand {
  readonly text: string;
  readonly repository: RepositoryName | null;
  /** From `branch:`, the branch to start from and to merge into. */
  readonly base: BranchName | null;
  readonly agent: string | null;
  readonly model: string | null;
  readonly attempts: number | null;
  readonly budgetUsd: number | null;
  /** A named network preset. */
  readonly network: string | null;
  /** A named environment. */
  readonly environment: string | null;
}
