import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../task/ports/clock.ts';
import type { TaskStore } from '../task/ports/task-store.ts';
import type { Log } from './log.ts';

export interface ListeningOptions {
  /** Where all bots of one Errand note when Slack was last listened to. */
  readonly facts: Pick<TaskStore, 'remember' | 'recall'>;
  /** Whether what Slack sends would reach this process now. */
  readonly hears: () => boolean;
  /**
   * Looks up what Slack may have sent since then; null where nobody knows since when, at the very first start. It may end where
   * `leavesToNext` says so: the next look then begins no later than this one did.
   */
  readonly lookUp: (sinceMs: number | null, leavesToNext: () => boolean) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly everyMs?: number;
}

export interface Listening {
  /** What Slack sent just now may have been lost: it is looked up with the next note. */
  missed(): void;
  /** Settles when the signal has ended it. */
  readonly ended: Promise<void>;
}

/**
 * Notes every few seconds that Slack is listened to. Where the last note is too old, whatever the reason (no bot was up, no connection
 * stood, the store was away, this process stood still), what came meanwhile is looked up, as at each start. A look that was not
 * finished is begun again by the next start.
 */
export function keepListening(options: ListeningOptions): Listening {
  const { facts, hears, clock, log, signal, everyMs = 5_000 } = options;
  let missed = true;
  let wake = new AbortController();
  let due: { since: number | null } | null = null;
  let looking: Promise<void> | null = null;

  async function note(): Promise<void> {
    if (!hears()) return;
    const now = clock.now();
    const last = toTime(await facts.recall('slack_heard'));
    if (missed || last === null || now - last > 3 * everyMs) {
      missed = false;
      await begin(last).catch((error: unknown) => {
        missed = true;
        throw error;
      });
    }
    await facts.remember('slack_heard', String(now));
  }

  /** The gap is on record before anything says that Slack is listened to again. */
  async function begin(last: number | null): Promise<void> {
    const left = toTime(await facts.recall('slack_gap'));
    const since = last === null || left === null ? last : Math.min(last, left);
    if (since !== null) await facts.remember('slack_gap', String(since));
    due = { since: due === null || due.since === null || since === null ? since : Math.min(due.since, since) };
    looking ??= look().finally(() => {
      looking = null;
    });
  }

  async function look(): Promise<void> {
    for (let next = take(); next !== null && !signal.aborted; next = take()) {
      try {
        await options.lookUp(next.since, () => leavesToNext(next.since));
        if (due === null && !signal.aborted) await facts.remember('slack_gap', '');
      } catch (error) {
        log.error({ err: error, since: next.since }, 'What Slack may have sent meanwhile was not looked up');
        missed = true;
      }
    }
  }

  function leavesToNext(since: number | null): boolean {
    // Nothing looks again at what the very first one notes.
    if (since === null || due === null) return false;
    due = { since: Math.min(due.since ?? since, since) };
    return true;
  }

  function take(): { since: number | null } | null {
    const next = due;
    due = null;
    return next;
  }

  async function keep(): Promise<void> {
    while (!signal.aborted) {
      await note().catch((error: unknown) => log.warn({ err: error }, 'That Slack is listened to could not be noted'));
      await delay(everyMs, undefined, { signal: AbortSignal.any([signal, wake.signal]) }).catch(() => undefined);
    }
    await looking;
  }

  return {
    missed() {
      missed = true;
      wake.abort();
      wake = new AbortController();
    },
    ended: keep(),
  };
}

function toTime(fact: string | null): number | null {
  return fact === null || fact === '' ? null : Number(fact);
}
