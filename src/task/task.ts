import type { AttachedFile } from './files.ts';
import type { BranchName, ChannelId, EngineId, MessageTs, RepositoryName, RunId, Sha, TaskId, UserId } from './ids.ts';
import type { Turn } from './line.ts';
import type { Allowance, Budget, Spending, Spent, Usage } from './money.ts';
import type { BlockedHost, Network } from './network.ts';

/** Where a task began, and so where its thread is. `thread` is null until the root message of a slash command is posted. */
export interface Origin {
  /** The natural key of the Slack request; one request makes one task however often Slack repeats it. */
  readonly key: string;
  readonly kind: 'command' | 'mention' | 'message' | 'form';
  readonly channel: ChannelId;
  readonly thread: MessageTs | null;
}

/** One message of a spec. Only `steering` messages are instructions; `context` is what others said, shown as untrusted. */
export interface SpecMessage {
  /** The natural key of the Slack message (`channel:ts`), or of the command. */
  readonly key: string;
  /** The Slack message it stood in; null for a slash command, which has none. */
  readonly message: MessageTs | null;
  readonly author: UserId;
  readonly authorName: string;
  readonly trust: 'steering' | 'context';
  readonly text: string;
  /** What came with it and was taken. */
  readonly files?: readonly AttachedFile[] | undefined;
  /** One sentence of what came with it and could not be taken. */
  readonly leftOut?: string | undefined;
  /** Epoch milliseconds. */
  readonly at: number;
}

export interface Step {
  readonly title: string;
  readonly status: 'pending' | 'in_progress' | 'complete' | 'error';
  /** A fact worth showing beside the step, one line. */
  readonly detail: string | null;
}

/** What a running agent shows: at most eight steps, and the line it is on. */
export interface Progress {
  readonly steps: readonly Step[];
  readonly activity: string | null;
}

/** A script that makes a fresh checkout ready, and which of the operator's secrets it asks for. */
export interface SetupScript {
  readonly script: string;
  readonly secrets: readonly string[];
}

/** What was done in one checkout before the agent came. */
export interface SetUp {
  readonly repository: RepositoryName;
  readonly kind: 'setup' | 'maintenance';
  readonly durationMs: number;
  /** Tracked files that it changed, and that were set back. */
  readonly changed: readonly string[];
}

export interface Run {
  readonly id: RunId;
  readonly number: number;
  readonly engine: EngineId;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** The first spec message this run is to read, counted from the start of the spec. */
  readonly from: number;
  readonly progress: Progress;
  /** What it may spend, and how long it may take; null for a run that an older Errand started. */
  readonly allowance: Allowance | null;
  /** Once the checkouts were set up; empty where there was nothing to do. */
  readonly setUps?: readonly SetUp[] | undefined;
}

/**
 * The commits a run was given in one repository: the base branch's head, where the agent starts, and the task branch's head on
 * the remote.
 */
export interface Checkout {
  /** When it was prepared, epoch milliseconds; the date of the run's commit. */
  readonly at: number;
  readonly baseBranch: BranchName;
  readonly base: Sha;
  readonly start: Sha;
  /** Held work on top of `start` that the agent finds; what it leaves becomes one commit on `start` all the same. */
  readonly from?: Sha | undefined;
  readonly remote: Sha | null;
  /** Commands that the base branch's `.errand.yml` sets; their exit codes are what Errand measures. */
  readonly checks: readonly string[];
  /** What that file leaves of what the operator opens; null where it says nothing. */
  readonly network?: Network | null | undefined;
  /** The same for host names alone. */
  readonly allow: readonly string[] | null;
  /** How it narrows who approves; absent in a checkout that was prepared before this was kept. */
  readonly approval?: ApprovalRules | undefined;
  /** What it asked for that the operator has not opened, in words. */
  readonly beyond?: readonly string[] | undefined;
  /** Whether the places count in which that file says that secrets are none; not on a base that anyone might have pushed. */
  readonly heedIgnore?: true | undefined;
  /** Whether a new pull request is opened as a draft. */
  readonly draft?: boolean | undefined;
  /** The repository's number on GitHub. */
  readonly repositoryId?: number | undefined;
  /** What GitHub's workflows make of what is pushed here; absent where none would run. */
  readonly ci?: CheckoutCi | undefined;
  readonly setup?: SetupScript | null | undefined;
  readonly maintenance?: string | null | undefined;
  /** Bare repositories that the sandbox mounts read-only; `start` is in the last. */
  readonly repositories: readonly string[];
}

