import type { ChannelId } from '../../task/ids.ts';
import { Bucket } from './bucket.ts';

export interface PaceOptions {
  /** Slack takes about one post a second in a channel, and lets short bursts pass. */
  readonly postsPerMinute: number;
  /** `chat.update` is limited for the whole workspace, at about fifty a minute. */
  readonly updatesPerMinute: number;
  /** Between two progress updates of one message. */
  readonly progressEveryMs: number;
  /** Other methods, each for the whole workspace; one that isn't here goes at once. */
  readonly callsPerMinute?: Readonly<Record<string, number>>;
}

/** Four fifths of Slack's tiers (20, 50 and 100 a minute): other calls of the same app count there too. */
export const slackPace: PaceOptions = {
  postsPerMinute: 60,
  updatesPerMinute: 40,
  progressEveryMs: 3_000,
  callsPerMinute: {
    'agents.sessions.setStatus': 40,
    'chat.postEphemeral': 80,
    'reactions.add': 40,
    'reactions.remove': 16,
  },
};

const postBurst = 4;
const updateBurst = 10;
/** Calls of another method that may go at once, as a part of its minute. */
const callBurst = 1 / 4;
/** Updates that progress leaves for changes of state. */
const stateReserve = 5;
/** And what those who wait leave for progress. */
const progressReserve = 8;
const waitingEveryMs = 15_000;
const minuteMs = 60_000;

/** A change of state; what a run is at; how many go before a task that waits. The earlier comes first. */
export type UpdateKind = 'state' | 'progress' | 'waiting';

/**
 * When a call to Slack may go. `…Wait` says how long it has to wait, in milliseconds; `…ed` counts it once it goes.
 * Progress waits for everything else, and the more messages show progress, the rarer each of them changes.
 */
export class Pace {
  readonly #options: PaceOptions;
  readonly #processes: () => number;
  readonly #posts = new Map<ChannelId, Bucket>();
  readonly #updates: Bucket;
  readonly #calls = new Map<string, Bucket>();
  readonly #paused = new Map<string, number>();
  readonly #progress = new Map<string, number>();
  readonly #waiting = new Map<string, number>();

  /** `processes` is how many, this one included, have Slack's limits together. */
  constructor(options: PaceOptions = slackPace, processes: () => number = () => 1) {
    this.#options = options;
    this.#processes = processes;
    this.#updates = new Bucket({ capacity: updateBurst, perMinute: options.updatesPerMinute }, processes);
    for (const [method, perMinute] of Object.entries(options.callsPerMinute ?? {})) {
      const capacity = Math.max(1, perMinute * callBurst);
      this.#calls.set(method, new Bucket({ capacity, perMinute }, processes));
    }
  }

  /** Slack said to leave this method alone for so long; others go on. */
  pause(method: string, untilMs: number): void {
    this.#paused.set(method, Math.max(untilMs, this.#paused.get(method) ?? 0));
  }

  /** For what is neither a post nor an update. */
  callWait(method: string, now: number): number {
    return Math.max(this.#pauseWait(method, now), this.#calls.get(method)?.waitMs(now) ?? 0);
  }

  called(method: string, now: number): void {
    this.#calls.get(method)?.take(now);
  }

  postWait(channel: ChannelId, now: number): number {
    return Math.max(this.#pauseWait('chat.postMessage', now), this.#bucket(channel).waitMs(now));
  }

  posted(channel: ChannelId, now: number): void {
    this.#bucket(channel).take(now);
  }

  updateWait(message: string, kind: UpdateKind, now: number): number {
    const paused = this.#pauseWait('chat.update', now);
    if (kind === 'state') return Math.max(paused, this.#updates.waitMs(now));
    if (kind === 'waiting') {
      const last = this.#waiting.get(message) ?? Number.NEGATIVE_INFINITY;
      return Math.max(paused, this.#updates.waitMs(now, progressReserve), last + waitingEveryMs - now, 0);
    }
    const last = this.#progress.get(message) ?? 0;
    return Math.max(paused, this.#updates.waitMs(now, stateReserve), last + this.#spacing(now) - now, 0);
  }

  updated(message: string, kind: UpdateKind, now: number): void {
    this.#updates.take(now);
    for (const [each, at] of this.#waiting) if (now - at > waitingEveryMs) this.#waiting.delete(each);
    if (kind === 'waiting') this.#waiting.set(message, now);
    if (kind === 'progress') this.#progress.set(message, now);
  }

  #pauseWait(method: string, now: number): number {
    return Math.max(0, (this.#paused.get(method) ?? 0) - now);
  }

  #spacing(now: number): number {
    for (const [message, at] of this.#progress) if (now - at > minuteMs) this.#progress.delete(message);
    return Math.max(
      this.#options.progressEveryMs,
      (this.#progress.size * this.#processes() * minuteMs) / this.#options.updatesPerMinute,
    );
  }

  #bucket(channel: ChannelId): Bucket {
    const known = this.#posts.get(channel);
    if (known !== undefined) return known;
    const bucket = new Bucket({ capacity: postBurst, perMinute: this.#options.postsPerMinute }, this.#processes);
    this.#posts.set(channel, bucket);
    return bucket;
  }
}
