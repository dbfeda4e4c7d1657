import { setTimeout as delay } from 'node:timers/promises';
import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import type { Place } from '../app/places.ts';
import type { ChannelId, MessageTs } from '../task/ids.ts';
import type { Clock } from '../task/ports/clock.ts';
import type { Reacted, Reactions } from '../task/ports/reactions.ts';
import { Problem } from '../task/problem.ts';
import { reactionsOf } from './approvals.ts';
import { messageTs, toMs, userId } from './ids.ts';
import type { Log } from './log.ts';
import type { Self } from './natural-key.ts';
import { Bucket } from './outgoing/bucket.ts';
import { type SlackFailure, toSlackFailure } from './outgoing/slack-error.ts';

export interface LookUpOptions {
  readonly reader: WebClient;
  readonly self: Self;
  readonly teamId: string;
  readonly reactions: Reactions;
  /** Takes in an event as if Slack had sent it; what was taken in before changes nothing. */
  readonly hear: (body: Record<string, unknown>) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Whether another look waits, which then does what did not go at this one's first try. */
  readonly leavesToNext?: () => boolean;
  readonly firstPauseMs?: number;
}

interface Look extends LookUpOptions {
  /** When the look began: what it finds was done before, and means nothing that has begun since. */
  readonly at: number;
}

/** Slack's clock and this one differ, and what came in the last moments may not have been heard any more. */
const marginMs = 15_000;
/** What Slack still tells of a reaction that was found by looking comes within minutes, and is older than this makes it. */
const coveredMs = 60_000;
const perPage = 200;
const maxPages = 10;
/** Three fifths of Slack's tier: threads are also read for new requests. */
const pace = { capacity: 10, perMinute: 30 };
const longestPauseMs = 60_000;

/**
 * Looks up what people said and which emoji they put or took off since a moment (epoch milliseconds), in these places, and takes in what
 * Slack did not tell. Without a moment, what stands there now is only noted. Tries again what Slack doesn't answer, until the signal
 * aborts or another look waits; leaves out what it refuses, and what alone goes on failing. Rejects where Slack has signed the bot out.
 */
export async function lookUp(places: readonly Place[], sinceMs: number | null, given: LookUpOptions): Promise<void> {
  const { log, signal, clock } = given;
  const options: Look = { ...given, at: clock.now() };
  const { leavesToNext = () => false, firstPauseMs = 500 } = given;
  const bucket = new Bucket(pace);
  const waiting = places.map((place) => ({ ...place, failures: 0 }));
  /** What Slack showed last, of channels and of threads. */
  const seen = new Map<boolean, Place>();
  let failures = 0;
  for (let place = waiting.shift(); place !== undefined && !signal.aborted; place = waiting.shift()) {
    if (place.failures > 0 && leavesToNext()) return;
    await sleep(bucket.waitMs(clock.now()), signal);
    bucket.take(clock.now());
    try {
      await lookAt(place, sinceMs, options);
      seen.set(place.thread === null, place);
      failures = 0;
    } catch (error) {
      const failure = failureOf(error);
      if (failure?.type === 'signed_out') throw error;
      place.failures++;
      if (await isGivenUp(error, place.failures, seen.get(place.thread === null), sinceMs, options)) {
        log.warn({ ...place, err: error }, 'What was said meanwhile is not looked up here');
        continue;
      }
      waiting.push(place);
      const afterMs = failure?.type === 'rate_limited' ? failure.afterMs : firstPauseMs * 2 ** failures++;
      const pauseMs = Math.min(afterMs, longestPauseMs);
      log.warn({ ...place, err: error, pauseMs }, 'What was said meanwhile could not be looked up, trying again');
      await sleep(pauseMs, signal);
    }
  }
}

/**
 * Whether a place is left out: where Slack refuses it, where something broke again and again, and where Slack goes on failing although it
 * shows another place of this kind, `seen`.
 */
async function isGivenUp(
  error: unknown,
  failures: number,
  seen: Place | undefined,
  sinceMs: number | null,
  options: Look,
): Promise<boolean> {
  const failure = failureOf(error);
  if (failure === null) return failures >= maxDefects;
  if (failure.type === 'rate_limited') return false;
  if (failure.type !== 'transient') return true;
  // A store that is away fails everywhere alike.
  if (error instanceof Problem || failures < maxFailures || seen === undefined) return false;
  return lookAt(seen, sinceMs, options).then(
    () => true,
    () => false,
  );
}

async function lookAt({ channel, thread }: Place, sinceMs: number | null, options: Look): Promise<void> {
  if (thread === null) await lookAtChannel(channel, sinceMs, options);
  else await lookAtThread({ channel, thread }, sinceMs, options);
}

/** Some minutes of failures. */
const maxFailures = 8;
/** What broke in a way that nobody foresaw is not tried for ever. */
const maxDefects = 5;

/** Null for what neither Slack nor the store says. */
function failureOf(error: unknown): SlackFailure | null {
  try {
    return toSlackFailure(error);
  } catch {
    return null;
  }
}

const shown = z.looseObject({ ts: messageTs, user: userId.optional() });
type Shown = z.infer<typeof shown>;

