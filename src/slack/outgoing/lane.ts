import { setTimeout as delay } from 'node:timers/promises';
import type { WebClient } from '@slack/web-api';
import type { MessageTs, UserId } from '../../task/ids.ts';
import type { Clock } from '../../task/ports/clock.ts';
import type { Lane, Outbox, PendingRow } from '../../task/ports/outbox.ts';
import { Problem } from '../../task/problem.ts';
import type { Effect, Thread } from '../../task/said.ts';
import { toMs } from '../ids.ts';
import type { Latches, OptionalCallName } from '../latches.ts';
import type { Log } from '../log.ts';
import { directRow, isSaidAnew, toDirect, updateKindOf } from './elsewhere.ts';
import { findPosted } from './find-posted.ts';
import type { Pace, UpdateKind } from './pace.ts';
import { type Caller, post, postDirect, react, setSession, update, whisper } from './post.ts';
import { type SlackFailure, toSlackFailure } from './slack-error.ts';

export interface LaneDeps extends Caller {
  readonly outbox: Outbox;
  readonly reader: WebClient;
  readonly botUserId: string;
  readonly pace: Pace;
  readonly latches: Latches;
  readonly clock: Clock;
  readonly log: Log;
  /** How long a place that takes nothing (the bot is not there, say) is tried; then what counts is told elsewhere. */
  readonly giveUpAfterMs?: number;
}

/** What is left: nothing, something to come back for after a pause, or something in whose way Slack stands. */
export type LaneResult =
  | { readonly type: 'delivered' }
  | { readonly type: 'paced'; readonly waitMs: number }
  | { readonly type: 'failing'; readonly failure: SlackFailure };

type MessageRow = PendingRow & { readonly effect: Extract<Effect, { type: 'message' }> };

/** A pause this short is waited out with the lane in hand. */
const shortWaitMs = 1_500;
/** A lane stays with this process for three times as long after it was marked: time for a call of ten seconds. */
const surelyHeldMs = 5_000;
const dayMs = 24 * 60 * 60_000;

