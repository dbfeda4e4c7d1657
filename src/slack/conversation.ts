import { setTimeout as delay } from 'node:timers/promises';
import { WebAPIPlatformError } from '@slack/web-api';
import type { ChannelId } from '../task/ids.ts';
import type { Lane } from '../task/ports/outbox.ts';
import { Problem } from '../task/problem.ts';
import { toEmojiNames } from './emoji.ts';
import { deliverLane, type LaneDeps, type LaneResult } from './outgoing/lane.ts';
import { Pace, type PaceOptions, slackPace } from './outgoing/pace.ts';

export interface DeliveryOptions extends Omit<LaneDeps, 'pace'> {
  readonly signal: AbortSignal;
  readonly pace?: PaceOptions;
  /** How many processes deliver to this workspace, this one included. */
  readonly processes?: () => number;
  /** Looks for lanes whose announcement was lost. */
  readonly sweepEveryMs?: number;
  /** The pause after a failed delivery; doubles up to a minute. */
  readonly retryAfterMs?: number;
}

const longestPauseMs = 60_000;
/** Nobody may ever invite the bot. */
const longestUninvitedMs = 10 * 60_000;

/**
 * Delivers the outbox to Slack until the signal aborts: each lane in order, lanes beside each other, a new row within
 * milliseconds of being announced. Rejects with `Problem` when Slack signs the bot out.
 */
export async function deliver(options: DeliveryOptions): Promise<void> {
  const { outbox, log, clock } = options;
  const wording = { ...options.wording, emoji: toEmojiNames(options.wording.emoji) };
  const deps: LaneDeps = { ...options, wording, pace: new Pace(options.pace ?? slackPace, options.processes) };
  const broken = new AbortController();
  const signal = AbortSignal.any([options.signal, broken.signal]);
  const lanes = new Map<string, LaneState>();

  function kick(name: string): void {
    if (signal.aborted) return;
    const state = lanes.get(name) ?? {
      working: null,
      again: false,
      joined: false,
      failures: 0,
      notBefore: 0,
      timer: undefined,
    };
    lanes.set(name, state);
    if (state.working !== null) {
      state.again = true;
      return;
    }
    if (clock.now() < state.notBefore) return;
    state.again = false;
    state.working = work(name, state)
      .catch((error: unknown) => broken.abort(error))
      .finally(() => {
        state.working = null;
        if (state.again) kick(name);
        else if (state.timer === undefined && state.failures === 0) lanes.delete(name);
      });
  }

  async function work(name: string, state: LaneState): Promise<void> {
    let result: LaneResult;
    let lane: Lane | null = null;
    try {
      lane = await outbox.take(name);
      if (lane === null) return;
      result = await deliverLane(lane, deps);
    } catch (error) {
      const code = error instanceof Problem ? error.failure.code : 'defect';
      if (code === 'slack_token') throw error;
      log.warn({ lane: name, err: error }, 'A delivery was interrupted and will be tried again');
      // Whatever one lane holds, the others are told theirs.
      result = { type: 'failing', failure: { type: 'transient', code } };
    } finally {
      if (lane !== null) {
        await outbox.release(lane).catch((error: unknown) => log.warn({ lane: name, err: error }, 'A lane is held on'));
      }
    }
    if (result.type === 'failing' && result.failure.type === 'not_a_member' && lane !== null) {
      if (!state.joined && (await join(lane, options))) {
        state.joined = true;
        state.again = true;
        return;
      }
      await askForInvitation(lane, options);
    }
    const pauseMs = pauseAfter(result, state, options.retryAfterMs ?? 1_000);
    if (pauseMs === null) return;
    state.notBefore = result.type === 'failing' ? clock.now() + pauseMs : 0;
    clearTimeout(state.timer);
    state.timer = setTimeout(() => {
      state.timer = undefined;
      state.notBefore = 0;
      kick(name);
    }, pauseMs);
  }

  async function sweep(): Promise<void> {
    while (!signal.aborted) {
      const dirty = await outbox.dirty().catch((error: unknown) => {
        log.warn({ err: error }, 'The outbox could not be read');
        return [];
      });
      for (const lane of dirty) kick(lane);
      await delay(options.sweepEveryMs ?? 5_000, undefined, { signal }).catch(() => undefined);
    }
  }

  try {
    await Promise.all([sweep(), outbox.watch(kick, signal)]);
  } finally {
    broken.abort();
    for (const { timer } of lanes.values()) clearTimeout(timer);
    await Promise.all([...lanes.values()].map(({ working }) => working));
  }
  if (!options.signal.aborted) throw broken.signal.reason;
}

interface LaneState {
  working: Promise<void> | null;
  /** Announced again while it was being worked on. */
  again: boolean;
  /** Joining helps once; a channel that still refuses needs a person. */
  joined: boolean;
  failures: number;
  notBefore: number;
  timer: NodeJS.Timeout | undefined;
}

/** How long to leave the lane alone; null when there is nothing to come back for. */
function pauseAfter(result: LaneResult, state: LaneState, retryAfterMs: number): number | null {
  if (result.type === 'failing') {
    const { failure } = result;
    // Somebody has to do something before it can go.
    const waitsForPeople = failure.type === 'not_a_member' || failure.type === 'forbidden';
    const longest = waitsForPeople ? longestUninvitedMs : longestPauseMs;
    const first = waitsForPeople ? longestPauseMs : retryAfterMs;
    const atLeastMs = failure.type === 'transient' ? (failure.afterMs ?? 0) : 0;
    return Math.max(atLeastMs, Math.min(first * 2 ** state.failures++, longest));
  }
  state.failures = 0;
  return result.type === 'paced' ? result.waitMs : null;
}

/** Into a public channel the bot may let itself; into others somebody has to invite it. */
async function join(lane: Lane, { client, latches, log }: DeliveryOptions): Promise<boolean> {
  const channel = channelOf(lane);
  if (channel === null || latches.isOff('conversations.join')) return false;
  try {
    await client.conversations.join({ channel });
    return true;
  } catch (error) {
    if (latches.refuse('conversations.join', error)) return false;
    const found = error instanceof WebAPIPlatformError ? error.data.error : String(error);
    log.warn({ lane: lane.name, channel, found }, 'The bot is no member of a channel and can not join it');
    return false;
  }
}

/** Tells the requester once; the lane stays, so that all of it shows after the invitation. */
async function askForInvitation(lane: Lane, { outbox, wording }: DeliveryOptions): Promise<void> {
  const effects = lane.rows.map(({ effect }) => effect);
  const root = effects.find((effect) => effect.type === 'message' && effect.said.type === 'root');
  if (root?.type !== 'message' || root.said.type !== 'root') return;
  const { task, spec } = root.said;
  await outbox.add([
    {
      lane: `invite:${lane.name}`,
      key: 'invite',
      effect: {
        type: 'ephemeral',
        channel: root.channel,
        thread: null,
        user: task.requester,
        responseUrl: null,
        said: {
          type: 'sentence',
          sentence: `Task ${task.id} is accepted, but I am not in the channel where you asked for it, so I can't show it there.`,
          next: `Invite me there, and it shows within minutes; ${wording.command} status ${task.id} works anywhere.`,
          kept: spec,
        },
      },
    },
  ]);
}

function channelOf(lane: Lane): ChannelId | null {
  return lane.rows.find(({ effect }) => effect.type === 'message')?.effect.channel ?? null;
}
