import type { TaskEvent } from '../events.ts';
import type { ChannelId, EngineId, MessageTs, RunId, TaskId } from '../ids.ts';
import type { OpenTask } from '../intake.ts';
import type { Held, Line, Parties } from '../line.ts';
import type { OutboxRow } from '../said.ts';
import type { Task } from '../task.ts';
import type { Refusal } from '../transition.ts';

/** The truth. Every write is atomic with its event and outbox rows; every read sees the last acknowledged write. */
export interface TaskStore {
  /** Stores a new task, its `task_created` event and its first rows in one step; `duplicate` when the origin key made one before. */
  create(task: Task, rows: readonly OutboxRow[]): Promise<{ created: boolean; task: Task }>;
  find(id: TaskId): Promise<Task | undefined>;
  /** The task that a request with this natural key made. */
  findByOrigin(key: string): Promise<Task | undefined>;
  /** The task whose thread this is, or that a delivered message `ts` belongs to. */
  findByThread(channel: ChannelId, thread: MessageTs): Promise<Task | undefined>;
  /**
   * Applies one event through `transition`, with the rows that the narrator makes of it, by compare-and-set, retried on a lost race.
   * With `epoch`, a task that was claimed anew since refuses the write (`stale_epoch`): a worker thought dead changes nothing.
   * With `within`, a run starts only while each of these limits leaves room for it (`no_room`), in one step with taking that room: runs that start
   * at once, on any worker, never pass a limit together.
   */
  apply(id: TaskId, event: TaskEvent, options?: ApplyOptions): Promise<Applied>;
  events(id: TaskId): Promise<readonly TaskEvent[]>;
  /** Ids of tasks that still need somebody: queued, running, waiting, or with an open pull request; oldest first. */
  unsettled(): Promise<readonly TaskId[]>;
  /** Tasks that are queued or under way. */
  open(): Promise<readonly OpenTask[]>;
  /** Tasks with a run under way on this engine; of those that began under an older Errand some may be missing. */
  runningOn(engine: EngineId): Promise<readonly TaskId[]>;
  /**
   * The queued ones, and what decides on their turns, and on that of one more of `also`. Costs as much as there are of them, whatever else is
   * stored.
   */
  line(also?: Parties): Promise<Line>;
  /** Takes a task out of the line that is in it and is not queued, as an older Errand leaves it; any other stays. */
  leaveLine(id: TaskId): Promise<void>;
  /** Forgets whose turn was last, as far as nobody who waits since `before` or later is decided on by it. */
  forgetTurns(before: number): Promise<void>;
  /** Newest tasks first. */
  recent(limit: number): Promise<readonly Task[]>;
  /**
   * Removes everything stored of tasks that have needed nobody since before a moment (milliseconds): events, messages, thread and
   * origin. Keeps what is still to be said. Returns how many.
   */
  forget(settledBefore: number): Promise<number>;
  /**
   * The same, oldest first and as few as it takes, of tasks that were settled more than a day ago, where the store is short of room.
   * Returns how many.
   */
  makeRoom(): Promise<number>;
  /**
   * Calls back with the id of each task that changes, in this process or another, until the signal aborts; with an engine, of those whose
   * runs are on it. Hints, not guarantees.
   */
  watch(changed: (id: TaskId) => void, signal: AbortSignal, engine?: EngineId): Promise<void>;
  /** The `ts` of a message that was delivered for a task under this key (`root`, …); null while it is not. */
  deliveredTs(id: TaskId, key: string): Promise<MessageTs | null>;
  /** A fact one process leaves for the others, such as the workspace's address for links. */
  remember(name: SharedFact, value: string): Promise<void>;
  recall(name: SharedFact): Promise<string | null>;
  /** How far the records of a run were folded; null before the first. */
  cursor(run: RunId): Promise<number | null>;
  saveCursor(run: RunId, cursor: number): Promise<void>;
}

export interface ApplyOptions {
  readonly epoch?: number | undefined;
  readonly within?: readonly Held[] | undefined;
}

/**
 * The workspace's address, for links; the repositories that the GitHub App is installed on, comma-separated; when Slack was last listened
 * to, and since when what it may have sent meanwhile is still looked up (epoch milliseconds, empty for nothing).
 */
export type SharedFact = 'slack_url' | 'repositories' | 'slack_heard' | 'slack_gap';

export type Applied =
  | { readonly type: 'applied'; readonly task: Task }
  | {
      readonly type: 'refused';
      readonly reason: Refusal | 'stale_epoch' | 'no_room' | 'unknown_task';
      readonly task: Task | undefined;
    };

/** Turns a fact into what the thread shows. Pure; `task` is the task after the event, `before` as it was. */
export type Narrator = (task: Task, event: TaskEvent, before: Task) => readonly OutboxRow[];
