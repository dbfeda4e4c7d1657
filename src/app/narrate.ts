import type { Effort } from '../task/amounts.ts';
import type { TaskEvent } from '../task/events.ts';
import { heldElsewhere } from '../task/hold.ts';
import type { UserId } from '../task/ids.ts';
import { isOver } from '../task/parts.ts';
import type { Narrator } from '../task/ports/task-store.ts';
import type { Effect, OutboxRow, Said, TaskLine, Thread } from '../task/said.ts';
import { nearing, tokensOf } from '../task/spending.ts';
import type { Outcome, Run, RunState, Task } from '../task/task.ts';
import { currentRun } from '../task/transition.ts';
import { blockedIn } from './blocked.ts';
import { hostLost } from './lost-host.ts';
import { holdOf, resultsIn } from './results.ts';
import { toSession } from './session.ts';
import { toNearingLine } from './spending-words.ts';
import { toLine } from './task-line.ts';
import { toStatus } from './task-status.ts';
import { together } from './together.ts';

/** The reaction on a reply that an agent has read. Never ✅: that one belongs to people. */
const takenUp = 'hammer_and_wrench';

/**
 * What the thread shows after an event. Every row is derived from the task as it stands, so that a row which is already
 * delivered with the same content costs nothing, and a lost one is made again by the next event.
 */
export const narrate: Narrator = (task, event, before) => {
  const line = toLine(task);
  return [
    message(task, 'root', root(task, line)),
    ...planRow(task, line, event, before),
    ...questionRow(task, line, event, before),
    ...lostRow(task, event, before),
    ...withoutHeldRow(task, event, before),
    ...endingRow(task, line, event, before),
    ...nearingRow(task, event, before),
    ...task.parts.flatMap((part) => resultsIn(task, part).map(({ key, said }) => message(task, key, said))),
    ...holdRows(task, before),
    ...blockedIn(task, line, isRetryable(task)).map(({ key, said }) => message(task, key, said)),
    ...beyondRows(task, event),
    ...closedRows(task, event),
    ...leftOutRows(task),
    ...takenRows(task, event),
    // In the new task's own lane, so that it stands before all that the new task says.
    ...(event.type === 'task_created' && task.follows !== null
      ? [message(task, 'continued', { type: 'continued', task: line, as: task.id })]
      : []),
    { lane: task.id, key: 'session', effect: toSession(task, placeOf(task), event.at) },
  ];
};

function root(task: Task, line: TaskLine): Said {
  const idle = task.run.type === 'idle';
  return {
    type: 'root',
    task: line,
    status: toStatus(task),
    spec: task.spec
      .filter((part) => part.trust === 'steering')
      .map((part) => part.text)
      .join('\n\n'),
    stoppable: !idle,
    retryable: isRetryable(task),
  };
}

function isRetryable(task: Task): boolean {
  const { run } = task;
  if (run.type !== 'idle' || isOver(task)) return false;
  if (run.outcome?.type === 'changed') return run.outcome.missing.length > 0;
  return run.outcome?.type !== 'answered';
}

/** The plan of the running run, and its last look once it ended. */
function planRow(task: Task, line: TaskLine, event: TaskEvent, before: Task): OutboxRow[] {
  const run = currentRun(task.run);
  if (run !== undefined) return event.type === 'progressed' ? [plan(task, line, run, 'running')] : [];
  const last = currentRun(before.run);
  if (last === undefined || last.progress.steps.length === 0) return [];
  if (event.type === 'stopped') return [plan(task, line, last, 'stopped')];
  const failed = event.type === 'run_failed' || (event.type === 'run_finished' && event.outcome.type === 'failed');
  return [plan(task, line, last, failed ? 'failed' : 'ended')];
}

function plan(task: Task, line: TaskLine, run: Run, state: 'running' | 'ended' | 'stopped' | 'failed'): OutboxRow {
  const { number, progress } = run;
  return message(task, `plan-${number}`, { type: 'plan', task: line, run: number, progress, state });
}

