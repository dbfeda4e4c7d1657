import type { Effort } from './amounts.ts';
import type { Trouble } from './health.ts';
import type { BranchName, ChannelId, MessageTs, RepositoryName, Sha, TaskId, UserId } from './ids.ts';
import type { Account } from './money.ts';
import type { BlockedHost } from './network.ts';
import type { Ci, Outcome, Progress, PullRequest, PullState, Question, Report, Secrets } from './task.ts';

/** What the root message says of a task, as a word and never as a colour alone. */
export type Status =
  | {
      readonly word: 'Queued';
      readonly reason: string | null;
      /** How many go before it, or which limit it waits for, once that was told. */
      readonly turn?: string | null;
    }
  | { readonly word: 'Running'; readonly startedAt: number; readonly activity: string | null }
  | { readonly word: 'Waiting for you' }
  | {
      readonly word: 'Ready for review' | 'Merging' | 'Merged' | 'Closed';
      /** Every pull request of the task, in the order of its repositories. */
      readonly pulls: readonly PullLine[];
      /** Who approved those that the word is about. */
      readonly by: readonly UserId[];
      /** Repositories whose changes did not get into a pull request. */
      readonly failed: readonly RepositoryName[];
    }
  | { readonly word: 'Stopped' | 'Failed' | 'Refused' | 'Nothing changed' | 'Answered' };

export interface PullLine {
  readonly repository: RepositoryName;
  readonly number: number;
  readonly state: Exclude<PullState['type'], 'none'>;
}

/** One of a task's repositories, and the branch that its pull request goes into. */
export interface PartLine {
  readonly repository: RepositoryName;
  readonly base: BranchName | null;
}

/** A host that the task was refused, and whose word opened it for the task. */
export interface BlockedLine extends BlockedHost {
  readonly allowed: { readonly by: UserId; readonly inForce: boolean } | null;
  /** False where nobody is named who could allow it. */
  readonly approvable?: boolean | undefined;
}

/** What of a task its messages show. */
export interface TaskLine {
  readonly id: TaskId;
  readonly title: string;
  readonly parts: readonly [PartLine, ...PartLine[]];
  readonly branch: BranchName;
  readonly agent: string;
  readonly requester: UserId;
}

/** A task as `/agent status` and `/agent list` show it; `message` is its root, to link to, once that was posted. */
export interface ListedTask {
  readonly task: TaskLine;
  readonly status: Status;
  /** What its latest run took so far, and all of them; null for a task without a model, or that never ran. */
  readonly effort?: Effort | null;
  readonly message: { readonly channel: ChannelId; readonly ts: MessageTs } | null;
}

/** The state of the gate that a result message carries. */
export type Gate =
  | { readonly type: 'open' }
  | { readonly type: 'delayed'; readonly by: UserId; readonly reason: string }
  | { readonly type: 'merging'; readonly by: UserId }
  | { readonly type: 'refused'; readonly sentence: string; readonly next: string }
  /** Nothing runs on this commit, and nobody can approve it, until somebody has workflows run; `by` did, and it waits for `delay`. */
  | {
      readonly type: 'held';
      readonly by: UserId | null;
      readonly delay: string | null;
      readonly refusal: { readonly sentence: string; readonly next: string } | null;
    }
  | { readonly type: 'merged'; readonly by: UserId | null }
  | { readonly type: 'closed' }
  /** Shown where nobody can approve, as its thread takes no more messages. */
  | { readonly type: 'elsewhere' }
  | { readonly type: 'replaced'; readonly head: Sha };

/** How work stands that must not be pushed without an approver's word. */
export type HoldLine =
  | { readonly type: 'open'; readonly refusal: { readonly sentence: string; readonly next: string } | null }
  | { readonly type: 'released' | 'pushed'; readonly by: UserId }
  /** A later run had the last word. */
  | { readonly type: 'replaced' };

