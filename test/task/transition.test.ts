import { describe, expect, it } from 'vitest';
import type { TaskEvent, TaskEventType } from '../../src/task/events.ts';
import { isHeld } from '../../src/task/hold.ts';
import type { BranchName } from '../../src/task/ids.ts';
import { isOver } from '../../src/task/parts.ts';
import { givenUp } from '../../src/task/problem.ts';
import { maxAttempts, maxBlocked, type PullState, type RunState, type Task } from '../../src/task/task.ts';
import { currentRun, hasUnread, type Refusal, transition } from '../../src/task/transition.ts';
import {
  alice,
  approval,
  bob,
  engine,
  failure,
  message,
  other,
  part,
  pull,
  pullStates,
  question,
  report,
  repository,
  run,
  runId,
  runStates,
  sha,
  task,
  taskId,
} from './example.ts';

type Result<State extends string> = Refusal | `► ${State}`;
type RunRow = Record<RunState['type'], Result<RunState['type']>>;
type PullRow = Record<PullState['type'], Result<PullState['type']>>;

const at = 1_000;
const checkout = {
  at,
  baseBranch: 'trunk' as BranchName,
  base: sha('1'),
  start: sha('2'),
  remote: null,
  checks: ['npm test'],
  allow: null,
  repositories: ['/mirror'],
};

const held = {
  run: 1,
  head: sha('9'),
  remote: null,
  engine,
  report,
  secrets: { findings: [{ path: 'a', line: 1, kind: 'a GitHub token' }], count: 1 },
};

/** One event of each type, about the current run, question and head, and the first of its kind. */
const events: { [Type in TaskEventType]: Extract<TaskEvent, { type: Type }> } = {
  task_created: { at, type: 'task_created' },
  message_added: { at, type: 'message_added', message: message(2) },
  run_started: { at, type: 'run_started', run: runId(2), number: 2, engine },
  metered: {
    at,
    type: 'metered',
    run: runId(1),
    metered: { meter: 'm1', inputTokens: 100, outputTokens: 10, usd: 0.5, usdAtMost: 0.5 },
    durationMs: 1_000,
  },
  hosts_blocked: { at, type: 'hosts_blocked', run: runId(1), hosts: [{ host: 'docs.example', allowable: true }] },
  host_allowed: { at, type: 'host_allowed', host: 'docs.example', by: alice, byName: 'Alice' },
  hosts_closed: { at, type: 'hosts_closed', run: runId(1), hosts: ['docs.example'] },
  checkout_prepared: { at, type: 'checkout_prepared', run: runId(1), checkouts: [{ repository, checkout }] },
  set_up: { at, type: 'set_up', run: runId(1), setUps: [{ repository, kind: 'setup', durationMs: 1, changed: [] }] },
  messages_taken: { at, type: 'messages_taken', run: runId(1), taken: 1 },
  session_opened: { at, type: 'session_opened', run: runId(1), session: 's1' },
  progressed: { at, type: 'progressed', run: runId(1), progress: { steps: [], activity: 'Reading' } },
  question_asked: { at, type: 'question_asked', run: runId(1), question },
  answer_given: { at, type: 'answer_given', run: runId(1), question: 'q1', by: alice, answer: 'that' },
  question_expired: { at, type: 'question_expired', run: runId(1), question: 'q1' },
  run_finished: { at, type: 'run_finished', run: runId(1), outcome: { type: 'unchanged', report } },
  run_failed: { at, type: 'run_failed', run: runId(1), problem: failure, retry: true },
  run_delayed: { at, type: 'run_delayed', reason: 'Docker is down.' },
  turn_told: { at, type: 'turn_told', turn: { ahead: 2, held: null } },
  retried: { at, type: 'retried', by: alice },
  stopped: { at, type: 'stopped', by: alice },
  work_kept: { at, type: 'work_kept', run: runId(1), kept: [{ repository, head: sha('b') }] },
  work_held: { at, type: 'work_held', run: runId(1), repository, hold: held },
  hold_released: { at, type: 'hold_released', repository, head: held.head, by: bob, byName: 'Bob' },
  hold_refused: { at, type: 'hold_refused', repository, head: held.head, problem: failure },
  hold_pushed: { at, type: 'hold_pushed', repository, head: held.head },
  time_passed: { at, type: 'time_passed' },
  continued: { at, type: 'continued', as: taskId('t000002') },
  pull_request_opened: { at, type: 'pull_request_opened', repository, pull },
  pull_request_ready: { at, type: 'pull_request_ready', repository },
  head_moved: { at, type: 'head_moved', repository, head: sha('b'), by: 'person' },
  ci_requested: { at, type: 'ci_requested', repository, head: pull.head, by: bob },
  ci_released: { at, type: 'ci_released', repository, from: pull.head, head: sha('b') },
  ci_delayed: { at, type: 'ci_delayed', repository, head: pull.head, reason: 'GitHub is away.' },
  ci_refused: { at, type: 'ci_refused', repository, head: pull.head, problem: failure },
  merge_approved: { at, type: 'merge_approved', repository, approval },
  merge_refused: { at, type: 'merge_refused', repository, head: pull.head, problem: failure },
  merge_delayed: { at, type: 'merge_delayed', repository, head: pull.head, reason: 'A check is pending.' },
  pull_request_merged: { at, type: 'pull_request_merged', repository, commit: sha('d'), by: bob },
  pull_request_closed: { at, type: 'pull_request_closed', repository },
};

