import type { Choices, KeptDraft } from './draft.ts';
import type { TaskEvent } from './events.ts';
import type { FileRefusal, OfferedFile } from './files.ts';
import type { BranchName, ChannelId, EngineId, MessageTs, RepositoryName, RunId, Sha, TaskId, UserId } from './ids.ts';
import type { OutboxRow } from './said.ts';
import type { Amount, Decision } from './spending.ts';
import type { ChangeSize, Check, FileChange, Metered, PullRequest, Task, Usage } from './task.ts';
import type { Refusal } from './transition.ts';

export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
}

/** The truth. Every write is atomic with its event and outbox rows; every read sees the last acknowledged write. */
export interface TaskStore {
  /** Stores a new task, its `task_created` event and its first rows in one step; `duplicate` when the origin key made one before. */
  create(task: Task, rows: readonly OutboxRow[]): Promise<{ created: boolean; task: Task }>;
  find(id: TaskId): Promise<Task | undefined>;
  /** The task whose thread this is, or that a delivered message `ts` belongs to. */
  findByThread(channel: ChannelId, thread: MessageTs): Promise<Task | undefined>;
  /**
   * Applies one event through `transition`, with the rows that the narrator makes of it, by compare-and-set, retried on a lost race.
   * With `epoch`, a task that was claimed anew since refuses the write (`stale_epoch`): a worker thought dead changes nothing.
   */
  apply(id: TaskId, event: TaskEvent, options?: { epoch?: number }): Promise<Applied>;
  events(id: TaskId): Promise<readonly TaskEvent[]>;
  /** Ids of tasks that still need somebody: queued, running, waiting, or with an open pull request; oldest first. */
  unsettled(): Promise<readonly TaskId[]>;
  /** Newest tasks first. */
  recent(limit: number): Promise<readonly Task[]>;
  /** Calls back with the id of each task that changes, in this process or another, until the signal aborts. Hints, not guarantees. */
  watch(changed: (id: TaskId) => void, signal: AbortSignal): Promise<void>;
  /** The `ts` of a message that was delivered for a task under this key (`root`, …); null while it is not. */
  deliveredTs(id: TaskId, key: string): Promise<MessageTs | null>;
  /** A fact one process leaves for the others, such as the workspace's address for links. */
  remember(name: SharedFact, value: string): Promise<void>;
  recall(name: SharedFact): Promise<string | null>;
  /** How far the records of a run were folded; null before the first. */
  cursor(run: RunId): Promise<number | null>;
  saveCursor(run: RunId, cursor: number): Promise<void>;
}

/** The workspace's address, for links; the repositories that the GitHub App is installed on, comma-separated. */
export type SharedFact = 'slack_url' | 'repositories';

export type Applied =
  | { readonly type: 'applied'; readonly task: Task }
  | {
      readonly type: 'refused';
      readonly reason: Refusal | 'stale_epoch' | 'unknown_task';
      readonly task: Task | undefined;
    };

/** Turns a fact into what the thread shows. Pure; `task` is the task after the event, `before` as it was. */
export type Narrator = (task: Task, event: TaskEvent, before: Task) => readonly OutboxRow[];

/** Who spends, and on what. */
export interface Spender {
  readonly person: UserId;
  readonly repository: RepositoryName;
  readonly agent: string;
}

/** What was spent on a calendar day, by one person, repository and agent. */
export interface DaySpent extends Spender {
  readonly day: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Of models whose price is known. */
  readonly usd: number;
  /** Tokens of runs that used a model without a known price. */
  readonly unpricedTokens: number;
  readonly usdAtMost: number;
}

