import type { ChannelId, TaskId, UserId } from './ids.ts';
import type { Failure } from './task.ts';

/** How much Errand takes in; null is no limit. */
export interface IntakeLimits {
  /** Requests of one person, or out of one channel, within `windowMs`. */
  readonly personRequests: number | null;
  readonly channelRequests: number | null;
  /** Tasks of one person that are queued or running at once. */
  readonly personTasks: number | null;
  /** Tasks that wait for a worker, everybody's. */
  readonly queuedTasks: number | null;
}

export const windowMs = 10 * 60_000;

/** What one task may hold of other people's words, and of words at all. */
export const maxContextMessages = 100;
export const maxContextChars = 10_000;
export const maxSpecChars = 400_000;

/** A task that is queued or under way. */
export interface OpenTask {
  readonly id: TaskId;
  readonly requester: UserId;
  readonly queued: boolean;
}

/** Too many requests: whose, and when there is room again, epoch milliseconds. */
export interface Held {
  readonly by: 'person' | 'channel';
  readonly until: number;
}

/** Why no further task of somebody's is queued now; null while there is room. A task that is open already takes none. */
export function crowded(
  { personTasks, queuedTasks }: IntakeLimits,
  open: readonly OpenTask[],
  by: UserId,
  task?: TaskId,
): Failure | null {
  if (open.some(({ id }) => id === task)) return null;
  const own = open.filter(({ requester }) => requester === by).length;
  if (personTasks !== null && own >= personTasks) {
    return {
      code: 'person_crowded',
      sentence: `${own === 1 ? '1 task of yours is' : `${own} tasks of yours are`} queued or running, and Errand takes no more than ${personTasks} of one person at once.`,
      next: 'Send it again when one has ended, or stop one that you no longer need.',
    };
  }
  const queued = open.filter((each) => each.queued).length;
  if (queuedTasks === null || queued < queuedTasks) return null;
  return {
    code: 'queue_full',
    sentence: `${queued === 1 ? '1 task is' : `${queued} tasks are`} waiting for a worker, and Errand queues no more than ${queuedTasks}.`,
    next: 'Send it again in a while; nothing was started.',
  };
}

/** What somebody is told who sent too much too fast, or whose channel did. */
export function tooFast({ personRequests, channelRequests }: IntakeLimits, { by, until }: Held, now: number): Failure {
  const minutes = Math.max(1, Math.ceil((until - now) / 60_000));
  const own = by === 'person';
  const most = requests(own ? personRequests : channelRequests);
  return {
    code: own ? 'person_too_fast' : 'channel_too_fast',
    sentence: own
      ? `Errand takes at most ${most} of one person in ten minutes, and you have sent as many.`
      : `Errand takes at most ${most} out of one channel in ten minutes, and this one has sent as many.`,
    next: `Send it again in ${minutes} min; nothing was started.`,
  };
}

function requests(most: number | null): string {
  return most === 1 ? '1 request' : `${most} requests`;
}

/** The place of a request as rules name it: direct messages are all one. */
export function placeOf(channel: ChannelId): string {
  return /^[CG]/.test(channel) ? channel : 'direct';
}