/** What moves the run: the same answer whatever the pull request's state is. */
const runTable = {
  task_created: { idle: 'duplicate', queued: 'duplicate', running: 'duplicate', waiting: 'duplicate' },
  message_added: { idle: '► queued', queued: '► queued', running: '► running', waiting: '► waiting' },
  run_started: { idle: 'not_queued', queued: '► running', running: 'not_queued', waiting: 'not_queued' },
  metered: { idle: '► idle', queued: '► queued', running: '► running', waiting: '► waiting' },
  checkout_prepared: { idle: 'not_running', queued: 'not_running', running: '► running', waiting: '► waiting' },
  set_up: { idle: 'not_running', queued: 'not_running', running: '► running', waiting: '► waiting' },
  messages_taken: { idle: 'not_running', queued: 'not_running', running: '► running', waiting: '► waiting' },
  session_opened: { idle: 'not_running', queued: 'not_running', running: '► running', waiting: '► waiting' },
  progressed: { idle: 'not_running', queued: 'not_running', running: '► running', waiting: '► waiting' },
  question_asked: { idle: 'not_running', queued: 'not_running', running: '► waiting', waiting: 'duplicate' },
  answer_given: { idle: 'no_question', queued: 'no_question', running: 'no_question', waiting: '► running' },
  question_expired: { idle: 'no_question', queued: 'no_question', running: 'no_question', waiting: '► running' },
  run_finished: { idle: 'not_running', queued: 'not_running', running: '► idle', waiting: '► idle' },
  run_failed: { idle: 'not_running', queued: 'stale_run', running: '► queued', waiting: '► queued' },
  run_delayed: { idle: 'not_queued', queued: '► queued', running: 'not_queued', waiting: 'not_queued' },
  turn_told: { idle: 'not_queued', queued: '► queued', running: 'not_queued', waiting: 'not_queued' },
  retried: { idle: '► queued', queued: 'not_idle', running: 'not_idle', waiting: 'not_idle' },
  stopped: { idle: 'not_running', queued: '► idle', running: '► idle', waiting: '► idle' },
  hosts_blocked: { idle: 'not_running', queued: 'not_running', running: '► running', waiting: '► waiting' },
  hosts_closed: { idle: 'not_running', queued: 'not_running', running: 'duplicate', waiting: 'duplicate' },
  host_allowed: { idle: 'not_blocked', queued: 'not_blocked', running: 'not_blocked', waiting: 'not_blocked' },
  work_kept: { idle: '► idle', queued: 'not_idle', running: 'not_idle', waiting: 'not_idle' },
  work_held: { idle: 'not_running', queued: 'not_running', running: '► running', waiting: '► waiting' },
  // Without held work; with it: below.
  hold_released: { idle: 'older_head', queued: 'older_head', running: 'older_head', waiting: 'older_head' },
  hold_refused: { idle: 'older_head', queued: 'older_head', running: 'older_head', waiting: 'older_head' },
  hold_pushed: { idle: 'older_head', queued: 'older_head', running: 'older_head', waiting: 'older_head' },
  time_passed: { idle: 'not_running', queued: '► queued', running: '► running', waiting: '► waiting' },
  continued: { idle: '► idle', queued: '► queued', running: '► running', waiting: '► waiting' },
} as const satisfies Partial<Record<TaskEventType, RunRow>>;

