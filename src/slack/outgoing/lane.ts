import { setTimeout as delay } from 'node:timers/promises';
import type { WebClient } from '@slack/web-api';
import type { MessageTs } from '../../task/ids.ts';
import type { Clock } from '../../task/ports/clock.ts';
import type { Lane, Outbox, PendingRow } from '../../task/ports/outbox.ts';
import { Problem } from '../../task/problem.ts';
import type { Effect, Said, Thread } from '../../task/said.ts';
import type { Latches, OptionalCallName } from '../latches.ts';
import type { Log } from '../log.ts';
import { findPosted } from './find-posted.ts';
import type { Pace } from './pace.ts';
import { type Caller, post, postElsewhere, react, setSession, update, whisper } from './post.ts';
import { type SlackFailure, toSlackFailure } from './slack-error.ts';

export interface LaneDeps extends Caller {
  readonly outbox: Outbox;
  readonly reader: WebClient;
  readonly botUserId: string;
  readonly pace: Pace;
  readonly latches: Latches;
  readonly clock: Clock;
  readonly log: Log;
}

/** What is left: nothing, something to come back for after a pause, or something in whose way Slack stands. */
export type LaneResult =
  | { readonly type: 'delivered' }
  | { readonly type: 'paced'; readonly waitMs: number }
  | { readonly type: 'failing'; readonly failure: SlackFailure };

type MessageRow = PendingRow & { readonly effect: Extract<Effect, { type: 'message' }> };

/** A pause this short is waited out with the lane in hand. */
const shortWaitMs = 1_500;

/**
 * Delivers what is new of a lane: first posts in the order of their rows, then reactions and the state of its session, then
 * updates, those that show a change of state before those that show progress. Stops at a first post that doesn't go, so that none overtakes another. Throws
 * `Problem` when Slack has signed the bot out, and what the outbox throws.
 */
export async function deliverLane(lane: Lane, deps: LaneDeps): Promise<LaneResult> {
  return new LaneDelivery(lane, deps).run();
}

class LaneDelivery {
  readonly #lane: Lane;
  readonly #deps: LaneDeps;
  readonly #rows: Map<string, PendingRow>;
  #waitMs = Number.POSITIVE_INFINITY;
  #failure: SlackFailure | null = null;

  constructor(lane: Lane, deps: LaneDeps) {
    this.#lane = lane;
    this.#deps = deps;
    this.#rows = new Map(lane.rows.map((row) => [row.key, row]));
  }