/**
 * Delivers what is new of a lane: first posts in the order of their rows, then reactions and the state of its session, then
 * updates, those that show a change of state before those that show progress. Stops at a first post that doesn't go, so that none
 * overtakes another. What a task came to reaches whoever asked as a direct message where its thread takes nothing more. Throws `Problem`
 * when Slack has signed the bot out, and what the outbox throws.
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
    for (const kind of ['state', 'progress', 'waiting'] as const) {
      for (const row of updates) if (updateKindOf(row.effect.said) === kind) await this.#update(row, kind);
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
    // What one person is told stands in nobody's way.
    if (effect.type === 'ephemeral' || effect.type === 'direct') {
      await this.#toOne(row, effect);
      return true;
    }
    if (!isMessage(row)) return true;
    const thread = this.#threadOf(row.effect.thread);
    if (thread === undefined) {
      this.#deps.log.warn({ lane: row.lane, row: row.key }, 'A message has no thread to go to');
      await this.#tellElsewhere(row);
      await this.#note(row, null);
      return true;
    }
    if (!(await this.#hasTurn(row))) return false;
    return this.#attempt('chat.postMessage', row, () => this.#post(row, thread));
  }

  async #toOne(row: PendingRow, effect: Extract<Effect, { type: 'ephemeral' | 'direct' }>): Promise<void> {
    // Said once: what its gate or its count came to later is of no use there.
    if (effect.type === 'direct' && row.deliveredRevision > 0) return this.#note(row, null);
    const { pace, clock } = this.#deps;
    const method = effect.type === 'direct' ? 'chat.postMessage' : 'chat.postEphemeral';
    const waitMs = pace.callWait(method, clock.now());
    if (waitMs > 0) {
      this.#waitMs = Math.min(this.#waitMs, waitMs);
      return;
    }
    pace.called(method, clock.now());
    await this.#attempt(method, row, async () => {
      if (effect.type === 'direct') await this.#direct(row, effect);
      else if (!(await whisper(this.#deps, effect, this.#mark(row)))) {
        await this.#deps.outbox.add([directRow(row, effect)]);
      }
      return null;
    });
  }

  async #direct(row: PendingRow, { user, said }: Extract<Effect, { type: 'direct' }>): Promise<void> {
    const channel = await this.#directChannel(user);
    if (channel !== null && (await this.#findEarlier(row, { channel, thread: null })) !== undefined) return;
    await this.#hold(row);
    await postDirect(this.#deps, channel ?? user, said, this.#mark(row));
  }

  /** Where messages to this person stand; null where Slack doesn't tell this app. */
  async #directChannel(user: UserId): Promise<string | null> {
    const { latches, client } = this.#deps;
    if (latches.isOff('conversations.open')) return null;
    try {
      return (await client.conversations.open({ users: user })).channel?.id ?? null;
    } catch (error) {
      if (latches.refuse('conversations.open', error)) return null;
      throw error;
    }
  }

  async #post(row: MessageRow, thread: MessageTs | null): Promise<MessageTs> {
    try {
      return await this.#postIn(row, thread);
    } catch (error) {
      if (toSlackFailure(error).type !== 'thread_gone') throw error;
      const anew = await this.#rootAnew(row);
      if (anew === null) throw error;
      return this.#postIn(row, anew);
    }
  }

  async #postIn(row: MessageRow, thread: MessageTs | null): Promise<MessageTs> {
    const { channel, said } = row.effect;
    const found = await this.#findEarlier(row, { channel, thread });
    if (found === undefined) {
      await this.#hold(row);
      return post(this.#deps, { channel, thread }, said, this.#mark(row));
    }
    return found.revision < row.revision ? this.#change(row, found.ts) : found.ts;
  }

  /** A lane's own root that somebody deleted before anything answered it stands again, for what answers it now. */
  async #rootAnew(reply: MessageRow): Promise<MessageTs | null> {
    const root = [...this.#rows.values()].find((row) => isMessage(row) && row.effect.thread.type === 'root');
    if (reply.effect.thread.type !== 'own' || root === undefined || !isMessage(root) || root.ts === null) return null;
    const ts = await this.#again(root, root.ts);
    await this.#note(root, ts);
    return ts;
  }

  /** What an attempt left in Slack whose note was lost. */
  async #findEarlier(row: PendingRow, place: { channel: string; thread: MessageTs | null }) {
    if (row.attemptedAt === null) return undefined;
    const { reader, botUserId } = this.#deps;
    return findPosted(reader, { ...place, botUserId }, row, { sinceMs: row.attemptedAt });
  }

  /** Marks a row as attempted, and sees that the lane is still this process's: one that stood still meanwhile asks again. */
  async #hold(row: PendingRow): Promise<void> {
    for (;;) {
      const asked = performance.now();
      await this.#deps.outbox.attempting(this.#lane, row);
      if (performance.now() - asked < surelyHeldMs) return;
    }
  }

  async #update(row: MessageRow, kind: UpdateKind): Promise<void> {
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
    await this.#attempt('chat.update', row, () => this.#change(row, ts));
  }

  /** Returns where the message now stands: progress needs no second one where the first can't be changed, what people must see does. */
  async #change(row: MessageRow, ts: MessageTs): Promise<MessageTs> {
    const { channel, said } = row.effect;
    try {
      await update(this.#deps, { channel, ts }, said, this.#mark(row));
      return ts;
    } catch (error) {
      const { type } = toSlackFailure(error);
      if (type !== 'message_gone' && type !== 'message_closed') throw error;
      return isSaidAnew(said, type === 'message_gone' ? 'gone' : 'closed') ? this.#again(row, ts) : ts;
    }
  }

  /** Posts what stood at `former` once more, unless that was done before. */
  async #again(row: MessageRow, former: MessageTs): Promise<MessageTs> {
    const { channel, said } = row.effect;
    const thread = this.#threadOf(row.effect.thread) ?? null;
    const place = { channel, thread, botUserId: this.#deps.botUserId };
    const after = { sinceMs: toMs(former), except: former };
    const found = await findPosted(this.#deps.reader, place, row, after).catch((error: unknown) => {
      if (toSlackFailure(error).type === 'thread_gone') return undefined;
      throw error;
    });
    if (found?.revision === row.revision) return found.ts;
    // Posted anew before, by whoever could not note it any more: that one is changed.
    if (found !== undefined && Number(found.ts) > Number(former)) {
      return found.revision < row.revision ? this.#change(row, found.ts) : found.ts;
    }
    await this.#hold(row);
    return post(this.#deps, { channel, thread }, said, this.#mark(row));
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
      if (this.#isLasting(row, failure)) {
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

  /** Whether another try may go better, for a while. */
  #isLasting({ effect }: PendingRow, { type }: SlackFailure): boolean {
    if (type === 'transient') return true;
    const { clock, giveUpAfterMs = dayMs } = this.#deps;
    const isDue = clock.now() - this.#lane.since >= giveUpAfterMs;
    // Nothing is left to be told elsewhere once a direct message is given up, so it is not while somebody could still let it through.
    if (type === 'forbidden') return !isDue || effect.type === 'direct';
    return type === 'not_a_member' && effect.type === 'message' && !isDue;
  }

  /** What a task came to reaches whoever asked, even where its channel was archived meanwhile. */
  async #tellElsewhere(row: MessageRow): Promise<void> {
    const told = toDirect(row);
    if (told !== null) await this.#deps.outbox.add([told]);
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
