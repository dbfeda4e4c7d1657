import { expect, it } from 'vitest';
import { wrongTurn } from '../../src/store/consistency/retrace.ts';
import type { TaskEvent } from '../../src/task/events.ts';
import type { Task } from '../../src/task/task.ts';
import { currentRun, transition } from '../../src/task/transition.ts';
import * as example from '../task/example.ts';

const { repository, pull, report, alice, bob } = example;
const unstored: ReadonlySet<TaskEvent['type']> = new Set(['progressed', 'metered', 'time_passed']);

/** Everything that may happen to a task that stands like this, whether it applies or not. */
function chances(task: Task, step: number): TaskEvent[] {
  const at = 1_000 + step;
  const run = currentRun(task.run)?.id ?? example.runId(Math.max(1, task.runs));
  const head = example.sha('0123456789abcdef'[step % 16] ?? 'a');
  const progress = { steps: [], activity: `Step ${step}` };
  const metered = { meter: `m${task.runs}`, inputTokens: step, outputTokens: step, usd: step, usdAtMost: step };
  const checkout = {
    ...{ at, baseBranch: task.parts[0].base ?? task.branch, base: head, start: head, remote: null },
    ...{ checks: [], repositories: ['/mirror'] },
  };
  const changed = { type: 'changed', changes: [{ repository, head, report }], missing: [] } as const;
  return [
    { at, type: 'message_added', message: example.message(step) },
    { at, type: 'run_started', run: example.runId(task.runs + 1), number: task.runs + 1, engine: example.engine },
    { at, type: 'metered', run, metered, durationMs: step },
    { at, type: 'checkout_prepared', run, checkouts: [{ repository, checkout: { ...checkout, allow: null } }] },
    { at, type: 'messages_taken', run, taken: task.spec.length },
    { at, type: 'session_opened', run, session: `s${step}` },
    { at, type: 'progressed', run, progress },
    { at, type: 'question_asked', run, question: { ...example.question, id: `q${step}` } },
    { at, type: 'question_expired', run, question: task.run.type === 'waiting' ? task.run.question.id : '' },
    { at, type: 'run_finished', run, outcome: changed },
    { at, type: 'run_failed', run: currentRun(task.run)?.id ?? null, problem: example.failure, retry: step % 2 === 0 },
    { at, type: 'run_delayed', reason: `Because of ${step}` },
    { at, type: 'retried', by: alice },
    { at, type: 'stopped', by: alice },
    { at, type: 'hosts_blocked', run, hosts: [{ host: `h${step}.example`, allowable: true }] },
    { at, type: 'host_allowed', host: task.blocked?.[0]?.host ?? '', by: bob, byName: 'Bob' },
    { at, type: 'pull_request_opened', repository, pull: { ...pull, head } },
    { at, type: 'head_moved', repository, head, by: 'person' },
    { at, type: 'merge_approved', repository, approval: { ...example.approval, head: headOf(task) } },
    { at, type: 'merge_delayed', repository, head: headOf(task), reason: `Because of ${step}` },
    { at, type: 'merge_refused', repository, head: headOf(task), problem: example.failure },
    { at, type: 'pull_request_closed', repository },
    { at, type: 'time_passed' },
  ];
}

function headOf({ parts: [{ pull: state }] }: Task) {
  return state.type === 'none' ? example.sha('a') : state.pull.head;
}

/** What the store would keep of a life that chance gave a task. */
function live(seed: number): { task: Task; events: TaskEvent[] } {
  let state = seed;
  const next = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * below);
  };
  let task = example.task({ createdAt: 900, run: { type: 'queued', since: 901, reason: null } });
  const events: TaskEvent[] = [{ at: 900, type: 'task_created' }];
  for (let step = 2; step < 60; step += 1) {
    const all = chances(task, step);
    const event = all[next(all.length)];
    const moved = event && transition(task, event);
    if (!event || !moved?.applied) continue;
    task = moved.task;
    if (!unstored.has(event.type)) events.push(event);
  }
  return { task, events };
}

const lives = Array.from({ length: 200 }, (_, index) => live(index * 7_919 + 1));

it('leads from the events of any task to that task', () => {
  expect(lives.flatMap(({ task, events }) => wrongTurn(task, events) ?? [])).toEqual([]);
});

it('tells when an event is missing, twice there, or in another place', () => {
  const { task, events } = lives.find(({ events: all }) => all.some(({ type }) => type === 'run_started')) ?? live(1);
  const at = events.findIndex(({ type }) => type === 'run_started');
  const started = events[at];
  if (started === undefined) throw new Error('no run was started');
  expect(wrongTurn(task, events.toSpliced(at, 1))).toBeDefined();
  expect(wrongTurn(task, events.toSpliced(at, 0, started))).toContain('does not apply: not_queued');
  expect(wrongTurn(task, [...events, { at: 9_999, type: 'run_delayed', reason: 'Late' }])).toBeDefined();
});

it('tells what of a task is not as its events left it', () => {
  const { task, events } = live(3);
  expect(wrongTurn({ ...task, epoch: task.epoch + 1 }, events)).toBe('its events lead to another epoch');
  expect(wrongTurn({ ...task, session: 'elsewhere' }, events)).toBe('its events lead to another session');
});