export interface ApprovalRules {
  /** People; empty narrows nothing. */
  readonly approvers: readonly string[];
  readonly selfApproval: boolean | null;
}

export interface CheckoutCi {
  /** Whether what the run makes is pushed with the mark that keeps workflows from running on it. */
  readonly held: boolean;
  /** The same of `start`: kept work of an earlier run, which the next one may bring up for review as it stands. */
  readonly startHeld: boolean;
  /** Whether workflows on `pull_request_target` run on it anyway. */
  readonly target: boolean;
}

/** What GitHub's workflows make of a head that Errand pushed. */
export type Ci =
  /** It carries the mark: nothing runs on it but what `target` says. */
  | { readonly type: 'held'; readonly target: boolean }
  /** They ran as soon as it was pushed; `target` says that some of them can't be held. */
  | { readonly type: 'unheld'; readonly target: boolean }
  /** The tree of `from`, which was held, without the mark: somebody who may approve had it run. */
  | { readonly type: 'released'; readonly from: Sha; readonly by: UserId };

/** Somebody's word that workflows may run on the head that is held. */
export interface Release {
  readonly by: UserId;
  /** What it waits for; null while nothing is in its way. */
  readonly delay: string | null;
}

export interface Question {
  readonly id: string;
  readonly text: string;
  readonly options: readonly string[];
  /** What happens when nobody answers by `expiresAt` (epoch milliseconds). */
  readonly fallback: string;
  readonly expiresAt: number;
}

/** A command of the base branch's `.errand.yml`, with the exit code that Errand itself took. */
export interface Check {
  readonly command: string;
  readonly exitCode: number;
  readonly durationMs: number;
}

export interface FileChange {
  readonly path: string;
  readonly added: number;
  readonly removed: number;
}

/** How large a change is; lines of binary files count as none. */
export interface ChangeSize {
  readonly files: number;
  readonly added: number;
  readonly removed: number;
}

/** A changed path that a reviewer should look at first, and what it does; '' in reports of an older Errand. */
export interface SensitivePath {
  readonly path: string;
  readonly why: string;
}

/** What looks like a secret in a change: where, and of which kind, with its article. The value is nowhere. */
export interface SecretFinding {
  readonly path: string;
  readonly line: number;
  readonly kind: string;
}

/** The findings in a change, as far as they are listed, and how many there are. */
export interface Secrets {
  readonly findings: readonly SecretFinding[];
  readonly count: number;
}

/** What a run left behind. `claim` is the agent's word; everything else Errand measured. */
export interface Report {
  readonly claim: string;
  readonly checks: readonly Check[];
  /** What this run used of models; null for an agent without one. */
  readonly usage: Usage | null;
  readonly durationMs: number;
  /** What all runs of the task used until then, and what they may; null in reports of an older Errand. */
  readonly total: { readonly spent: Spent; readonly budget: Budget } | null;
  readonly files: readonly FileChange[];
  /** The pull request as a whole, where the run is not all of it. */
  readonly whole?: ChangeSize | undefined;
  /** Changed paths of the pull request that a reviewer should look at first: workflows, lifecycle scripts, agent instructions. */
  readonly sensitive: readonly SensitivePath[];
  /** What looked like a secret and was pushed all the same, and who decided so. */
  readonly pushedAnyway?: (Secrets & { readonly by: UserId; readonly byName: string }) | undefined;
  /** Hosts that the agent wanted to reach and was refused. */
  readonly blocked: readonly string[];
}

/** A commit of one repository. */
export interface Head {
  readonly repository: RepositoryName;
  readonly head: Sha;
}

/** What a run made in one repository, as it went up for review. */
export interface Change extends Head {
  readonly report: Report;
}

/** What a run made in one repository and could not bring into a pull request; `kept` is where the branch has it all the same. */
export interface Shortfall {
  readonly repository: RepositoryName;
  readonly problem: Failure;
  readonly kept: Sha | null;
}