/** Everything Errand can say, in the domain's words. Wording and layout are the Slack adapter's. */
export type Said =
  | {
      readonly type: 'root';
      readonly task: TaskLine;
      readonly status: Status;
      readonly spec: string;
      readonly stoppable: boolean;
      readonly retryable: boolean;
    }
  | {
      readonly type: 'plan';
      readonly task: TaskLine;
      readonly run: number;
      readonly progress: Progress;
      readonly state: 'running' | 'ended' | 'stopped' | 'failed';
    }
  | {
      readonly type: 'question';
      readonly task: TaskLine;
      readonly question: Question;
      readonly answer: { readonly by: UserId | null; readonly text: string } | null;
    }
  | {
      readonly type: 'result';
      readonly task: TaskLine;
      readonly part: PartLine;
      readonly run: number;
      readonly number: number;
      readonly url: string;
      readonly draft?: PullRequest['draft'];
      readonly head: Sha;
      readonly report: Report | null;
      /** Whose head this is: a finished run's, the kept work of a broken one, or a person's. */
      readonly by: 'run' | 'kept' | 'person';
      readonly gate: Gate;
      readonly ci?: Ci;
      /** Repositories of the task in which the same run changed nothing; said in its first result. */
      readonly unchanged: readonly RepositoryName[];
    }
  | {
      readonly type: 'ending';
      readonly task: TaskLine;
      readonly run: number;
      readonly outcome: Exclude<Outcome, { type: 'changed' | 'held' }>;
      /** What the run took where its outcome has no report, as after a stop; null while that is not known. */
      readonly effort?: Effort | null;
      readonly retryable: boolean;
    }
  | {
      readonly type: 'hold';
      readonly task: TaskLine;
      readonly part: PartLine;
      readonly head: Sha;
      readonly report: Report;
      readonly secrets: Secrets;
      readonly state: HoldLine;
    }
  | {
      readonly type: 'merged';
      readonly task: TaskLine;
      readonly part: PartLine;
      readonly number: number;
      readonly commit: Sha;
      readonly by: UserId | null;
    }
  | { readonly type: 'continued'; readonly task: TaskLine; readonly as: TaskId }
  | {
      readonly type: 'blocked';
      readonly task: TaskLine;
      /** Those that one run met first. */
      readonly hosts: readonly BlockedLine[];
      /** What makes the task run with what was allowed since its latest run. */
      readonly next: 'retry' | 'reply' | 'next_run' | null;
    }
  | {
      readonly type: 'list';
      readonly tasks: readonly ListedTask[];
      /** What is wrong with Errand itself just now; left out where nobody asked for that. */
      readonly troubles?: readonly Trouble[];
    }
  | {
      readonly type: 'usage';
      readonly timeZone: string;
      /** Today's, of whoever asks and of everybody. */
      readonly mine: Allotment;
      readonly everybody: Allotment;
      /** Whose the rows below are. */
      readonly whose: 'mine' | 'everybody';
      readonly days: readonly SpentRow[];
      readonly people: readonly SpentRow[];
      readonly repositories: readonly SpentRow[];
      readonly agents: readonly SpentRow[];
    }
  | { readonly type: 'help' }
  | {
      readonly type: 'sentence';
      readonly sentence: string;
      readonly next: string | null;
      readonly kept: string | null;
      readonly again?: Again;
    };

/** What may be spent, what was, and what runs under way may still spend. */
export type Allotment = Account;

/** What was spent on one day, or by one person, in one repository, with one agent. */
export interface SpentRow {
  readonly name: string;
  /** Of models whose price is known. */
  readonly usd: number;
  readonly tokens: number;
  /** Of them those of runs that used a model without a known price. */
  readonly unpricedTokens: number;
}

/** The way back into a form after a refusal: with what was typed, or with a blank one where `draft` is null. */
export interface Again {
  readonly draft: string | null;
  /** What to choose from where only the repository is missing; else empty. */
  readonly repositories: readonly string[];
}

/**
 * One thing to deliver to Slack. A row is one logical message: `key` names it within its lane, a later row of the same key
 * replaces its content, and what was delivered keeps its `ts`. Rows of a lane are first delivered in the order they came.
 */
export interface OutboxRow {
  /** The task, or the natural key of the request that a refusal answers. */
  readonly lane: string;
  readonly key: string;
  readonly effect: Effect;
}

export type Effect =
  | { readonly type: 'message'; readonly channel: ChannelId; readonly thread: Thread; readonly said: Said }
  | {
      readonly type: 'ephemeral';
      readonly channel: ChannelId;
      readonly thread: MessageTs | null;
      readonly user: UserId;
      readonly said: Said;
      readonly responseUrl: string | null;
    }
  /** What could not be said at its place, to one person as a direct message; said once, whatever becomes of it later. */
  | { readonly type: 'direct'; readonly channel: ChannelId; readonly user: UserId; readonly said: Said }
  | {
      readonly type: 'reaction';
      readonly channel: ChannelId;
      readonly ts: MessageTs;
      readonly name: string;
      readonly present: boolean;
    }
  /** How a task stands in Slack's own list of what its agents do. Not every workspace has one: nothing may rest on it. */
  | {
      readonly type: 'session';
      readonly channel: ChannelId;
      readonly thread: Thread;
      readonly status: SessionStatus;
      readonly title: string;
      readonly initiator: UserId;
      /** Counts up while `processing` goes on, to have it said again: Slack forgets it after an hour. */
      readonly beat: number;
    };

/** Slack's words: at work, waiting for somebody, open for more, over. */
export type SessionStatus = 'processing' | 'suspended' | 'active' | 'closed';

/** Where a message goes: a new root, the reply to a known message, or the reply to this lane's own root. */
export type Thread =
  | { readonly type: 'root' }
  | { readonly type: 'reply'; readonly to: MessageTs }
  | { readonly type: 'own' };