/** What people spent by day, kept for ninety days, and what the runs under way may still spend. */
export interface Ledger {
  /** The accounts of a person and of everybody on a day, without the limits. */
  standing(day: string, person: UserId): Promise<Standing>;
  /**
   * Reserves what `decide` grants, on the accounts as they stand, in one step with looking at them: runs that ask at once, of any
   * worker, never get the same rest twice. A run that asks again gets what it was granted. What a run doesn't give back lapses at `until`.
   */
  reserve(
    order: { run: RunId; person: UserId; day: string; until: number },
    decide: (standing: Standing) => Decision,
  ): Promise<Decision>;
  /** Counts all that a run has spent so far to a day, each part once, and takes it off what is reserved for it. */
  book(order: {
    run: RunId;
    day: string;
    spender: Spender;
    spent: Usage & { readonly usdAtMost: number };
  }): Promise<void>;
  /** Gives back what a run has left of its reservation. */
  release(run: RunId): Promise<void>;
  /** What was spent on these days. */
  days(days: readonly string[]): Promise<readonly DaySpent[]>;
}

export interface Standing {
  readonly person: { readonly used: Amount; readonly reserved: Amount };
  readonly everybody: { readonly used: Amount; readonly reserved: Amount };
}

/** What Slack sent, stored under its natural key before Slack gets its 200. */
export interface Inbox {
  /** `false` when this key was stored before (a retry, a double delivery). Throws `Problem` within two seconds when the store is away. */
  put(key: string, envelope: unknown): Promise<boolean>;
  /** Marks an envelope as dealt with: it is replayed no more, and its key stays known for a day. */
  settle(key: string): Promise<void>;
  /** Envelopes that were stored more than `olderThanMs` ago and never settled. */
  unsettled(olderThanMs: number): Promise<readonly { key: string; envelope: unknown; attempts: number }[]>;
}

/** What people typed and could not send, kept for a day, and what each chose last. */
export interface Drafts {
  keep(draft: KeptDraft): Promise<void>;
  find(id: string): Promise<KeptDraft | undefined>;
  choices(by: UserId): Promise<Choices | undefined>;
  remember(by: UserId, choices: Choices): Promise<void>;
}

/** What is to be delivered to Slack. */
export interface Outbox {
  /** Adds rows that belong to no task: refusals, answers to `/agent status`. */
  add(rows: readonly OutboxRow[]): Promise<void>;
  /** Lanes with undelivered rows. */
  dirty(): Promise<readonly string[]>;
  /** A lane's rows in the order they were first added, with what was delivered of each. Null when another process holds the lane. */
  take(lane: string): Promise<Lane | null>;
  /** Marks a row's first post as under way, before it is: after a crash, whoever finds the mark looks in Slack before posting again. */
  attempting(lane: Lane, row: PendingRow): Promise<void>;
  /** Records a delivery; `ts` is the message's, and binds (channel, ts) to the task for `findByThread`. */
  delivered(lane: Lane, row: PendingRow, ts: MessageTs | null): Promise<void>;
  /** Gives the lane back; it stays dirty while rows are undelivered. */
  release(lane: Lane): Promise<void>;
  /** Calls back with each lane that gets a row, until the signal aborts. Hints, not guarantees. */
  watch(added: (lane: string) => void, signal: AbortSignal): Promise<void>;
  /** The row behind a delivered message: what a reaction or a button was put on. */
  findMessage(channel: ChannelId, ts: MessageTs): Promise<{ lane: string; key: string; row: OutboxRow } | undefined>;
}

export interface Lane {
  readonly name: string;
  readonly rows: readonly PendingRow[];
  readonly token: string;
}

export interface PendingRow extends OutboxRow {
  /** Grows with each new content of this key. */
  readonly revision: number;
  readonly deliveredRevision: number;
  /** Whether a first post of this row may already stand in Slack although no `ts` is known. */
  readonly attempted: boolean;
  readonly ts: MessageTs | null;
}

/** A wake-up, not a truth: losing or doubling one changes nothing but the time it takes. */
export interface RunQueue {
  wake(job: Job, options?: WakeOptions): Promise<void>;
  /**
   * Hands jobs of one type to `handle`, at most `concurrency` at once, until the signal aborts; types don't wait for each other.
   * A job that throws comes again later.
   */
  work(
    type: Job['type'],
    handle: (job: Job, signal: AbortSignal) => Promise<void>,
    options: { concurrency: number; signal: AbortSignal },
  ): Promise<void>;
  /** How many run jobs wait before this task's. */
  ahead(task: TaskId): Promise<number>;
}