/** What moves the pull request: the same answer whatever the run's state is. */
const pullTable = {
  pull_request_opened: {
    none: '► open',
    open: 'duplicate',
    merging: 'duplicate',
    merged: 'duplicate',
    closed: '► open',
  },
  head_moved: {
    none: 'no_pull_request',
    open: '► open',
    merging: '► open',
    merged: 'pull_request_ended',
    closed: 'pull_request_ended',
  },
  ci_requested: {
    none: 'no_pull_request',
    open: 'ci_not_held',
    merging: 'already_merging',
    merged: 'pull_request_ended',
    closed: 'pull_request_ended',
  },
  ci_released: {
    none: 'no_pull_request',
    open: 'ci_not_held',
    merging: 'ci_not_held',
    merged: 'pull_request_ended',
    closed: 'pull_request_ended',
  },
  ci_delayed: {
    none: 'no_pull_request',
    open: 'ci_not_held',
    merging: 'ci_not_held',
    merged: 'pull_request_ended',
    closed: 'pull_request_ended',
  },
  ci_refused: {
    none: 'no_pull_request',
    open: 'ci_not_held',
    merging: 'ci_not_held',
    merged: 'pull_request_ended',
    closed: 'pull_request_ended',
  },
  merge_approved: {
    none: 'no_pull_request',
    open: '► merging',
    merging: 'already_merging',
    merged: 'pull_request_ended',
    closed: 'pull_request_ended',
  },
  merge_refused: {
    none: 'no_pull_request',
    open: 'not_merging',
    merging: '► open',
    merged: 'pull_request_ended',
    closed: 'pull_request_ended',
  },
  merge_delayed: {
    none: 'no_pull_request',
    open: 'not_merging',
    merging: '► merging',
    merged: 'pull_request_ended',
    closed: 'pull_request_ended',
  },
  pull_request_merged: {
    none: 'no_pull_request',
    open: '► merged',
    merging: '► merged',
    merged: 'duplicate',
    closed: 'pull_request_ended',
  },
  pull_request_ready: {
    none: 'no_pull_request',
    open: 'duplicate',
    merging: 'duplicate',
    merged: 'pull_request_ended',
    closed: 'pull_request_ended',
  },
  pull_request_closed: {
    none: 'no_pull_request',
    open: '► closed',
    merging: '► closed',
    merged: 'pull_request_ended',
    closed: 'duplicate',
  },
} as const satisfies Partial<Record<TaskEventType, PullRow>>;

/** Fails to compile when an event type is in neither table. */
const tables: Record<TaskEventType, RunRow | PullRow> = { ...runTable, ...pullTable };

function keysOf<Key extends string>(record: Record<Key, unknown>): Key[] {
  return Object.keys(record) as Key[];
}

function pullOf({ parts }: Task): PullState {
  return parts[0].pull;
}

/** A task whose only message was read by its first run, in the given states. */
function inState(runState: RunState['type'], pullState: PullState['type']): Task {
  return task({ taken: 1, runs: 1, run: runStates[runState], pull: pullStates[pullState] });
}

/** The same with its message unread, so that `messages_taken` says something new. */
function before(type: TaskEventType, runState: RunState['type'], pullState: PullState['type']): Task {
  const state = inState(runState, pullState);
  return type === 'messages_taken' ? { ...state, taken: 0 } : state;
}

function apply(from: Task, ...sequence: readonly TaskEvent[]): Task {
  return sequence.reduce((current, event) => {
    const result = transition(current, event);
    if (!result.applied) throw new Error(`${event.type} was refused: ${result.reason}`);
    return result.task;
  }, from);
}

function reasonOf(from: Task, event: TaskEvent): Refusal | 'applied' {
  const result = transition(from, event);
  return result.applied ? 'applied' : result.reason;
}

describe('every state and every event', () => {
  it('is in the tables', () => {
    expect(keysOf(tables).sort()).toEqual(keysOf(events).sort());
  });

  const matrix = keysOf(runStates).flatMap((runState) =>
    keysOf(pullStates).flatMap((pullState) =>
      keysOf(events).map((type) => {
        const row: Partial<Record<string, string>> = tables[type];
        const key = type in runTable ? runState : pullState;
        return { type, runState, pullState, expected: row[key] };
      }),
    ),
  );

  it.each(matrix)('$type in $runState and $pullState: $expected', ({ type, runState, pullState, expected }) => {
    const from = before(type, runState, pullState);
    const result = transition(from, events[type]);
    if (type in runTable) {
      expect(result.applied ? `► ${result.task.run.type}` : result.reason).toBe(expected);
      expect(pullOf(result.applied ? result.task : from)).toBe(pullOf(from));
    } else {
      expect(result.applied ? `► ${pullOf(result.task).type}` : result.reason).toBe(expected);
      expect(result.applied ? result.task.run : from.run).toBe(from.run);
    }
  });
});