  async run(): Promise<LaneResult> {
    for (const row of this.#pending()) {
      if (row.effect.type === 'reaction' || row.effect.type === 'session' || row.ts !== null) continue;
      if (!(await this.#first(row))) return this.#result();
    }
    for (const row of this.#pending()) {
      const { effect } = row;
      if (effect.type === 'reaction') await this.#reaction(row, effect);
      if (effect.type === 'session') await this.#session(row, effect);
    }
    const updates = this.#pending().filter((row) => isMessage(row));
    for (const kind of ['state', 'progress'] as const) {
      for (const row of updates) if (kindOf(row.effect.said) === kind) await this.#update(row, kind);
    }
    return this.#result();
  }

  #pending(): PendingRow[] {
    return [...this.#rows.values()].filter((row) => row.deliveredRevision < row.revision);
  }

  #result(): LaneResult {
    if (this.#failure !== null) return { type: 'failing', failure: this.#failure };
    return Number.isFinite(this.#waitMs) ? { type: 'paced', waitMs: this.#waitMs } : { type: 'delivered' };
  }

  /** False when the rows behind this one have to wait too. */
  async #first(row: PendingRow): Promise<boolean> {
    const { effect } = row;
    if (effect.type === 'ephemeral') {
      // What one person is told stands in nobody's way.
      const waitMs = this.#deps.pace.callWait('chat.postEphemeral', this.#deps.clock.now());
      if (waitMs > 0) {
        this.#waitMs = Math.min(this.#waitMs, waitMs);
        return true;
      }
      this.#deps.pace.called('chat.postEphemeral', this.#deps.clock.now());
      await this.#attempt('chat.postEphemeral', row, async () => {
        await whisper(this.#deps, effect, this.#mark(row));
        return null;
      });
      return true;
    }
    if (!isMessage(row)) return true;
    const thread = this.#threadOf(row.effect.thread);
    if (thread === undefined) {
      this.#deps.log.error({ lane: row.lane, row: row.key }, 'A message has no thread to go to and is dropped');
      await this.#note(row, null);
      return true;
    }
    if (!(await this.#hasTurn(row))) return false;
    return this.#attempt('chat.postMessage', row, () => this.#post(row, thread));
  }

  async #post(row: MessageRow, thread: MessageTs | null): Promise<MessageTs> {
    const { outbox, reader, botUserId } = this.#deps;
    const { channel, said } = row.effect;
    if (row.attempted) {
      const found = await findPosted(reader, { channel, thread, botUserId }, { lane: row.lane, key: row.key });
      if (found !== undefined) {
        if (found.revision < row.revision) await update(this.#deps, { channel, ts: found.ts }, said, this.#mark(row));
        return found.ts;
      }
    } else {
      await outbox.attempting(this.#lane, row);
    }
    return post(this.#deps, { channel, thread }, said, this.#mark(row));
  }

  async #update(row: MessageRow, kind: 'state' | 'progress'): Promise<void> {
    const { pace, clock } = this.#deps;
    const { effect, ts } = row;
    if (ts === null) return;
    const message = `${effect.channel}:${ts}`;
    const waitMs = pace.updateWait(message, kind, clock.now());
    if (waitMs > 0) {
      this.#waitMs = Math.min(this.#waitMs, waitMs);
      return;
    }
    pace.updated(message, kind, clock.now());
    await this.#attempt('chat.update', row, async () => {
      try {
        await update(this.#deps, { channel: effect.channel, ts }, effect.said, this.#mark(row));
        return ts;
      } catch (error) {
        const failure = toSlackFailure(error);
        if (failure.type !== 'message_gone') throw error;
        // Somebody removed it: progress needs no second message, what people must see does.
        if (effect.said.type === 'plan') return ts;
        return post(
          this.#deps,
          { channel: effect.channel, thread: this.#threadOf(effect.thread) ?? null },
          effect.said,
          this.#mark(row),
        );
      }
    });
  }

  async #reaction(row: PendingRow, effect: Extract<Effect, { type: 'reaction' }>): Promise<void> {
    await this.#optional(effect.present ? 'reactions.add' : 'reactions.remove', row, () =>
      react(this.#deps.client, effect),
    );
  }

  async #session(row: PendingRow, effect: Extract<Effect, { type: 'session' }>): Promise<void> {
    const thread = this.#threadOf(effect.thread);
    if (thread === undefined || thread === null) await this.#note(row, null);
    else {
      await this.#optional('agents.sessions.setStatus', row, () => setSession(this.#deps.client, effect, thread));
    }
  }

  /** What nobody misses where it can't be: made when its turn has come, and never again once Slack says it has none. */
  async #optional(method: OptionalCallName, row: PendingRow, call: () => Promise<void>): Promise<void> {
    const { pace, clock, latches } = this.#deps;
    if (latches.isOff(method)) return this.#note(row, null);
    const waitMs = pace.callWait(method, clock.now());
    if (waitMs > 0) {
      this.#waitMs = Math.min(this.#waitMs, waitMs);
      return;
    }
    pace.called(method, clock.now());
    await this.#attempt(method, row, async () => {
      try {
        await call();
      } catch (error) {
        if (!latches.refuse(method, error)) throw error;
      }
      return null;
    });
  }

  /** Runs one call and notes its delivery, or what its failure means. True when the row is dealt with. */
  async #attempt(method: string, row: PendingRow, call: () => Promise<MessageTs | null>): Promise<boolean> {
    const { log, clock, pace } = this.#deps;
    let ts: MessageTs | null;
    try {
      ts = await call();
    } catch (error) {
      if (error instanceof Problem && error.failure.code === 'lane_lost') throw error;
      const failure = toSlackFailure(error);
      const about = { lane: row.lane, row: row.key, method, failure };
      if (failure.type === 'already') {
        await this.#note(row, row.ts);
        return true;
      }
      if (failure.type === 'signed_out') throw signedOut(failure.code, error);
      if (failure.type === 'rate_limited') {
        log.warn(about, 'Slack asked for a pause');
        pace.pause(method, clock.now() + failure.afterMs);
        this.#waitMs = Math.min(this.#waitMs, failure.afterMs);
        return false;
      }
      const lasting = failure.type === 'transient' || (failure.type === 'not_a_member' && isMessage(row));
      if (lasting) {
        log.warn(about, 'A delivery failed and will be tried again');
        this.#failure = failure;
        return false;
      }
      log.error({ ...about, err: error }, 'Slack refuses a message, which is dropped');
      if (isMessage(row) && row.deliveredRevision === 0) await this.#tellElsewhere(row);
      await this.#note(row, row.ts);
      return true;
    }
    await this.#note(row, ts);
    return true;
  }

  /** What a task came to reaches whoever asked, even where its channel was archived meanwhile. */
  async #tellElsewhere(row: MessageRow): Promise<void> {
    try {
      await postElsewhere(this.#deps, row.effect.said, this.#mark(row));
    } catch (error) {
      this.#deps.log.error({ lane: row.lane, row: row.key, err: error }, 'Nobody could be told what a task came to');
    }
  }

  async #note(row: PendingRow, ts: MessageTs | null): Promise<void> {
    await this.#deps.outbox.delivered(this.#lane, row, ts);
    this.#rows.set(row.key, { ...row, ts, deliveredRevision: row.revision });
  }

  /** Takes a turn to post in the channel, waiting a little for it; other lanes wait for the same turns. */
  async #hasTurn(row: MessageRow): Promise<boolean> {
    const { pace, clock } = this.#deps;
    for (;;) {
      const waitMs = pace.postWait(row.effect.channel, clock.now());
      if (waitMs === 0) {
        pace.posted(row.effect.channel, clock.now());
        return true;
      }
      if (waitMs > shortWaitMs) {
        this.#waitMs = Math.min(this.#waitMs, waitMs);
        return false;
      }
      await delay(waitMs);
    }
  }

  /** Null is the channel itself; undefined when the thread can't be known any more. */
  #threadOf(thread: Thread): MessageTs | null | undefined {
    if (thread.type === 'root') return null;
    if (thread.type === 'reply') return thread.to;
    for (const { effect, ts } of this.#rows.values()) {
      if (effect.type !== 'message' || effect.thread.type === 'own') continue;
      return effect.thread.type === 'reply' ? effect.thread.to : (ts ?? undefined);
    }
    return undefined;
  }

  #mark({ lane, key, revision }: PendingRow) {
    return { lane, key, revision };
  }
}

function isMessage(row: PendingRow): row is MessageRow {
  return row.effect.type === 'message';
}

/** A running root changes only in what the agent is at. */
function kindOf(said: Said): 'state' | 'progress' {
  if (said.type === 'plan') return said.state === 'running' ? 'progress' : 'state';
  return said.type === 'root' && said.status.word === 'Running' && said.status.activity !== null ? 'progress' : 'state';
}

function signedOut(code: string, cause: unknown): Problem {
  return new Problem(
    {
      code: 'slack_token',
      sentence: `Slack no longer takes Errand's bot token: it answered ${code}.`,
      next: 'Install the app again, set SLACK_BOT_TOKEN, and start anew. Nothing that was to be said is lost.',
    },
    { cause },
  );
}