export interface WakeOptions {
  readonly priority?: number;
  readonly delayMs?: number;
  /** Leaves a wake-up that waits already, or waits for its time, as it is. */
  readonly unlessWaiting?: boolean;
}

export type Job =
  | { readonly type: 'run'; readonly task: TaskId }
  | { readonly type: 'merge'; readonly task: TaskId }
  | { readonly type: 'pull'; readonly task: TaskId };

/** Everything the sandbox may be told. The broker turns it into a container; nobody else names a mount, a user or a capability. */
export interface RunOrder {
  readonly task: TaskId;
  readonly run: RunId;
  /** A key of the operator's list; `default` is the image that set-up built. */
  readonly image: string;
  /** Repository directories under the data folder, mounted read-only at the same path. */
  readonly repositories: readonly string[];
  readonly limits: Limits;
  readonly policy: NetworkPolicy;
}

export interface Limits {
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly pids: number;
  readonly workspaceBytes: number;
  /** Wall time after which the broker ends the container by itself. */
  readonly runMs: number;
}

/** What the task's meter may show at most, earlier runs included; null is no limit. */
export interface MeterLimits {
  readonly budgetUsd: number | null;
  readonly budgetTokens: number | null;
  /** What a model without a known price counts as against dollars: the dearest there is, or nothing where tokens hold it. */
  readonly unpriced: 'dearest' | 'tokens';
}

/** What one task may reach; frozen when the run starts. */
export interface NetworkPolicy extends MeterLimits {
  /** Names of configured model providers, `anthropic`, `openai`, …; empty is no model. */
  readonly providers: readonly string[];
  /** Exact host names for the egress proxy, port 443. */
  readonly allow: readonly string[];
  /** What the agent holds instead of a key. */
  readonly dummyKey: string;
  /** MCP servers of the configuration, each with the tools that may be called; null is all of its own. */
  readonly mcp?: readonly { readonly name: string; readonly tools: readonly string[] | null }[];
}

/** Where a run's agent lives. The container is the run: it outlives every worker, and each call here can be repeated. */
export interface Sandbox {
  engine(): Promise<EngineId>;
  /** Makes workspace, gateway and container, or finds them. Throws `Problem` with `retry` when the engine is at fault. */
  start(order: RunOrder): Promise<void>;
  /** Writes one control line to the runner's stdin; see `sandbox/protocol.ts`. */
  send(run: RunId, line: unknown): Promise<void>;
  /** Records after number `after`, as untrusted JSON values, following until the container has stopped and all was read. */
  records(run: RunId, after: number, signal: AbortSignal): AsyncIterable<unknown>;
  state(run: RunId): Promise<ContainerState>;
  /** SIGTERM, and SIGKILL after `graceMs`; settles when no process of the run is left. */
  stop(run: RunId, graceMs: number): Promise<void>;
  /**
   * After the run stopped: commits what is left over in the checkout at `folder`, inside a second container, and writes its `HEAD`
   * as a bundle; returns the bundle's path. Null when HEAD is still `start`.
   */
  export(run: RunId, work: { folder: string; start: Sha }, capBytes: number): Promise<string | null>;
  /** Runs one command in the checkout at `folder`, in a fresh container without network, and takes its exit code. */
  check(run: RunId, work: { folder: string; command: string }, timeoutMs: number): Promise<Check>;
  usage(task: TaskId): Promise<Metered | null>;
  /** Hosts that the egress proxy refused. */
  blocked(task: TaskId): Promise<readonly string[]>;
  list(): Promise<readonly { task: TaskId; run: RunId; state: ContainerState }[]>;
  /** Removes a run's container and, with `workspace`, all that the task had here. */
  remove(task: TaskId, options: { workspace: boolean }): Promise<void>;
}

export type ContainerState =
  | { readonly type: 'absent' }
  | { readonly type: 'running' }
  | { readonly type: 'exited'; readonly code: number; readonly outOfMemory: boolean; readonly timedOut: boolean };