describe('held work', () => {
  const finished = { ...events.run_finished, outcome: { type: 'held', missing: [] } } as const;
  const holding = (pull: PullState['type'] = 'none') => apply(inState('running', pull), events.work_held, finished);
  const holdOf = (of: Task) => of.parts[0].hold;

  it('waits for a word, and goes up for review with the name of whoever gave it', () => {
    const released = apply(holding(), events.hold_released);
    expect(holdOf(released)?.state).toEqual({ type: 'released', by: bob, byName: 'Bob', at });
    const opened = { ...events.pull_request_opened, pull: { ...pull, head: held.head } };
    const pushed = apply(released, opened, events.hold_pushed);
    const made = { ...report, pushedAnyway: { ...held.secrets, by: bob, byName: 'Bob' } };
    expect(pushed.parts[0].results).toEqual([{ run: 1, head: held.head, by: 'run', report: made }]);
    expect(pushed.run).toEqual({
      type: 'idle',
      outcome: { type: 'changed', changes: [{ repository, head: held.head, report: made }], missing: [] },
    });
  });

  it('is decided about once, for the commit that was shown, and not while the agent is at work', () => {
    expect(reasonOf(apply(holding(), events.hold_released), events.hold_released)).toBe('duplicate');
    expect(reasonOf(holding(), { ...events.hold_released, head: sha('8') })).toBe('older_head');
    expect(reasonOf(apply(holding(), events.message_added), events.hold_released)).toBe('not_idle');
    expect(reasonOf(holding('closed'), events.hold_released)).toBe('pull_request_ended');
    expect(reasonOf(holding(), events.hold_pushed)).toBe('duplicate');
  });

  it('that could not be pushed waits again, with the reason', () => {
    const back = apply(holding(), events.hold_released, events.hold_refused);
    expect(holdOf(back)?.state).toEqual({ type: 'open', refusal: failure });
    expect(reasonOf(back, events.hold_released)).toBe('applied');
  });

  it('lasts until the next run has ended, and not over a retry', () => {
    const next = apply(holding(), events.message_added, events.run_started);
    expect(holdOf(next)?.head).toBe(held.head);
    expect(holdOf(apply(next, { ...events.run_finished, run: runId(2) }))).toBeUndefined();
    expect(holdOf(apply(holding(), events.retried))).toBeUndefined();
  });

  it('is waited for until it is pushed, or its pull request ends without anybody’s word', () => {
    const heldIn = (of: Task) => isHeld(of.parts[0]);
    expect(heldIn(holding())).toBe(true);
    expect(heldIn(holding('open'))).toBe(true);
    for (const over of [events.pull_request_merged, events.pull_request_closed]) {
      expect(heldIn(apply(holding('open'), over))).toBe(false);
      expect(heldIn(apply(holding('open'), events.hold_released, over))).toBe(true);
      expect(heldIn(apply(holding('open'), events.hold_released, over, events.hold_refused))).toBe(false);
    }
    expect(heldIn(apply(holding(), events.hold_released, events.hold_pushed))).toBe(false);
  });

  it.each(['message_added', 'retried'] as const)('is not overtaken by a run while it is being pushed: %s', (more) => {
    const waiting = apply(holding(), events.hold_released, events[more]);
    const start = { ...events.run_started, run: runId(2), number: 2 };
    expect(reasonOf(waiting, start)).toBe('being_pushed');
    expect(holdOf(waiting)?.state.type).toBe('released');
    expect(reasonOf(apply(waiting, events.pull_request_opened, events.hold_pushed), start)).toBe('applied');
    expect(reasonOf(apply(waiting, events.hold_refused), start)).toBe('applied');
  });

  it('keeps a task of several repositories from being over', () => {
    const merged = { ...inState('running', 'none').parts[0], pull: pullStates.merged, repository: other };
    const from = inState('running', 'none');
    const both = apply({ ...from, parts: [...from.parts, merged] }, events.work_held, finished);
    expect(isOver(both)).toBe(false);
  });
});

