import type { Failure } from './task.ts';

/**
 * What every adapter throws when the outside world says no. The sentence goes to the thread, the cause to the log;
 * `retry` is true where the machine is to blame and the same step may succeed later.
 */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly failure: Failure;
  readonly retry: boolean;
  /** Epoch milliseconds before which trying again is useless (a rate limit's reset); null when unknown. */
  readonly retryAt: number | null;

  constructor(failure: Failure, options: { retry?: boolean; retryAt?: number | null; cause?: unknown } = {}) {
    super(failure.sentence, { cause: options.cause });
    this.failure = failure;
    this.retry = options.retry ?? false;
    this.retryAt = options.retryAt ?? null;
  }
}

/** A failure that was tried often enough: it tells people to go on, where it would have told them to wait. */
export function givenUp(failure: Failure): Failure {
  return {
    ...failure,
    next: 'Press Retry; if it lasts, whoever runs Errand finds the cause in the log under this task.',
  };
}
