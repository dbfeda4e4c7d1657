import type { EngineId, TaskId } from '../ids.ts';

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
    options: WorkOptions,
  ): Promise<void>;
}

export interface WakeOptions {
  readonly delayMs?: number;
  /** Leaves a wake-up that waits already, or waits for its time, as it is. */
  readonly unlessWaiting?: boolean;
  /** Wakes the workers of this engine, and no other. */
  readonly at?: EngineId | undefined;
}

export interface WorkOptions {
  readonly concurrency: number;
  readonly signal: AbortSignal;
  /** Without it, jobs are taken whenever there are any. */
  readonly room?: Room;
  /** Takes what was woken `at` this engine; without it, what was woken at none. */
  readonly at?: EngineId | undefined;
}

/** Whether a worker has room for what jobs may start. While it has none it takes none: others may have. */
export interface Room {
  isFree(): boolean;
  /** Resolves once there is room, or the signal aborts. */
  freed(signal: AbortSignal): Promise<void>;
}

export type Job =
  /** Somebody waits for a worker: who is next, only the line says. */
  | { readonly type: 'run'; readonly task: TaskId }
  | { readonly type: 'merge'; readonly task: TaskId }
  | { readonly type: 'push'; readonly task: TaskId }
  | { readonly type: 'pull'; readonly task: TaskId };
