import type { EngineId, RepositoryName, RunId, Sha, TaskId, UserId } from './ids.ts';
import type { Turn } from './line.ts';
import type { Allowance, Metered } from './money.ts';
import type { BlockedHost } from './network.ts';
import type {
  Approval,
  Checkout,
  Failure,
  Head,
  Hold,
  Outcome,
  Progress,
  PullRequest,
  Question,
  SetUp,
  SpecMessage,
} from './task.ts';

/** A fact about a task, in the past tense. `at` is epoch milliseconds. */
export type TaskEvent = { readonly at: number } & (
  | { readonly type: 'task_created' }
  | { readonly type: 'message_added'; readonly message: SpecMessage }
  | {
      readonly type: 'run_started';
      readonly run: RunId;
      readonly number: number;
      readonly engine: EngineId;
      readonly allowance?: Allowance;
    }
  /** What the run's meter shows by now, and its time so far; null for a run without a model. Comes after its end as well. */
  | { readonly type: 'metered'; readonly run: RunId; readonly metered: Metered | null; readonly durationMs: number }
  | {
      readonly type: 'checkout_prepared';
      readonly run: RunId;
      readonly checkouts: readonly PartCheckout[];
      /** Where the base branch's `.errand.yml` changes who works on it. */
      readonly choice?: { readonly agent: string; readonly model: string | null };
    }
  | { readonly type: 'set_up'; readonly run: RunId; readonly setUps: readonly SetUp[] }
  | { readonly type: 'messages_taken'; readonly run: RunId; readonly taken: number }
  | { readonly type: 'session_opened'; readonly run: RunId; readonly session: string }
  | { readonly type: 'progressed'; readonly run: RunId; readonly progress: Progress }
  | { readonly type: 'question_asked'; readonly run: RunId; readonly question: Question }
  | {
      readonly type: 'answer_given';
      readonly run: RunId;
      readonly question: string;
      readonly by: UserId;
      readonly answer: string;
    }
  | { readonly type: 'question_expired'; readonly run: RunId; readonly question: string }
  | { readonly type: 'run_finished'; readonly run: RunId; readonly outcome: Outcome }
  | {
      readonly type: 'run_failed';
      readonly run: RunId | null;
      readonly problem: Failure;
      readonly retry: boolean;
      /** When it is to be tried again at the earliest. */
      readonly until?: number;
    }
  /** Still queued, and why: the engine is down, say. Costs no attempt. Not to be tried before `until`. */
  | { readonly type: 'run_delayed'; readonly reason: string; readonly until?: number }
  /** Its people are told how many go before it, or which limit it waits for; null takes back what they were told. */
  | { readonly type: 'turn_told'; readonly turn: Turn | null }
  | { readonly type: 'retried'; readonly by: UserId }
  | { readonly type: 'stopped'; readonly by: UserId }
  /** The gateway refused these to a run. */
  | {
      readonly type: 'hosts_blocked';
      readonly run: RunId;
      readonly hosts: readonly BlockedHost[];
      /** False where nobody is named who could allow them. */
      readonly approvable?: boolean;
    }
  /** Somebody who may opened one of them for this task. */
  | { readonly type: 'host_allowed'; readonly host: string; readonly by: UserId; readonly byName: string }
  /** Whoever opened them may not any more: this run goes without. */
  | { readonly type: 'hosts_closed'; readonly run: RunId; readonly hosts: readonly string[] }
  | { readonly type: 'work_kept'; readonly run: RunId; readonly kept: readonly Head[] }
  | { readonly type: 'work_held'; readonly run: RunId; readonly repository: RepositoryName; readonly hold: Held }
  | HoldEvent
  | PullEvent
  /** The task is still at work, and what is only shown for a time is to be shown again. */
  | { readonly type: 'time_passed' }
  | { readonly type: 'continued'; readonly as: TaskId }
);

/** A fact about the pull request in one of the task's repositories. */
export type PullEvent = { readonly at: number; readonly repository: RepositoryName } & (
  | { readonly type: 'pull_request_opened'; readonly pull: PullRequest }
  /** It is no draft any more, whoever marked it. */
  | { readonly type: 'pull_request_ready' }
  | { readonly type: 'head_moved'; readonly head: Sha; readonly by: HeadMover }
  /** Somebody who may approve had workflows run on the head that is held. */
  | { readonly type: 'ci_requested'; readonly head: Sha; readonly by: UserId }
  /** The branch now stands at `head`: the tree of `from` without its mark. */
  | { readonly type: 'ci_released'; readonly from: Sha; readonly head: Sha }
  | { readonly type: 'ci_delayed'; readonly head: Sha; readonly reason: string }
  | { readonly type: 'ci_refused'; readonly head: Sha; readonly problem: Failure }
  | { readonly type: 'merge_approved'; readonly approval: Approval }
  | { readonly type: 'merge_refused'; readonly head: Sha; readonly problem: Failure }
  | { readonly type: 'merge_delayed'; readonly head: Sha; readonly reason: string }
  | { readonly type: 'pull_request_merged'; readonly commit: Sha; readonly by: UserId | null }
  | { readonly type: 'pull_request_closed' }
);

/** Work that is held, before anybody decided about it. */
export type Held = Omit<Hold, 'state'>;

/** A decision about held work, or what came of one. */
export type HoldEvent = { readonly at: number; readonly repository: RepositoryName; readonly head: Sha } & (
  | { readonly type: 'hold_released'; readonly by: UserId; readonly byName: string }
  | { readonly type: 'hold_refused'; readonly problem: Failure }
  | { readonly type: 'hold_pushed' }
);

/** What a run was given in one of the task's repositories. */
export interface PartCheckout {
  readonly repository: RepositoryName;
  readonly checkout: Checkout;
}

/** A finished run, which reports; the kept work of a stopped or failed one; or a person, on GitHub. */
export type HeadMover = 'run' | 'kept' | 'person';

export type TaskEventType = TaskEvent['type'];