function questionRow(task: Task, line: TaskLine, event: TaskEvent, before: Task): OutboxRow[] {
  if (before.run.type !== 'waiting' && task.run.type === 'waiting') {
    return [asked(task, line, task.run, null)];
  }
  if (before.run.type !== 'waiting' || task.run.type === 'waiting') return [];
  if (event.type === 'answer_given') return [asked(task, line, before.run, { by: event.by, text: event.answer })];
  return [asked(task, line, before.run, { by: null, text: before.run.question.fallback })];
}

function asked(
  task: Task,
  line: TaskLine,
  { run, question }: Extract<RunState, { type: 'waiting' }>,
  answer: { by: UserId | null; text: string } | null,
): OutboxRow {
  // Each run numbers its questions anew.
  return message(task, `question-${run.number}-${question.id}`, { type: 'question', task: line, question, answer });
}

/** What becomes of a run whose machine is lost. */
function lostRow(task: Task, event: TaskEvent, before: Task): OutboxRow[] {
  const run = currentRun(before.run);
  if (event.type !== 'run_failed' || event.problem.code !== hostLost || run === undefined) return [];
  if (task.run.type !== 'queued') return [];
  const pushed = before.parts.flatMap(({ pull, checkout }) => {
    return (pull.type === 'none' ? checkout?.remote : pull.pull.head) ?? [];
  });
  const [head] = pushed;
  const from =
    head === undefined
      ? 'from the beginning, since nothing had been pushed'
      : pushed.length > 1
        ? 'from what is on its branches'
        : `from commit \`${head.slice(0, 7)}\` of its branch`;
  const sentence = `${event.problem.sentence} Run ${run.number} is done anew on another one, ${from}.`;
  return [message(task, `lost-${run.id}`, { type: 'sentence', sentence, next: null, kept: null })];
}

/** What a run does not go on from, for it began on another machine. */
function withoutHeldRow(task: Task, event: TaskEvent, before: Task): OutboxRow[] {
  const held = event.type === 'run_started' ? heldElsewhere(before, event.engine) : undefined;
  if (held === undefined || event.type !== 'run_started') return [];
  const sentence = `The machine that has what run ${held.run} changed was not there to go on. Run ${event.number} starts without those changes, which were not pushed.`;
  return [message(task, `without-held-${event.run}`, { type: 'sentence', sentence, next: null, kept: null })];
}

function endingRow(task: Task, line: TaskLine, event: TaskEvent, before: Task): OutboxRow[] {
  // What failed before it could start is news of its own, and no change of how the run before it ended.
  const unstarted = event.type === 'run_failed' && event.run === null;
  const key = `ending-${task.runs}${unstarted ? `-${event.at}` : ''}`;
  const retryable = isRetryable(task);
  const outcome = task.run.type === 'idle' ? task.run.outcome : null;
  const shown =
    event.type === 'run_finished'
      ? event.outcome
      : event.type === 'run_failed' ||
          event.type === 'stopped' ||
          event.type === 'work_kept' ||
          isLateCount(event, outcome)
        ? outcome
        : null;
  if (shown === null) return [];
  const ending = shown.type === 'changed' || shown.type === 'held' ? shortfall(task, shown) : shown;
  if (ending === null) return [];
  const effort = unstarted || before.run.type === 'queued' ? null : toEffort(task);
  return [message(task, key, { type: 'ending', task: line, run: task.runs, outcome: ending, effort, retryable })];
}

/** Held work of each part; one that a later run had the last word on can't be decided about any more. */
function holdRows(task: Task, before: Task): OutboxRow[] {
  const now = task.parts.flatMap((part) => holdOf(task, part) ?? []);
  const gone = before.parts
    .flatMap((part) => (part.hold?.state.type === 'open' ? (holdOf(before, part) ?? []) : []))
    .filter(({ key }) => !now.some((each) => each.key === key))
    .map(({ key, said }) => ({
      key,
      said: said.type === 'hold' ? { ...said, state: { type: 'replaced' } as const } : said,
    }));
  return [...gone, ...now].map(({ key, said }) => message(task, key, said));
}