async function lookAtThread(
  { channel, thread }: { channel: ChannelId; thread: MessageTs },
  sinceMs: number | null,
  options: Look,
): Promise<void> {
  const { reader, self } = options;
  const messages = await pages((next) => reader.conversations.replies({ channel, ts: thread, ...next }));
  for (const message of messages) {
    if (sinceMs !== null && toMs(message.ts) >= sinceMs - marginMs) await hearMessage(channel, message, options);
    if (message.user === self.userId || message.ts === thread)
      await lookAtReactions(channel, message, sinceMs, options);
  }
}

/** Requests that stand alone; of the rest the intake wants nothing. */
async function lookAtChannel(channel: ChannelId, sinceMs: number | null, options: LookUpOptions): Promise<void> {
  if (sinceMs === null) return;
  const oldest = (Math.max(0, sinceMs - marginMs) / 1_000).toFixed(6);
  const messages = await pages((next) => options.reader.conversations.history({ channel, oldest, ...next }));
  for (const message of messages.toReversed()) await hearMessage(channel, message, options);
}

async function pages(
  read: (next: { limit: number; cursor?: string }) => Promise<{
    messages?: unknown[];
    response_metadata?: { next_cursor?: string };
  }>,
): Promise<Shown[]> {
  const found: Shown[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < maxPages; page++) {
    const answer = await read({ limit: perPage, ...(cursor === undefined ? {} : { cursor }) });
    found.push(...(answer.messages ?? []).flatMap((message) => shown.safeParse(message).data ?? []));
    cursor = answer.response_metadata?.next_cursor;
    if (cursor === undefined || cursor === '') break;
  }
  return found;
}

async function hearMessage(channel: ChannelId, message: Shown, { self, teamId, hear }: LookUpOptions): Promise<void> {
  if (message.user === undefined || message.user === self.userId) return;
  const channel_type = channel.startsWith('D') ? 'im' : 'channel';
  await hear(envelope(teamId, { ...message, type: 'message', channel, channel_type }));
}

/**
 * While the thread was looked through, Slack went on telling of reactions. So what differs is looked at once more, and only what was on
 * record neither before nor after that look is new, only what was both times and no longer stands was taken off.
 */
async function lookAtReactions(
  channel: ChannelId,
  message: Shown,
  sinceMs: number | null,
  options: Look,
): Promise<void> {
  const { self, reactions, at, teamId, hear } = options;
  const own = message.user === self.userId;
  const means = [self.emoji.stop, self.emoji.retry, ...(own ? [self.emoji.approve] : [])];
  const shown = standingIn(message, means);
  const before = await reactions.known(channel, message.ts);
  if (shown !== null && isSame(shown, before)) return;
  const standing = (await standingOn(channel, message.ts, means, options)).filter(({ by }) => by !== self.userId);
  if (sinceMs === null) {
    for (const each of standing) {
      if (!includes(before, each)) await reactions.note({ channel, message: message.ts, ...each }, at + coveredMs);
    }
    return;
  }
  const known = await reactions.known(channel, message.ts);
  for (const each of standing) {
    if (!includes(before, each) && !includes(known, each)) await hear(reaction('reaction_added', each, sinceMs));
  }
  for (const each of before) {
    if (includes(known, each) && !includes(standing, each)) await hear(reaction('reaction_removed', each, sinceMs));
  }

  function reaction(type: string, { by, name }: Standing, gapMs: number): Record<string, unknown> {
    const item = { type: 'message', channel, ts: message.ts };
    // Two bots that look after the same gap find the same act.
    const event_ts = (gapMs / 1_000).toFixed(6);
    return envelope(teamId, { type, user: by, reaction: name, item, item_user: message.user, event_ts, found_at: at });
  }
}

type Standing = Pick<Reacted, 'by' | 'name'>;

function includes(reacted: readonly Standing[], { by, name }: Standing): boolean {
  return reacted.some((each) => each.by === by && each.name === name);
}

function isSame(some: readonly Standing[], others: readonly Standing[]): boolean {
  return some.length === others.length && some.every((each) => includes(others, each));
}

/** Whose emoji a message shows; null where it shows only some of many. */
function standingIn(message: unknown, means: readonly string[]): Standing[] | null {
  const meant = reactionsOf.parse(message).filter(({ name }) => means.includes(name));
  if (meant.some(({ users, count }) => users.length < count)) return null;
  return toPeople(meant);
}

/** Whose emoji stand on a message now. */
async function standingOn(
  channel: ChannelId,
  ts: MessageTs,
  means: readonly string[],
  { reader }: LookUpOptions,
): Promise<Standing[]> {
  const answer = await reader.reactions.get({ channel, timestamp: ts, full: true }).catch((error: unknown) => {
    if (failureOf(error)?.type === 'message_gone') return null;
    throw error;
  });
  return toPeople(reactionsOf.parse(answer?.message ?? {}).filter(({ name }) => means.includes(name)));
}

function toPeople(reactions: z.infer<typeof reactionsOf>): Standing[] {
  return reactions.flatMap(({ name, users }) =>
    users.flatMap((id) => (userId.safeParse(id).success ? [{ by: userId.parse(id), name }] : [])),
  );
}

/** As Slack sends an event. */
function envelope(teamId: string, event: Record<string, unknown>): Record<string, unknown> {
  return { type: 'event_callback', team_id: teamId, event };
}

/** How far what comes late of a reaction is covered by one that was found by looking. */
export function coveredUntil(foundAt: number): number {
  return foundAt + coveredMs;
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await delay(ms, undefined, { signal }).catch(() => undefined);
}
