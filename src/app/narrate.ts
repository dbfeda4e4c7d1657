import type { TaskEvent } from '../task/events.ts';
import type { UserId } from '../task/ids.ts';
import type { Narrator } from '../task/ports.ts';
import type { Effect, Gate, OutboxRow, Said, Status, TaskLine, Thread } from '../task/said.ts';
import type { Result, Run, RunState, Task } from '../task/task.ts';
import { currentRun } from '../task/transition.ts';
import { toSession } from './session.ts';

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
    ...endingRow(task, line, event),
    ...(task.pull.type === 'none' ? [] : task.results).map((result) =>
      message(task, `gate-${result.head}`, gate(task, line, result)),
    ),
    ...mergedRow(task, line),
    ...takenRows(task, event),
    // In the new task's own lane, so that it stands before all that the new task says.
    ...(event.type === 'task_created' && task.follows !== null
      ? [message(task, 'continued', { type: 'continued', task: line, as: task.id })]
      : []),
    { lane: task.id, key: 'session', effect: toSession(task, placeOf(task), event.at) },
  ];
};

export function toLine(task: Task): TaskLine {
  const { id, title, repository, base, branch, agent, requester } = task;
  return { id, title, repository, base, branch, agent, requester };
}

/** One word for where a task stands; what runs comes before what waits for review. */
export function toStatus(task: Task): Status {
  const { run, pull } = task;
  if (run.type === 'queued') return { word: 'Queued', reason: run.reason };
  if (run.type === 'waiting') return { word: 'Waiting for you' };
  if (run.type === 'running') {
    return { word: 'Running', startedAt: run.run.startedAt, activity: run.run.progress.activity };
  }
  switch (pull.type) {
    case 'open':
      return run.outcome?.type === 'failed'
        ? { word: 'Failed' }
        : { word: 'Ready for review', number: pull.pull.number };
    case 'merging':
      return { word: 'Merging', number: pull.pull.number, by: pull.approval.by };
    case 'merged':
      return { word: 'Merged', number: pull.pull.number, by: pull.by };
    case 'closed':
      return { word: 'Closed', number: pull.pull.number };
    case 'none':
      return { word: outcomeWord(task) };
    default:
      return pull satisfies never;
  }
}

function outcomeWord(task: Task) {
  const outcome = task.run.type === 'idle' ? task.run.outcome : null;
  switch (outcome?.type) {
    case 'stopped':
      return 'Stopped';
    case 'refused':
      return 'Refused';
    case 'answered':
      return 'Answered';
    case 'failed':
      return 'Failed';
    default:
      return 'Nothing changed';
  }
}

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
  const { run, pull } = task;
  if (run.type !== 'idle' || pull.type === 'merged' || pull.type === 'closed') return false;
  return run.outcome?.type !== 'changed' && run.outcome?.type !== 'answered';
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

function endingRow(task: Task, line: TaskLine, event: TaskEvent): OutboxRow[] {
  const key = `ending-${task.runs}`;
  const retryable = isRetryable(task);
  const outcome = task.run.type === 'idle' ? task.run.outcome : null;
  const shown =
    event.type === 'run_finished'
      ? event.outcome
      : event.type === 'run_failed' || event.type === 'stopped' || event.type === 'work_kept'
        ? outcome
        : null;
  if (shown === null || shown.type === 'changed') return [];
  return [message(task, key, { type: 'ending', task: line, run: task.runs, outcome: shown, retryable })];
}

function gate(task: Task, line: TaskLine, result: Result): Said {
  const { pull } = task;
  const { number, url, draft } = pull.type === 'none' ? { number: 0, url: '', draft: undefined } : pull.pull;
  return {
    type: 'result',
    task: line,
    run: result.run,
    number,
    url,
    ...(draft === undefined ? {} : { draft }),
    head: result.head,
    report: result.report,
    by: result.by,
    gate: toGate(task, result),
  };
}

function toGate(task: Task, result: Result): Gate {
  const { pull } = task;
  if (pull.type === 'none') return { type: 'closed' };
  if (result.head !== pull.pull.head) return { type: 'replaced', head: pull.pull.head };
  switch (pull.type) {
    case 'open':
      return pull.refusal === null
        ? { type: 'open' }
        : { type: 'refused', sentence: pull.refusal.sentence, next: pull.refusal.next };
    case 'merging':
      return pull.delay === null
        ? { type: 'merging', by: pull.approval.by }
        : { type: 'delayed', by: pull.approval.by, reason: pull.delay };
    case 'merged':
      return { type: 'merged', by: pull.by };
    case 'closed':
      return { type: 'closed' };
    default:
      return pull satisfies never;
  }
}

function mergedRow(task: Task, line: TaskLine): OutboxRow[] {
  if (task.pull.type !== 'merged') return [];
  const { pull, commit, by } = task.pull;
  return [message(task, 'merged', { type: 'merged', task: line, number: pull.number, commit, by })];
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
