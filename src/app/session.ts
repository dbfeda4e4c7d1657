import { isOver } from '../task/parts.ts';
import type { Effect, SessionStatus, Thread } from '../task/said.ts';
import type { Task } from '../task/task.ts';
import type { BotDeps } from './deps.ts';

/** Slack takes `processing` back after an hour. */
const beatMs = 30 * 60_000;

type Session = Extract<Effect, { type: 'session' }>;

/** How a task stands in Slack's own list, at a time. While it is at work, this changes every half hour. */
export function toSession(task: Task, thread: Thread, at: number): Session {
  const status = toSessionStatus(task);
  return {
    type: 'session',
    channel: task.origin.channel,
    thread,
    status,
    title: task.title,
    initiator: task.requester,
    beat: status === 'processing' ? Math.floor(at / beatMs) : 0,
  };
}

/** Slack's word for a task: what runs comes before what waits for review, and only what nobody can go on with is closed. */
export function toSessionStatus(task: Task): SessionStatus {
  const { run } = task;
  switch (run.type) {
    case 'queued':
    case 'running':
      return 'processing';
    case 'waiting':
      return 'suspended';
    case 'idle':
      return isOver(task) ? 'closed' : 'active';
    default:
      return run satisfies never;
  }
}

/** Tells all tasks that time has passed, so that those at work are shown as that on. To be called more often than half-hourly. */
export async function renewSessions({ store, clock }: Pick<BotDeps, 'store' | 'clock'>): Promise<void> {
  for (const id of await store.unsettled()) await store.apply(id, { type: 'time_passed', at: clock.now() });
}
