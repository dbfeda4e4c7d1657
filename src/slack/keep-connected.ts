import { setTimeout as delay } from 'node:timers/promises';
import { WebAPIPlatformError, WebAPIRateLimitedError } from '@slack/web-api';
import { refusedToken } from './connection.ts';
import type { Log } from './log.ts';

/** A connection that Slack may send over. */
export interface Link {
  /** Settles when it is gone, whoever ended it. */
  readonly lost: Promise<void>;
  /** Ends it, and settles when it is gone. */
  close(): Promise<void>;
}

export interface KeepOptions {
  /** How many connections to have: with two, none of Slack's routine refreshes leaves a hole. */
  readonly count: number;
  /** Makes one more; rejects with the library's errors. */
  readonly open: () => Promise<Link>;
  readonly apiUrl: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Called each time when the first of them stands again after none did. */
  readonly onReturn?: () => void;
  /** Settles after so long, or once the signal aborts. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly now?: () => number;
}

export interface Kept {
  /** How many connections stand. */
  readonly standing: () => number;
  /** Settles when the signal has ended all of them. */
  readonly ended: Promise<void>;
}

const shortestPauseMs = 500;
const longestPauseMs = 30_000;
/** Until the token is another, another try changes nothing; a new one comes with a new start. */
const refusedPauseMs = 5 * 60_000;
/** One that is lost sooner counts as a failure, or Slack would be asked without a pause. */
const stoodMs = 10_000;

/**
 * Connects, and settles when Slack said hello on the first connection; throws `Problem` when it refuses. From then on only `signal`
 * ends it: whatever fails is tried again, at the longest after half a minute, or when Slack says.
 */
export async function keepConnected(options: KeepOptions): Promise<Kept> {
  const { log, signal, open, apiUrl } = options;
  const pause = options.pause ?? sleep;
  const now = options.now ?? (() => performance.now());
  let standing = 0;

  const first = await open().catch((error: unknown) => {
    throw refusedToken('SLACK_APP_TOKEN', apiUrl, error);
  });
  standing += 1;
  const others = Array.from({ length: options.count - 1 }, () => hold(null));
  const ended = Promise.all([hold(first), ...others]).then(() => undefined);
  return { standing: () => standing, ended };

  async function hold(given: Link | null): Promise<void> {
    let link = given;
    for (let failures = 0; !signal.aborted; ) {
      link ??= await connect(failures);
      if (link === null) {
        failures += 1;
        continue;
      }
      const since = now();
      const aborted = await endedFirst(link.lost, signal);
      standing -= 1;
      if (aborted) break;
      link = null;
      failures = now() - since < stoodMs ? failures + 1 : 0;
      if (failures > 1) await pause(backOff(failures), signal);
    }
    await link?.close();
  }

  /** Null after a failure, once its pause is over. */
  async function connect(failures: number): Promise<Link | null> {
    try {
      const link = await open();
      standing += 1;
      log.info({ standing }, 'Connected to Slack over Socket Mode');
      if (standing === 1) options.onReturn?.();
      return link;
    } catch (error) {
      if (signal.aborted) return null;
      const pauseMs = pauseAfter(error, failures);
      if (isRefused(error)) {
        const { sentence, next } = refusedToken('SLACK_APP_TOKEN', apiUrl, error).failure;
        log.error({ standing, pauseMs }, `${sentence} ${next}`);
      } else {
        // With another connection at hand nothing is missed meanwhile.
        const level = standing > 0 ? 'warn' : 'error';
        log[level](
          { err: error, failures, standing, pauseMs },
          'Slack could not be reached over Socket Mode, trying again',
        );
      }
      await pause(pauseMs, signal);
      return null;
    }
  }
}

function pauseAfter(error: unknown, failures: number): number {
  if (error instanceof WebAPIRateLimitedError) return Math.max(error.retryAfter * 1_000, shortestPauseMs);
  return isRefused(error) ? refusedPauseMs : backOff(failures + 1);
}

function backOff(failures: number): number {
  return Math.min(shortestPauseMs * 2 ** (failures - 1), longestPauseMs);
}

const refusals = [
  'invalid_auth',
  'not_authed',
  'not_allowed_token_type',
  'account_inactive',
  'token_revoked',
  'token_expired',
  'missing_scope',
];

function isRefused(error: unknown): boolean {
  return error instanceof WebAPIPlatformError && refusals.includes(error.data.error);
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}

/** Whether the signal aborted before the connection was lost. */
async function endedFirst(lost: Promise<void>, signal: AbortSignal): Promise<boolean> {
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  const abort = () => resolve();
  if (signal.aborted) resolve();
  else signal.addEventListener('abort', abort, { once: true });
  await Promise.race([lost, aborted]);
  signal.removeEventListener('abort', abort);
  return signal.aborted;
}