export type Outcome =
  /** `missing` are repositories whose changes did not get as far as those of `changes`. */
  | { readonly type: 'changed'; readonly changes: readonly Change[]; readonly missing: readonly Shortfall[] }
  | { readonly type: 'unchanged'; readonly report: Report }
  | { readonly type: 'answered'; readonly report: Report }
  | {
      readonly type: 'failed';
      readonly problem: Failure;
      readonly kept: readonly Head[];
      readonly report: Report | null;
    }
  | { readonly type: 'refused'; readonly problem: Failure }
  /** All that was made is held; its parts say why. `missing` is what was refused beside it. */
  | { readonly type: 'held'; readonly missing: readonly Shortfall[] }
  | { readonly type: 'stopped'; readonly by: UserId; readonly kept: readonly Head[] };

/** One clear sentence of what went wrong and one of what to do next; the cause is in the log. */
export interface Failure {
  readonly code: string;
  readonly sentence: string;
  readonly next: string;
  /** The last lines of what a script printed, without its secrets. */
  readonly printed?: string | undefined;
}

export type RunState =
  | { readonly type: 'idle'; readonly outcome: Outcome | null }
  | {
      readonly type: 'queued';
      readonly since: number;
      readonly reason: string | null;
      /** It is not to be tried before, epoch milliseconds: what it waits for lasts until then. */
      readonly notBefore?: number | undefined;
      /** What its people were told of its turn. */
      readonly turn?: Turn | undefined;
    }
  | { readonly type: 'running'; readonly run: Run }
  | { readonly type: 'waiting'; readonly run: Run; readonly question: Question };

/** One person's word for one commit, given on the gate message that showed it. */
export interface Approval {
  readonly by: UserId;
  readonly byName: string;
  readonly head: Sha;
  readonly message: MessageTs;
  /** How it was given: an emoji can be taken off again. Older ones don't say. */
  readonly via?: 'reaction' | 'button' | undefined;
}

export interface PullRequest {
  readonly number: number;
  readonly url: string;
  readonly head: Sha;
  /**
   * `draft` while it is one that Errand opened as such: an approval marks it ready. `unsupported` where a draft was wanted and GitHub has
   * none for this repository. Absent otherwise, also for drafts that people made.
   */
  readonly draft?: 'draft' | 'unsupported' | undefined;
}

export type PullState =
  | { readonly type: 'none' }
  /** `refusal` is why the last approval did not lead to a merge. */
  | {
      readonly type: 'open';
      readonly pull: PullRequest;
      readonly refusal: Failure | null;
      /** Workflows are about to run on this head, which is held. */
      readonly release?: Release | undefined;
    }
  | {
      readonly type: 'merging';
      readonly pull: PullRequest;
      readonly approval: Approval;
      /** What the merge waits for; null while nothing is in its way. */
      readonly delay: string | null;
    }
  | { readonly type: 'merged'; readonly pull: PullRequest; readonly commit: Sha; readonly by: UserId | null }
  | { readonly type: 'closed'; readonly pull: PullRequest };

/** A head of the pull request that was, or is, up for review: made by a run, kept of a broken one, or pushed by a person. */
export interface Result {
  readonly run: number;
  readonly head: Sha;
  readonly by: 'run' | 'kept' | 'person';
  readonly report: Report | null;
  /** Repositories of the task that the run left as they were; with its first result alone. */
  readonly unchanged?: readonly RepositoryName[] | undefined;
  /** Absent where no workflow is known to run on it, and of what a person pushed. */
  readonly ci?: Ci | undefined;
}

/**
 * Work that was made, checked and not pushed, since it holds what looks like a secret: an approver may have it pushed all the same, and
 * a next run goes on from it.
 */
export interface Hold {
  readonly run: number;
  readonly head: Sha;
  /** What the task's branch was at on the remote. */
  readonly remote: Sha | null;
  /** On whose machine the commit is. */
  readonly engine: EngineId;
  readonly report: Report;
  readonly secrets: Secrets;
  readonly state: /** `refusal` is why it could not be pushed when somebody wanted it. */
    | { readonly type: 'open'; readonly refusal: Failure | null }
    | {
        readonly type: 'released' | 'pushed';
        readonly by: UserId;
        readonly byName: string;
        /** When they said so. */
        readonly at?: number | undefined;
      };
}

