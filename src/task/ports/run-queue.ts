import type { TaskId } from '../ids.ts';

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
  | { readonly type: 'push'; readonly task: TaskId }
  | { readonly type: 'pull'; readonly task: TaskId };