describe('messages', () => {
  it.each(keysOf(runStates))('extend the spec of a task that is %s', (state) => {
    const added = apply(inState(state, 'none'), events.message_added);
    expect(added.spec.map((each) => each.text)).toEqual(['Message 1', 'Message 2']);
  });

  it('are taken up once, however often Slack repeats them', () => {
    const added = apply(inState('running', 'none'), events.message_added);
    expect(reasonOf(added, events.message_added)).toBe('duplicate');
  });

  it('of somebody who may not steer are kept but start nothing', () => {
    const added = apply(inState('idle', 'none'), {
      ...events.message_added,
      message: message(2, { trust: 'context', author: bob }),
    });
    expect(added.run).toEqual(runStates.idle);
    expect(hasUnread(added)).toBe(false);
    expect(added.spec).toHaveLength(2);
  });

  it('that a run has not read when it finishes queue the task again', () => {
    const ended = apply(inState('running', 'none'), events.message_added, events.run_finished);
    expect(ended.run).toEqual({ type: 'queued', since: at, reason: null });
  });

  it('that a run took up do not', () => {
    const ended = apply(
      inState('running', 'none'),
      events.message_added,
      { ...events.messages_taken, taken: 2 },
      events.run_finished,
    );
    expect(ended.run.type).toBe('idle');
  });

  it('that were written during a run which fails for good queue the task again', () => {
    const ended = apply(
      inState('running', 'none'),
      { ...events.message_added, message: message(2, { at: run().startedAt + 1 }) },
      { ...events.run_failed, retry: false },
    );
    expect(ended.run.type).toBe('queued');
  });

  it('are never taken beyond the end of the spec, nor given back', () => {
    const taken = apply(before('messages_taken', 'running', 'none'), { ...events.messages_taken, taken: 99 });
    expect(taken.taken).toBe(1);
    expect(reasonOf(taken, { ...events.messages_taken, taken: 0 })).toBe('duplicate');
    expect(reasonOf(taken, { ...events.messages_taken, taken: 99 })).toBe('duplicate');
  });
});

describe('runs', () => {
  it('claim the task with a new epoch each', () => {
    const started = apply(inState('queued', 'none'), events.run_started);
    expect(started).toMatchObject({ epoch: 1, runs: 2, run: { type: 'running', run: { id: runId(2), engine } } });
  });

  it('start in order: a claim made for an older or a later number is refused', () => {
    const queued = inState('queued', 'none');
    expect(reasonOf(queued, { ...events.run_started, run: runId(1), number: 1 })).toBe('stale_run');
    expect(reasonOf(queued, { ...events.run_started, run: runId(3), number: 3 })).toBe('stale_run');
  });

  it.each([
    events.checkout_prepared,
    events.messages_taken,
    events.session_opened,
    events.progressed,
    events.question_asked,
    events.answer_given,
    events.question_expired,
    events.run_finished,
    events.run_failed,
  ])('that are over change nothing: $type', (event) => {
    const later = task({ runs: 2, run: { type: 'waiting', run: run(2), question } });
    expect(reasonOf(later, event)).toBe('stale_run');
  });

  it('are tried again while attempts are left, and then fail for good', () => {
    let current = inState('queued', 'none');
    for (let number = 2; number < 2 + maxAttempts; number += 1) {
      expect(current.run.type).toBe('queued');
      current = apply(
        current,
        { ...events.run_started, run: runId(number), number },
        { ...events.run_failed, run: runId(number) },
      );
    }
    expect(current.run).toEqual({
      type: 'idle',
      // Nobody waits for another attempt.
      outcome: { type: 'failed', problem: givenUp(failure), kept: [], report: null },
    });
    expect(current.attempt).toBe(0);
  });

  it('that are tried again read again what they were started with', () => {
    const running = { ...inState('running', 'none'), taken: 1, session: 's1' };
    expect(apply(running, events.run_failed)).toMatchObject({ taken: 0, run: { type: 'queued' } });
  });

  it('say while queued why the last attempt failed', () => {
    const again = apply(inState('running', 'none'), events.run_failed);
    expect(again.run).toEqual({ type: 'queued', since: at, reason: failure.sentence });
  });

  it('that fail for the task itself are not tried again', () => {
    const failed = apply(inState('running', 'none'), { ...events.run_failed, retry: false });
    expect(failed.run.type).toBe('idle');
  });

  it('that fail for good before they read anything do not start themselves again', () => {
    const unread = { ...inState('running', 'none'), taken: 0 };
    expect(apply(unread, { ...events.run_failed, retry: false }).run.type).toBe('idle');
  });

  it('that could not even start fail for good while the task is queued', () => {
    const failed = apply(task(), { ...events.run_failed, run: null, retry: false });
    expect(failed.run).toMatchObject({ type: 'idle', outcome: { type: 'failed', problem: failure } });
  });

  it('that could not start for the machine’s sake stay queued, for a limited number of attempts', () => {
    const notStarted = { ...events.run_failed, run: null };
    const queued = apply(task(), notStarted, notStarted);
    expect(queued).toMatchObject({ run: { type: 'queued' }, attempt: 2 });
    expect(apply(queued, notStarted).run.type).toBe('idle');
  });

  it('that are put off say why, each reason once, and use up no attempt', () => {
    const delayed = apply(task(), events.run_delayed);
    expect(delayed).toMatchObject({ attempt: 0, run: { type: 'queued', since: 50, reason: 'Docker is down.' } });
    expect(reasonOf(delayed, events.run_delayed)).toBe('duplicate');
  });

  it('that are put off until a time keep it, also when they failed before', () => {
    const until = { ...events.run_delayed, until: 9_000 };
    expect(apply(task(), events.run_delayed, until).run).toMatchObject({ notBefore: 9_000 });
    expect(reasonOf(apply(task(), until), until)).toBe('duplicate');
    const failed = apply(inState('running', 'none'), { ...events.run_failed, until: 9_000 });
    expect(failed.run).toMatchObject({ type: 'queued', notBefore: 9_000 });
    expect(apply(failed, events.run_started).run).not.toHaveProperty('notBefore');
  });

  it('that wait have their turn told, each once, until there is something else to say', () => {
    const told = apply(task(), events.turn_told);
    expect(told.run).toMatchObject({ turn: { ahead: 2, held: null } });
    expect(reasonOf(told, events.turn_told)).toBe('duplicate');
    expect(apply(told, { ...events.turn_told, turn: { ahead: 1, held: null } }).run).toMatchObject({
      turn: { ahead: 1 },
    });
    expect(apply(told, { ...events.turn_told, turn: null }).run).not.toHaveProperty('turn');
    expect(apply(told, events.run_delayed).run).not.toHaveProperty('turn');
  });

  it('leave word of where they were, which is where the checkout lies', () => {
    expect(apply(task({ runs: 1 }), events.run_started, { ...events.run_failed, run: runId(2) }).home).toBe(engine);
  });

  it('forgive earlier failures once one finishes', () => {
    const finished = apply({ ...inState('running', 'none'), attempt: 2 }, events.run_finished);
    expect(finished.attempt).toBe(0);
  });

  it('that are retried read the whole spec again', () => {
    expect(apply(inState('idle', 'none'), events.retried)).toMatchObject({ taken: 0, run: { type: 'queued' } });
  });

  it('remember the commits they were given, for a worker that adopts them', () => {
    const prepared = apply(inState('waiting', 'none'), events.checkout_prepared);
    expect(prepared.parts).toMatchObject([{ checkout, base: 'trunk' }]);
  });

  it('keep the agent’s session for the next one', () => {
    const opened = apply(inState('running', 'none'), events.session_opened);
    expect(reasonOf(opened, events.session_opened)).toBe('duplicate');
    expect(apply(opened, events.run_finished).session).toBe('s1');
  });

  it('show their latest progress, also while they wait for an answer', () => {
    const waiting = apply(inState('waiting', 'none'), events.progressed);
    expect(currentRun(waiting.run)?.progress.activity).toBe('Reading');
    expect(waiting.run).toMatchObject({ type: 'waiting', question });
  });
});

