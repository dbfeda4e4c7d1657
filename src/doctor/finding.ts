import { setTimeout as pause } from 'node:timers/promises';
import { Problem } from '../task/problem.ts';

/** One row of the table: what was looked at, what was found, and what to do about it. */
export interface Finding {
  readonly name: string;
  /** `skip` is what could not be tried or is not set up; only `fail` makes the whole fail. */
  readonly state: 'ok' | 'warn' | 'fail' | 'skip';
  readonly found: string;
  readonly next: string | null;
}

export const ok = (name: string, found: string, next: string | null = null): Finding => ({
  name,
  state: 'ok',
  found,
  next,
});
export const warn = (name: string, found: string, next: string | null): Finding => ({
  name,
  state: 'warn',
  found,
  next,
});
export const fail = (name: string, found: string, next: string | null): Finding => ({
  name,
  state: 'fail',
  found,
  next,
});
export const skip = (name: string, found: string, next: string | null = null): Finding => ({
  name,
  state: 'skip',
  found,
  next,
});

/**
 * Runs one check. What it throws becomes a row that failed, and so does silence after `deadlineMs`: the signal aborts then, and what the
 * check still does is no longer waited for.
 */
export async function checked(
  name: string,
  deadlineMs: number,
  check: (signal: AbortSignal) => Promise<Finding | readonly Finding[]>,
): Promise<readonly Finding[]> {
  const over = new AbortController();
  const done = new AbortController();
  const late = pause(deadlineMs, undefined, { signal: done.signal }).then(() => {
    over.abort();
    return fail(name, `No answer within ${deadlineMs / 1_000} s.`, 'Check the network between this machine and it.');
  });
  // It ends with an error of its own when the check was in time.
  late.catch(() => undefined);
  try {
    return [await Promise.race([check(over.signal), late])].flat();
  } catch (error) {
    return [toFinding(name, error)];
  } finally {
    done.abort();
  }
}

/** What the outside world refused, in its own two sentences; anything else is a fault of ours and says so. */
export function toFinding(name: string, error: unknown): Finding {
  if (error instanceof Problem) return fail(name, error.failure.sentence, error.failure.next);
  return fail(name, causeOf(error), 'Nothing here expects this; report it with the line on the left.');
}

/** What broke, in a few words: the innermost cause, for libraries wrap it in sentences that say nothing. */
export function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.errors.length > 0) return causeOf(error.errors[0]);
  if (error.cause instanceof Error) return causeOf(error.cause);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return error.message === '' ? code || error.name : error.message;
}
