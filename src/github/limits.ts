import { RequestError } from 'octokit';
import { Problem } from '../task/problem.ts';

const minuteMs = 60_000;
const longestMs = 65 * minuteMs;
const longestStepMs = 15 * minuteMs;

export type AnswerHeaders = Readonly<Record<string, string | number | undefined>>;

/**
 * Until when GitHub wants not to be asked, in milliseconds of our clock; null where an answer is none of its limits. A primary limit names
 * the end of the hour by GitHub's clock, which the answer shows beside it; a secondary one names seconds, or nothing.
 */
export function limitedUntil(status: number, headers: AnswerHeaders, words: string, now: number): number | null {
  if (status !== 403 && status !== 429) return null;
  const seconds = Number(headers['retry-after']);
  if (Number.isFinite(seconds) && seconds > 0) return now + Math.min(seconds * 1_000, longestMs);
  const reset = usedUpUntil(headers, now);
  if (reset !== null) return reset;
  return status === 429 || isLimit(words) ? now + minuteMs : null;
}

/** The end of an hour whose calls this answer says are used up; null where some are left. */
export function usedUpUntil(headers: AnswerHeaders, now: number): number | null {
  const reset = Number(headers['x-ratelimit-reset']) * 1_000;
  if (String(headers['x-ratelimit-remaining']) !== '0' || !(reset > 0)) return null;
  const theirs = Date.parse(String(headers.date ?? ''));
  const waitMs = reset - (Number.isNaN(theirs) ? now : theirs);
  return now + Math.min(Math.max(waitMs, 1_000), longestMs);
}

/** Whether GitHub's words are of a limit. */
export function isLimit(words: string): boolean {
  return /rate limit|abuse detection/i.test(words);
}

/** Whether octokit's error is one of GitHub's limits, and no refusal for good. */
export function isLimited({ status, message, response }: RequestError): boolean {
  return limitedUntil(status, response?.headers ?? {}, message, 0) !== null;
}

/** Until when nothing is asked, by what GitHub counts together: a token's calls, or those of an app's installation. */
export interface Holds {
  /** Throws the `Problem` that holds everybody up, until its time has passed. */
  check(counted: string): void;
  /** Learns from an error; where GitHub named no time, each that follows another waits twice as long, up to a quarter of an hour. */
  learn(counted: string, problem: Problem): Problem;
  /** Learns from an answer: whether it was the last of its hour. */
  answered(counted: string, headers: AnswerHeaders): void;
}

export function createHolds(now: () => number): Holds {
  const held = new Map<string, Problem>();
  const steps = new Map<string, number>();
  const hold = (counted: string, problem: Problem) => {
    // Of what is said at once the longer counts: answers come in any order.
    if ((problem.retryAt ?? 0) > (held.get(counted)?.retryAt ?? 0)) held.set(counted, problem);
  };
  return {
    check(counted) {
      const problem = held.get(counted);
      if (problem === undefined) return;
      if (now() < (problem.retryAt ?? 0)) throw problem;
      held.delete(counted);
    },
    learn(counted, problem) {
      // GraphQL says it in an answer of its own, and has its own count.
      if (problem.retryAt === null || !(problem.cause instanceof RequestError)) return problem;
      const step = (steps.get(counted) ?? 0) + 1;
      steps.set(counted, step);
      const slowerMs = namesNoTime(problem) ? Math.min(minuteMs * 2 ** (step - 1), longestStepMs) : 0;
      const until = Math.max(problem.retryAt, now() + slowerMs);
      const known =
        until === problem.retryAt ? problem : limitedProblem(beginning(problem), 'secondary', until, problem);
      hold(counted, known);
      return known;
    },
    answered(counted, headers) {
      steps.delete(counted);
      const until = usedUpUntil(headers, now());
      // Calls over GraphQL are counted for themselves.
      if (until === null || !['core', 'undefined'].includes(`${headers['x-ratelimit-resource']}`)) return;
      hold(counted, limitedProblem('Asking GitHub', 'primary', until));
    },
  };
}

/** `attempted` begins the sentence. */
export function limitedProblem(
  attempted: string,
  kind: 'primary' | 'secondary',
  retryAt: number,
  cause?: unknown,
): Problem {
  const found = kind === 'primary' ? "this hour's calls to GitHub are used up" : 'GitHub asks to slow down';
  return new Problem(
    {
      code: 'github_rate_limited',
      sentence: `${attempted} failed: ${found}.`,
      next: `Errand goes on by itself at ${new Date(retryAt).toISOString().slice(11, 16)} UTC.`,
    },
    { retry: true, retryAt, cause },
  );
}

function namesNoTime({ cause }: Problem): boolean {
  if (!(cause instanceof RequestError)) return false;
  const { 'retry-after': after, 'x-ratelimit-remaining': remaining } = cause.response?.headers ?? {};
  return after === undefined && String(remaining) !== '0';
}

function beginning({ failure }: Problem): string {
  return failure.sentence.slice(0, failure.sentence.lastIndexOf(' failed: '));
}