describe('stopping', () => {
  it('drops what nobody has read, so that nothing starts by itself', () => {
    const stopped = apply(inState('running', 'none'), events.message_added, events.stopped);
    expect(stopped.run).toEqual({ type: 'idle', outcome: { type: 'stopped', by: alice, kept: [] } });
    expect(hasUnread(stopped)).toBe(false);
  });

  it('ends the run: what that reports afterwards changes nothing', () => {
    const stopped = apply(inState('running', 'none'), events.stopped);
    expect(reasonOf(stopped, events.run_finished)).toBe('not_running');
  });

  it('can be followed by what was kept of the work, once', () => {
    const kept = apply(inState('running', 'none'), events.stopped, events.work_kept);
    expect(kept.run).toMatchObject({ outcome: { type: 'stopped', kept: [{ repository, head: sha('b') }] } });
    expect(reasonOf(kept, events.work_kept)).toBe('duplicate');
  });

  it('does not let work be kept for a run that ended otherwise', () => {
    const finished = apply(inState('running', 'none'), events.run_finished);
    expect(reasonOf(finished, events.work_kept)).toBe('not_idle');
  });
});

describe('questions', () => {
  it('are closed by their own answer only', () => {
    const waiting = inState('waiting', 'none');
    expect(reasonOf(waiting, { ...events.answer_given, question: 'q2' })).toBe('no_question');
    expect(reasonOf(waiting, { ...events.question_expired, question: 'q2' })).toBe('no_question');
  });

  it('are answered once: the second answer and the expiry come too late', () => {
    const answered = apply(inState('waiting', 'none'), events.answer_given);
    expect(reasonOf(answered, events.answer_given)).toBe('no_question');
    expect(reasonOf(answered, events.question_expired)).toBe('no_question');
  });
});