/** What a run spent is counted to the last only after it was stopped or broke off. */
function isLateCount(event: TaskEvent, outcome: Outcome | null): boolean {
  if (event.type !== 'metered' || event.metered === null) return false;
  return outcome?.type === 'stopped' || (outcome?.type === 'failed' && outcome.report === null);
}

/** What the latest run took of a model, and the task in all; null for a task that used none. */
export function toEffort({ spending: { run, task }, budget }: Task): Effort | null {
  if (tokensOf(task) === 0) return null;
  const { inputTokens, outputTokens, usd } = run;
  return { usage: { inputTokens, outputTokens, usd }, durationMs: run.durationMs, total: { spent: task, budget } };
}

/** One line, once, when a task comes near one of its limits. */
function nearingRow(task: Task, event: TaskEvent, before: Task): OutboxRow[] {
  if (event.type !== 'metered' || nearing(before.spending.task, before.budget).length > 0) return [];
  const near = nearing(task.spending.task, task.budget);
  // Past a limit it is the ending that tells.
  const isPast = near.some(({ used, limit }) => used >= limit);
  if (near.length === 0 || isPast || currentRun(task.run) === undefined) return [];
  const sentence = toNearingLine(near);
  return [message(task, 'near-limit', { type: 'sentence', sentence, next: null, kept: null })];
}

/** What a run that made pull requests could not bring into one. */
function shortfall(
  task: Task,
  { missing }: Extract<Outcome, { missing: unknown }>,
): Extract<Outcome, { type: 'failed' }> | null {
  if (missing.length === 0) return null;
  const kept = missing.flatMap(({ repository, kept: head }) => (head === null ? [] : [{ repository, head }]));
  return { type: 'failed', problem: together(task, missing), kept, report: null };
}

/** What the base branch's file asked for and doesn't get: said once, for the row is the same with each run. */
function beyondRows(task: Task, event: TaskEvent): OutboxRow[] {
  if (event.type !== 'checkout_prepared') return [];
  return task.parts.flatMap(({ repository, checkout }, index) => {
    const { beyond = [] } = checkout ?? {};
    if (beyond.length === 0) return [];
    const sentence = `.errand.yml of ${repository} asks for ${beyond.join(', ')}, which is not open to its tasks: this one goes without.`;
    const next = 'Whoever runs Errand can open it for the repository.';
    return [message(task, `beyond-${index}`, { type: 'sentence', sentence, next, kept: null })];
  });
}

/** Hosts that a run goes without, for whoever opened them may not any more. */
function closedRows(task: Task, event: TaskEvent): OutboxRow[] {
  if (event.type !== 'hosts_closed') return [];
  const sentence = `No longer open to this task: ${event.hosts.join(', ')}. It is not known that whoever allowed it still may.`;
  const next = 'Somebody who may approve can allow it again above, for the run after this one.';
  return [message(task, `closed-${event.run}`, { type: 'sentence', sentence, next, kept: null })];
}

/** What came with a message and no agent will see, said once under that message. */
function leftOutRows(task: Task): OutboxRow[] {
  return task.spec.flatMap(({ key, leftOut }) =>
    leftOut === undefined
      ? []
      : [message(task, `left-out-${key}`, { type: 'sentence', sentence: leftOut, next: null, kept: null })],
  );
}

function takenRows(task: Task, event: TaskEvent): OutboxRow[] {
  if (event.type !== 'messages_taken') return [];
  return task.spec.slice(0, event.taken).flatMap((part) => {
    const ts = part.message;
    if (part.trust !== 'steering' || ts === null) return [];
    const effect: Effect = { type: 'reaction', channel: task.origin.channel, ts, name: takenUp, present: true };
    return [{ lane: task.id, key: `taken-${ts}`, effect }];
  });
}

function message(task: Task, key: string, said: Said): OutboxRow {
  const { channel, thread } = task.origin;
  const place: Thread = thread === null && key === 'root' ? { type: 'root' } : placeOf(task);
  return { lane: task.id, key, effect: { type: 'message', channel, thread: place, said } };
}

/** The task's thread. */
function placeOf({ origin: { thread } }: Task): Thread {
  return thread === null ? { type: 'own' } : { type: 'reply', to: thread };
}
