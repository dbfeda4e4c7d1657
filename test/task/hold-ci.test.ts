import { describe, expect, it } from 'vitest';
import type { PullEvent } from '../../src/task/events.ts';
import type { Ci, Task } from '../../src/task/task.ts';
import { transition } from '../../src/task/transition.ts';
import {
  approval,
  bob,
  engine,
  failure,
  pull,
  pullStates,
  report,
  repository,
  run,
  runId,
  sha,
  task,
} from './example.ts';

const at = 1_000;
const held = { type: 'held', target: false } as const;

function standing(ci: Ci): Task {
  const results = [{ run: 1, head: pull.head, by: 'run', report, unchanged: [], ci } as const];
  return task({ pull: pullStates.open, results, run: { type: 'idle', outcome: null } });
}

const requested = { at, type: 'ci_requested', repository, head: pull.head, by: bob } as const;
const released = { at, type: 'ci_released', repository, from: pull.head, head: sha('b') } as const;

function apply(from: Task, ...events: readonly PullEvent[]): Task {
  return events.reduce((current, event) => {
    const moved = transition(current, event);
    if (!moved.applied) throw new Error(`${event.type} was refused: ${moved.reason}`);
    return moved.task;
  }, from);
}

function reasonOf(from: Task, event: PullEvent): string {
  const moved = transition(from, event);
  return moved.applied ? 'applied' : moved.reason;
}

describe('a head whose workflows are held', () => {
  it('can’t be approved, not even while they are being started', () => {
    const approved = { at, type: 'merge_approved', repository, approval } as const;
    expect(reasonOf(standing(held), approved)).toBe('ci_held');
    expect(reasonOf(apply(standing(held), requested), approved)).toBe('ci_held');
  });

  it('is replaced by the same tree without the mark, with what was measured of it, and an approval of its own', () => {
    const [part] = apply(standing(held), requested, released).parts;
    expect(part.pull).toEqual({ type: 'open', pull: { ...pull, head: sha('b') }, refusal: null });
    expect(part.results.at(-1)).toEqual({
      ...{ run: 1, head: sha('b'), by: 'run', report },
      ci: { type: 'released', from: pull.head, by: bob },
    });
    const approved = { at, type: 'merge_approved', repository, approval: { ...approval, head: sha('b') } } as const;
    expect(reasonOf(apply(standing(held), requested, released), approved)).toBe('applied');
  });

  it('is released once, and only on somebody’s word', () => {
    expect(reasonOf(standing(held), released)).toBe('ci_not_held');
    expect(reasonOf(apply(standing(held), requested), requested)).toBe('duplicate');
    expect(reasonOf(apply(standing(held), requested, released), released)).toBe('ci_not_held');
    expect(reasonOf(apply(standing(held), requested, released), requested)).toBe('older_head');
  });

  it('says what its release waits for, and why it failed, and can be released again then', () => {
    const delayed = { at, type: 'ci_delayed', repository, head: pull.head, reason: 'GitHub is away.' } as const;
    const refused = { at, type: 'ci_refused', repository, head: pull.head, problem: failure } as const;
    const waiting = apply(standing(held), requested, delayed);
    expect(waiting.parts[0].pull).toMatchObject({ release: { by: bob, delay: 'GitHub is away.' } });
    expect(reasonOf(waiting, delayed)).toBe('duplicate');
    const failed = apply(waiting, refused);
    expect(failed.parts[0].pull).toEqual({ type: 'open', pull, refusal: failure });
    expect(reasonOf(failed, requested)).toBe('applied');
  });

  it('is run on before another run begins, or not at all', () => {
    const start = { at, type: 'run_started', run: runId(1), number: 1, engine } as const;
    const retried = transition(apply(standing(held), requested), { at, type: 'retried', by: bob });
    const waiting = retried.applied ? retried.task : standing(held);
    const reasonToWait = transition(waiting, start);
    expect(reasonToWait).toEqual({ applied: false, reason: 'being_pushed' });
    const refused = { at, type: 'ci_refused', repository, head: pull.head, problem: failure } as const;
    for (const then of [released, refused]) expect(transition(apply(waiting, then), start).applied).toBe(true);
  });

  it('is forgotten when a person pushes, and nothing is released for what was held', () => {
    const pushed = { at, type: 'head_moved', repository, head: sha('d'), by: 'person' } as const;
    const moved = apply(standing(held), requested, pushed);
    expect(moved.parts[0].results.at(-1)).not.toHaveProperty('ci');
    expect(reasonOf(moved, released)).toBe('ci_not_held');
    expect(reasonOf(moved, { ...requested, head: sha('d') })).toBe('ci_not_held');
  });
});

it('a head that runs at once has nothing to release', () => {
  expect(reasonOf(standing({ type: 'unheld', target: true }), requested)).toBe('ci_not_held');
});

it.each([
  [sha('b'), { held: true, startHeld: false, target: true }, { type: 'held', target: true }],
  [sha('b'), { held: false, startHeld: true, target: false }, { type: 'unheld', target: false }],
  [sha('0'), { held: false, startHeld: true, target: false }, { type: 'held', target: false }],
  [sha('0'), { held: true, startHeld: false, target: false }, { type: 'unheld', target: false }],
  [sha('b'), undefined, undefined],
])('what a run brings up at %s with %j is %j', (head, ci, expected) => {
  const checkout = {
    ...{ at: 1, baseBranch: task().branch, base: sha('0'), start: sha('0'), remote: null },
    ...{ checks: [], allow: [], repositories: [], ...(ci && { ci }) },
  };
  const running = task({ checkout, pull: pullStates.open, run: { type: 'running', run: run() } });
  const outcome = { type: 'changed', changes: [{ repository, head, report }], missing: [] } as const;
  const moved = transition(running, { at, type: 'run_finished', run: runId(1), outcome });
  expect(moved.applied && moved.task.parts[0].results.at(-1)?.ci).toEqual(expected);
});
