import type { AgentCommand } from '../../sandbox/protocol.ts';
import type { BranchName, EngineId, RepositoryName, RunId, TaskId } from '../task/ids.ts';
import type { Network } from '../task/network.ts';
import type { Policy } from '../task/policy.ts';
import type { Attestations } from '../task/ports/attestations.ts';
import type { Clock } from '../task/ports/clock.ts';
import type { Directory } from '../task/ports/directory.ts';
import type { Duty } from '../task/ports/duty.ts';
import type { FileSource, FileStore } from '../task/ports/files.ts';
import type { Forge } from '../task/ports/forge.ts';
import type { HealthNotes } from '../task/ports/health.ts';
import type { Hosts } from '../task/ports/hosts.ts';
import type { Drafts } from '../task/ports/inbox.ts';
import type { Ledger } from '../task/ports/ledger.ts';
import type { Outbox } from '../task/ports/outbox.ts';
import type { Approvals } from '../task/ports/reactions.ts';
import type { LinkedAuthor, Repositories } from '../task/ports/repositories.ts';
import type { RunQueue } from '../task/ports/run-queue.ts';
import type { Limits, NetworkPolicy, Sandbox } from '../task/ports/sandbox.ts';
import type { TaskStore } from '../task/ports/task-store.ts';
import type { ThreadReader } from '../task/ports/thread-reader.ts';
import type { Turnstile } from '../task/ports/turnstile.ts';
import type { Run, Task } from '../task/task.ts';

/** Structured, with the task and run as fields. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What the bot's use cases need: no engine, no GitHub. */
export interface BotDeps {
  readonly store: TaskStore;
  readonly outbox: Outbox;
  readonly drafts: Drafts;
  readonly queue: RunQueue;
  readonly ledger: Ledger;
  readonly directory: Directory;
  readonly attestations: Attestations;
  readonly turnstile: Turnstile;
  readonly health: Pick<HealthNotes, 'all'>;
  readonly hosts: Pick<Hosts, 'list'>;
  readonly threads: ThreadReader;
  readonly approvals: Approvals;
  readonly fileSource: FileSource;
  readonly files: FileStore;
  readonly policy: Policy;
  readonly clock: Clock;
  readonly randomBytes: (size: number) => Uint8Array;
  readonly log: Log;
}

/** What a worker's use cases need: no Slack. */
export interface WorkerDeps {
  readonly store: TaskStore;
  readonly queue: RunQueue;
  readonly ledger: Ledger;
  readonly sandbox: Sandbox;
  readonly repositories: Repositories;
  readonly forge: Forge;
  readonly duty: Duty;
  readonly files: Pick<FileStore, 'get'>;
  readonly attestations: Pick<Attestations, 'find'>;
  readonly engine: EngineId;
  readonly hosts: Hosts;
  readonly lease: Lease;
  /** How long a machine is waited for whose worker was ended in order, before its runs are done anew elsewhere. */
  readonly awayMs: number;
  readonly policy: Policy;
  readonly limits: Limits;
  /** How long nothing may move in a run before it is ended; null for no limit. */
  readonly quietMs: number | null;
  /** How long a merge that waits for GitHub waits before it asks again. */
  readonly askAgainMs: number;
  readonly clock: Clock;
  /** Milliseconds on a clock that only goes forward, whatever is done to the machine's. */
  readonly elapsedMs: () => number;
  readonly log: Log;
  /**
   * The agent's command line, and what it holds of models, for a run of this task, the same each time it is asked for one run. Throws `Problem`
   * where the run has nothing to start with.
   */
  readonly toAgent: (asked: { task: Task; run: Run; prompt: string; reach: Network }) => {
    command: AgentCommand;
    grants: Pick<NetworkPolicy, 'providers' | 'dummyKey' | 'mcp'>;
    image: string;
  };
  /** The permalink of a task's thread, for the pull request; null while it is unknown. */
  readonly threadUrl: (task: Task) => Promise<string | null>;
  /** Who asked, by their own account on GitHub where the configuration links one. Throws `Problem`. */
  readonly author: (task: Task) => Promise<LinkedAuthor>;
  /** Throws a `Problem` where the rules of the repository will surely refuse this push. */
  readonly mayPush: (push: {
    repository: RepositoryName;
    branch: BranchName;
    exists: boolean;
    message: string;
  }) => Promise<void>;
  /** Whatever credentials are made for a piece of work end with it. */
  readonly during: <T>(work: () => Promise<T>) => Promise<T>;
  /** Whatever is logged during a piece of work says which task and run it is about. */
  readonly about: <T>(what: { task: TaskId; run?: RunId | undefined }, work: () => T) => T;
  readonly changes: Changes;
  /**
   * Removes what tasks other than these left on this machine, once nothing touched it for a day, and caches that nobody used for a month;
   * sooner where it is `urgent`, for want of disk.
   */
  readonly reap: (alive: readonly TaskId[], urgent: boolean) => Promise<void>;
}

/** One worker's right to its engine. */
export interface Lease {
  /** Whether this worker looks after what is nobody's in particular. For a moment two may think so, or none. */
  readonly leads: boolean;
  /** Throws a `Problem` where another worker may have taken over by now: to be asked before what can't be taken back. */
  check(): void;
  /**
   * Has `serve` work as long as the lease holds, and anew whenever it was lost and got back, until the signal aborts. Throws a `Problem`
   * (`engine_taken`) where another worker lives that serves this engine.
   */
  during(signal: AbortSignal, standing: () => Standing, serve: (held: AbortSignal) => Promise<void>): Promise<void>;
  /** Gives the engine back while some work on it has not settled, which can change nothing that counts any more. */
  leave(): Promise<void>;
}

/** How a machine stands: how many runs it may have at once, how many it has, and whether one could start. */
export interface Standing {
  readonly slots: number;
  readonly running: number;
  readonly ready: boolean;
}

/** Tells of a task's changes, in this process or another, and now and then without one: look, don't believe. */
export interface Changes {
  /** Disposing ends the calls. */
  subscribe(id: TaskId, changed: () => void): Disposable;
}