describe('pull requests', () => {
  it('are merged for the commit that was approved, and for no other', () => {
    const open = inState('idle', 'open');
    const other = { ...events.merge_approved, approval: { ...approval, head: sha('b') } };
    expect(reasonOf(open, other)).toBe('older_head');
    expect(pullOf(apply(open, events.merge_approved))).toEqual({ type: 'merging', pull, approval, delay: null });
  });

  it('lose their approval when somebody pushes', () => {
    const moved = apply(inState('idle', 'merging'), events.head_moved);
    expect(pullOf(moved)).toEqual({ type: 'open', pull: { ...pull, head: sha('b') }, refusal: null });
    expect(reasonOf(moved, events.merge_approved)).toBe('older_head');
  });

  it('keep it when the push is the head they already have', () => {
    expect(reasonOf(inState('idle', 'merging'), { ...events.head_moved, head: pull.head })).toBe('duplicate');
  });

  it.each([events.merge_refused, events.merge_delayed])('hear nothing of an older head: $type', (event) => {
    expect(reasonOf(inState('idle', 'merging'), { ...event, head: sha('b') })).toBe('older_head');
  });

  it('say why an approval led to no merge, until the next approval', () => {
    const refusedMerge = apply(inState('idle', 'merging'), events.merge_refused);
    expect(pullOf(refusedMerge)).toMatchObject({ type: 'open', refusal: failure });
    expect(pullOf(apply(refusedMerge, events.merge_approved))).toEqual(pullStates.merging);
  });

  it('say what a merge waits for, and each reason once', () => {
    const delayed = apply(inState('idle', 'merging'), events.merge_delayed);
    expect(pullOf(delayed)).toMatchObject({ type: 'merging', delay: 'A check is pending.' });
    expect(reasonOf(delayed, events.merge_delayed)).toBe('duplicate');
  });

  it('list every head that was up for review: a run’s with its report, a person’s without', () => {
    const changed = {
      ...events.run_finished,
      outcome: { type: 'changed', changes: [{ repository, head: sha('b'), report }], missing: [] },
    } as const;
    const results = apply(
      inState('running', 'open'),
      changed,
      { ...events.head_moved, by: 'run' },
      { ...events.head_moved, head: sha('e') },
    ).parts[0].results;
    expect(results).toEqual([
      { run: 1, head: sha('b'), by: 'run', report },
      { run: 1, head: sha('e'), by: 'person', report: null },
    ]);
  });

  it('can be merged by hand while a run goes on, and the run goes on', () => {
    const merged = apply(inState('running', 'open'), { ...events.pull_request_merged, by: null });
    expect(merged.run.type).toBe('running');
    expect(pullOf(merged)).toMatchObject({ type: 'merged', by: null, commit: sha('d') });
  });

  it('that were closed can be opened again on GitHub, but not replaced by another number', () => {
    const closed = inState('idle', 'closed');
    expect(pullOf(apply(closed, events.pull_request_opened)).type).toBe('open');
    expect(reasonOf(closed, { ...events.pull_request_opened, pull: { ...pull, number: 8 } })).toBe('duplicate');
  });
});