/** What the base branch's `.errand.yml` says; defaults where it says nothing. */
export interface RepositoryRules {
  readonly checks: readonly string[];
  readonly allow: readonly string[];
  readonly agent: string | null;
  readonly model: string | null;
  readonly merge: {
    readonly method: 'merge' | 'squash' | 'rebase';
    readonly approvers: readonly string[];
    readonly selfApproval: boolean | null;
  };
  readonly pullRequest: {
    /** Whether it is opened as a draft. */
    readonly draft: boolean;
  };
}

export interface Prepared {
  /** The base branch that was asked for, or the remote's default branch. */
  readonly baseBranch: BranchName;
  /** The base branch's head on the remote. */
  readonly base: Sha;
  /** Where this run starts: the task branch's head on the remote, or `base`. */
  readonly start: Sha;
  /** Whether the task branch exists on the remote, and at what head; what the push leases against. */
  readonly remote: Sha | null;
  /** Bare repositories to mount read-only: the mirror, and the task's own. The runner fetches `start` from the last. */
  readonly repositories: readonly string[];
  readonly rules: RepositoryRules;
}

export interface Imported {
  readonly head: Sha;
  readonly files: readonly FileChange[];
  readonly sensitive: readonly string[];
}

export interface CommitWords {
  readonly message: string;
  /** Author and committer date, epoch milliseconds: the same run imported twice makes the same commit. */
  readonly at: number;
  readonly coAuthor: Author;
}

/** Somebody as a commit names them. */
export interface Author {
  readonly name: string;
  readonly email: string;
}

/** Somebody who asked: as a commit names them, and their page on GitHub where their account is linked. */
export interface LinkedAuthor extends Author {
  readonly account: { readonly login: string; readonly url: string } | null;
}

/** Which of a task's bare repositories is meant: each of its parts has one of its own, and nothing moves between them. */
export interface PartPlace {
  readonly task: TaskId;
  /** Counts the task's parts from nought. */
  readonly part: number;
}

/** Git on the host: only ever in repositories that no agent has touched. */
export interface Repositories {
  prepare(
    order: PartPlace & {
      repository: RepositoryName;
      /** Null is the remote's default branch. */
      base: BranchName | null;
      branch: BranchName;
      signal: AbortSignal;
    },
  ): Promise<Prepared>;
  /** Checks a bundle in quarantine and re-commits its tree as the bot on top of `start`; null when nothing changed. Throws `Problem` for what it refuses. */
  import(
    order: PartPlace & { run: RunId; repository: RepositoryName; bundle: string; start: Sha; words: CommitWords },
  ): Promise<Imported | null>;
  /** How much `head` changes against the commit that it left `base` at, as GitHub shows a pull request. */
  size(order: PartPlace & { base: Sha; head: Sha }): Promise<ChangeSize>;
  /** The repository's own template for pull requests at this commit of its base; null without one. */
  template(order: PartPlace & { base: Sha }): Promise<string | null>;
  /** Pushes one branch with a lease on `remote`. `moved` when somebody pushed meanwhile; `already` when the remote has `head`. */
  push(
    order: PartPlace & {
      repository: RepositoryName;
      branch: BranchName;
      head: Sha;
      remote: Sha | null;
      signal: AbortSignal;
    },
  ): Promise<'pushed' | 'already' | 'moved'>;
  /** Forgets a task's own repositories. */
  remove(task: TaskId): Promise<void>;
  /** Forgets those of tasks that `alive` doesn't have and that nothing touched for `graceMs`. */
  reap(alive: readonly TaskId[], graceMs: number): Promise<void>;
}

export interface PullView extends PullRequest {
  readonly state: 'open' | 'closed' | 'merged';
  /** As GitHub has it, whoever made it one. */
  readonly isDraft: boolean;
  /** The merge commit, when merged. */
  readonly commit: Sha | null;
}

export type Mergeable =
  | { readonly type: 'ready' }
  | { readonly type: 'pending'; readonly reason: string }
  | { readonly type: 'refused'; readonly sentence: string; readonly next: string };

