import type { TaskEvent } from '../task/events.ts';
import type { Task } from '../task/task.ts';
import { currentRun } from '../task/transition.ts';
import type { Metrics } from './metrics.ts';

/** Hears of each fact that this process stored, once, with the task before and after it. */
export type TaskWatcher = (event: TaskEvent, before: Task, after: Task) => void;

interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** States rather than facts: they come every few seconds. */
const passing: ReadonlySet<TaskEvent['type']> = new Set(['progressed', 'metered', 'time_passed']);

/** Counts what becomes of tasks, and writes a line of the log for each fact about one. */
export function watchTasks(metrics: Metrics, log: Log): TaskWatcher {
  return (event, before, after) => {
    if (event.type === 'task_created') metrics.tasks.inc({ way: after.origin.kind });
    countRun(metrics, event, before, after);
    countSpending(metrics, event, before, after);
    countPull(metrics, event);
    if (passing.has(event.type)) return;
    const code = codeOf(event);
    const run = 'run' in event ? event.run : (currentRun(after.run) ?? currentRun(before.run))?.id;
    const facts = {
      task: after.id,
      ...(run === undefined || run === null ? {} : { run }),
      event: event.type,
      ...('repository' in event ? { repository: event.repository } : {}),
      ...(event.type === 'run_finished' ? { outcome: event.outcome.type } : {}),
      ...(code === null ? {} : { code }),
    };
    log[code === null ? 'info' : 'warn'](facts, event.type.replaceAll('_', ' '));
  };
}

function countRun(metrics: Metrics, event: TaskEvent, before: Task, after: Task): void {
  const { agent } = after;
  if (event.type === 'run_started' && before.run.type === 'queued') {
    metrics.queueWait.observe({ agent }, Math.max(0, event.at - before.run.since) / 1_000);
  }
  const code = codeOf(event);
  if (code !== null) metrics.failures.inc({ code });
  const outcome = outcomeOf(event, after);
  if (outcome === null) return;
  if (outcome !== 'tried_again') metrics.outcomes.inc({ agent, outcome });
  const run = currentRun(before.run);
  if (run !== undefined) metrics.runTime.observe({ agent, outcome }, Math.max(0, event.at - run.startedAt) / 1_000);
}

/** How a run ended, or what would have been one; null where none did. */
function outcomeOf(event: TaskEvent, after: Task): string | null {
  switch (event.type) {
    case 'run_finished':
      return event.outcome.type;
    case 'stopped':
      return 'stopped';
    case 'run_failed':
      return after.run.type === 'queued' && event.retry ? 'tried_again' : 'failed';
    default:
      return null;
  }
}

function codeOf(event: TaskEvent): string | null {
  if (event.type === 'run_failed' || event.type === 'merge_refused') return event.problem.code;
  if (event.type === 'ci_refused' || event.type === 'hold_refused') return event.problem.code;
  if (event.type !== 'run_finished') return null;
  const { outcome } = event;
  return outcome.type === 'failed' || outcome.type === 'refused' ? outcome.problem.code : null;
}

function countSpending(metrics: Metrics, event: TaskEvent, before: Task, after: Task): void {
  if (event.type !== 'metered') return;
  const { agent } = after;
  const [was, is] = [before.spending.task, after.spending.task];
  metrics.tokens.inc({ agent, direction: 'read' }, Math.max(0, is.inputTokens - was.inputTokens));
  metrics.tokens.inc({ agent, direction: 'written' }, Math.max(0, is.outputTokens - was.outputTokens));
  if (is.usd !== null && was.usd !== null) metrics.cost.inc({ agent }, Math.max(0, is.usd - was.usd));
}

function countPull(metrics: Metrics, event: TaskEvent): void {
  const became = {
    pull_request_opened: 'opened',
    pull_request_merged: 'merged',
    pull_request_closed: 'closed',
    merge_refused: 'refused',
  } as const;
  if (Object.hasOwn(became, event.type)) {
    metrics.merges.inc({ became: became[event.type as keyof typeof became] });
  }
}