describe('several repositories', () => {
  const elsewhere = { ...pull, head: sha('e') };
  const two = (run: Task['run']) =>
    task({
      ...{ taken: 1, runs: 1, run },
      parts: [
        part({ pull: { ...pullStates.merging } }),
        part({ repository: other, pull: { type: 'open', pull: elsewhere, refusal: null } }),
      ],
    });
  const idle = two(runStates.idle);

  it('have a pull request each: what happens to one leaves the other as it is', () => {
    const [first, second] = idle.parts;
    const pushed = { ...events.head_moved, repository: other, head: sha('f') };
    expect(apply(idle, pushed).parts[0]).toBe(first);
    expect(apply(idle, pushed).parts[1]).toMatchObject({ pull: { type: 'open', pull: { head: sha('f') } } });
    expect(apply(idle, events.pull_request_merged).parts[1]).toBe(second);
  });

  it('are approved one by one: a push voids the approval of its own only', () => {
    const approved = { ...approval, head: sha('e') };
    const both = apply(idle, { ...events.merge_approved, repository: other, approval: approved });
    const moved = apply(both, { ...events.head_moved, repository: other, head: sha('f') });
    expect(moved.parts.map((each) => each.pull.type)).toEqual(['merging', 'open']);
  });

  it('take no event of a repository that is not theirs', () => {
    expect(reasonOf(inState('idle', 'open'), { ...events.head_moved, repository: other })).toBe('no_such_repository');
  });

  it('are prepared together, and forgotten together by the next run', () => {
    const second = { ...checkout, start: sha('3') };
    const checkouts = [
      { repository, checkout },
      { repository: other, checkout: second },
    ];
    const prepared = apply(two(runStates.running), { ...events.checkout_prepared, checkouts });
    expect(prepared.parts).toMatchObject([{ checkout: { start: sha('2') } }, { checkout: { start: sha('3') } }]);
    const again = apply(prepared, events.run_finished, events.message_added, events.run_started);
    expect(again.parts).toMatchObject([{ checkout: null }, { checkout: null }]);
  });

  it('that a run changed get a result each, the first of which names those it left as they were', () => {
    const change = { repository: other, head: sha('b'), report };
    const outcome = { type: 'changed', changes: [change], missing: [] } as const;
    const { parts } = apply(two(runStates.running), { ...events.run_finished, outcome });
    expect(parts[0].results).toEqual([]);
    expect(parts[1]?.results).toEqual([{ run: 1, head: sha('b'), by: 'run', report, unchanged: [repository] }]);
  });

  it('that a run could not bring out are not said to be unchanged', () => {
    const missing = [{ repository, problem: failure, kept: null }];
    const outcome = { type: 'changed', changes: [{ repository: other, head: sha('b'), report }], missing } as const;
    const { parts } = apply(two(runStates.running), { ...events.run_finished, outcome });
    expect(parts[1]?.results).toEqual([{ run: 1, head: sha('b'), by: 'run', report }]);
  });
});

it('changes nothing of the task it was given', () => {
  const from = Object.freeze({ ...inState('running', 'open'), spec: Object.freeze([message(1)]) });
  for (const event of Object.values(events)) expect(() => transition(from, event)).not.toThrow();
});

describe('a draft', () => {
  const drafted = task({ pull: { ...pullStates.merging, pull: { ...pull, draft: 'draft' } } });

  it('that is marked ready is one no more, and its approval stands', () => {
    expect(apply(drafted, events.pull_request_ready).parts[0].pull).toEqual(pullStates.merging);
  });

  it('is marked once', () => {
    expect(reasonOf(apply(drafted, events.pull_request_ready), events.pull_request_ready)).toBe('duplicate');
  });
});

describe('hosts that a run was refused', () => {
  const blocked = apply(inState('running', 'none'), events.hosts_blocked);

  it('are kept once, with the run that met them first', () => {
    expect(blocked.blocked).toEqual([{ host: 'docs.example', allowable: true, run: 1 }]);
    expect(reasonOf(blocked, events.hosts_blocked)).toBe('duplicate');
  });

  it('are kept up to a number that a person could read', () => {
    const hosts = Array.from({ length: 80 }, (_, n) => ({ host: `h${n}.example`, allowable: true }));
    expect(apply(inState('running', 'none'), { ...events.hosts_blocked, hosts }).blocked).toHaveLength(maxBlocked);
  });

  it('can be allowed by their name, once, in every state of the run', () => {
    const allowed = apply(blocked, events.host_allowed);
    expect(allowed.allowed).toEqual([{ host: 'docs.example', by: alice, byName: 'Alice', runs: 1 }]);
    expect(reasonOf(allowed, events.host_allowed)).toBe('duplicate');
    expect(reasonOf(apply(blocked, events.run_finished), events.host_allowed)).toBe('applied');
  });

  it('can be closed again, and then allowed by somebody else', () => {
    const closed = apply(apply(blocked, events.host_allowed), events.hosts_closed);
    expect(closed.allowed).toMatchObject([{ by: alice, until: 1 }]);
    expect(reasonOf(closed, events.hosts_closed)).toBe('duplicate');
    expect(apply(closed, events.host_allowed).allowed).toMatchObject([{ until: 1 }, { runs: 1 }]);
  });

  it('are told again once somebody is named who could allow them', () => {
    const nobody = { ...events.hosts_blocked, approvable: false };
    const told = apply(inState('running', 'none'), nobody);
    expect(told.blocked).toMatchObject([{ host: 'docs.example', approvable: false }]);
    expect(reasonOf(told, nobody)).toBe('duplicate');
    expect(apply(told, events.hosts_blocked).blocked).toEqual(blocked.blocked);
  });

  it('can’t be allowed where the list was not what was in the way', () => {
    const hosts = [{ host: 'docs.example', allowable: false }];
    expect(reasonOf(apply(inState('running', 'none'), { ...events.hosts_blocked, hosts }), events.host_allowed)).toBe(
      'not_blocked',
    );
  });
});