/** GitHub. Throws `Problem`: 401, 403, 404, 422 and rate limits each in their own words. */
export interface Forge {
  /** Throws when the repository can't be reached or is empty. */
  defaultBranch(repository: RepositoryName): Promise<BranchName>;
  /** Finds the open pull request of this head branch, or makes it; never makes two. */
  openPull(order: {
    repository: RepositoryName;
    base: BranchName;
    branch: BranchName;
    title: string;
    body: string;
    /** A wish: where GitHub has no drafts, the pull request is a normal one and says so. */
    draft: boolean;
  }): Promise<PullRequest>;
  /** Throws a `Problem` where branch rules will surely refuse such a push; GitHub has the last word. */
  checkPush(order: {
    repository: RepositoryName;
    branch: BranchName;
    exists: boolean;
    signed: boolean;
    message: string;
    email: string;
  }): Promise<void>;
  /** Makes a draft ready for review; nothing where it is that already. */
  markReady(repository: RepositoryName, number: number): Promise<void>;
  /** Replaces Errand's part of a description; what people wrote around it stays. */
  describePull(repository: RepositoryName, number: number, body: string): Promise<void>;
  findPull(repository: RepositoryName, number: number): Promise<PullView>;
  /** Every rule that GitHub and `.errand.yml` set, asked for this head. */
  mergeable(repository: RepositoryName, number: number, head: Sha): Promise<Mergeable>;
  /** Merges exactly `head` (GitHub answers 409 otherwise); already merged counts as done. */
  merge(order: {
    repository: RepositoryName;
    number: number;
    head: Sha;
    method: 'merge' | 'squash' | 'rebase';
    title: string;
    message: string;
  }): Promise<Sha>;
}

export type Member =
  | { readonly type: 'member'; readonly id: UserId; readonly name: string }
  | { readonly type: 'guest' | 'bot' | 'stranger' | 'deactivated'; readonly id: UserId; readonly name: string };

/** Who somebody is in Slack. Fails closed: an unknown person is a stranger, an unreachable Slack a thrown `Problem`. */
export interface Directory {
  member(id: UserId): Promise<Member>;
  /** The members of a user group (`S…`). */
  group(id: string): Promise<ReadonlySet<UserId>>;
  channel(id: ChannelId): Promise<ChannelKind>;
}

/**
 * Who reads a channel: this workspace alone, or another one too; `absent` where the bot is not in a private one and so can't
 * know, `hidden` where its app may not ask.
 */
export type ChannelKind = 'own' | 'shared' | 'absent' | 'hidden';

/** What stands in a thread, oldest first, for a task that a mention starts. */
export interface ThreadReader {
  thread(channel: ChannelId, thread: MessageTs): Promise<readonly ThreadMessage[]>;
  /** One message; null when it is gone, or is out of reach. */
  message(channel: ChannelId, ts: MessageTs): Promise<ThreadMessage | null>;
}

export interface ThreadMessage {
  /** Null for an app that has no id of a person; `name` is then all that is known. */
  readonly author: UserId | null;
  readonly name: string;
  readonly ts: MessageTs;
  /** The root of its thread; itself where it stands alone. */
  readonly thread: MessageTs;
  readonly text: string;
  readonly bot: boolean;
  /** What was attached to it. */
  readonly files?: readonly OfferedFile[];
}

/** Where attached files come from. Never throws: a file that can't be had is a value, and the task goes on without it. */
export interface FileSource {
  fetch(
    file: OfferedFile,
    options: { maxBytes: number; signal: AbortSignal },
  ): Promise<{ readonly ok: true; readonly bytes: Uint8Array } | { readonly ok: false; readonly why: FileRefusal }>;
}

/** The processes that deliver to one workspace, which have its limits together. */
export interface Crew {
  /** Says that this process is alive, and learns how many are. */
  beat(member: string): Promise<number>;
}

/** Keeps what was attached for as long as a task may need it; see `fileLimits`. */
export interface FileStore {
  put(id: string, bytes: Uint8Array): Promise<void>;
  /** Null once it has expired. */
  get(id: string): Promise<Uint8Array | null>;
}