/** A task in one of its repositories. Each part has a pull request, and so an approval, of its own. */
export interface Part {
  readonly repository: RepositoryName;
  /** Its number on GitHub, recorded when the first run was prepared: the name may come to mean another one. */
  readonly repositoryId?: number | undefined;
  /** An Errand that recorded no such number gave this to a run: the task's branch may be its own. */
  readonly touched?: true | undefined;
  /** The branch to start from and to merge into. Null until the first run has asked the remote for its default branch. */
  readonly base: BranchName | null;
  /** What the latest run was given, once that is prepared: an adopting worker goes on from it, a stopped run is kept by it. */
  readonly checkout: Checkout | null;
  readonly pull: PullState;
  /** Every head that got a gate message, oldest first; only the last one's gate can be open. */
  readonly results: readonly Result[];
  /** A run made something here that did not get into a pull request, and none has come up since. */
  readonly owed?: true | undefined;
  /** What the latest run made here and must not be pushed without an approver's word. */
  readonly hold?: Hold | undefined;
}

/** One thread's errand. Everything a worker or a message needs is here; nothing here is a secret. */
export interface Task {
  readonly id: TaskId;
  readonly createdAt: number;
  readonly requester: UserId;
  readonly requesterName: string;
  readonly origin: Origin;
  /** The repositories it changes, in the order they were named: one at least, none twice. */
  readonly parts: readonly [Part, ...Part[]];
  /** The one branch this task may push, of the same name in each repository: `errand/<task>-<slug>`. */
  readonly branch: BranchName;
  readonly title: string;
  /** A key of the configured agents. */
  readonly agent: string;
  readonly model: string | null;
  /** What the request itself said of both; left out where the two were taken over from another task. */
  readonly asked?: { readonly agent: string | null; readonly model: string | null } | undefined;
  /** The image that the request asked for, a key of the configuration. */
  readonly environment?: string | undefined;
  /** What the request narrowed its network to. */
  readonly network?: Network | undefined;
  /** Hosts that it was refused, each once, and the run that met it first. */
  readonly blocked?: readonly Blocked[] | undefined;
  /** Hosts that somebody opened for this task alone. */
  readonly allowed?: readonly Allowed[] | undefined;
  readonly budget: Budget;
  readonly spec: readonly SpecMessage[];
  /** How many spec messages an agent has read, counted from the start. */
  readonly taken: number;
  readonly run: RunState;
  readonly spending: Spending;
  /** Runs started so far, failed attempts included. */
  readonly runs: number;
  /** Runs in a row that failed for the machine's sake rather than the task's. */
  readonly attempt: number;
  /** The fencing token: counts claims, and a writer that holds an older one is refused. */
  readonly epoch: number;
  /** Where its latest run was: its checkout lies there. Absent before the first. */
  readonly home?: EngineId | undefined;
  /** The agent's own session, resumed by the next run. */
  readonly session: string | null;
  /** The task that this one continues, after that was merged or closed. */
  readonly follows: TaskId | null;
}

export interface Blocked extends BlockedHost {
  /** The run's number. */
  readonly run: number;
  /** False where nobody was named by then who could allow it. */
  readonly approvable?: boolean | undefined;
}

/** One person's word for one host: it holds from the next run on. */
export interface Allowed {
  readonly host: string;
  readonly by: UserId;
  readonly byName: string;
  /** How many runs the task had by then: a later one has it. */
  readonly runs: number;
  /** The run that didn't get it any more, nor those after it: whose word it was may not say so by now. */
  readonly until?: number | undefined;
}

/** How many refused hosts of a task are kept: more is an attack or an accident, and nobody reads it. */
export const maxBlocked = 50;

/** How many repositories one task may change: each is a checkout, a pull request, and somebody's review. */
export const maxRepositories = 5;

/** How often a run is tried again when the machine failed it: worker lost, engine down. */
export const maxAttempts = 3;
