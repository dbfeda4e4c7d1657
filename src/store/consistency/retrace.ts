import { isDeepStrictEqual } from 'node:util';
import type { TaskEvent } from '../../task/events.ts';
import { noSpending } from '../../task/spending.ts';
import type { Part, RunState, Task } from '../../task/task.ts';
import { transition } from '../../task/transition.ts';
import { formatTask, parseTask } from '../schema.ts';

/**
 * Why the events of a task don't lead to it; undefined where they do. They have to be all of them, oldest first. What a task was made
 * with is taken from what it is, as far as no event changes that; what no stored event says (progress, spending, its place among those who wait) is left out.
 */
export function wrongTurn(task: Task, events: readonly TaskEvent[]): string | undefined {
  let moved = beginning(task, events);
  for (const [index, event] of events.entries()) {
    if (event.type === 'task_created' && index === 0) continue;
    const step = transition(moved, event);
    if (!step.applied) return `its event ${index + 1} (${event.type}) does not apply: ${step.reason}`;
    moved = step.task;
  }
  const [now, then] = [comparable(task), comparable(moved)];
  const names = new Set([...Object.keys(now), ...Object.keys(then)]);
  const other = [...names].filter((name) => !isDeepStrictEqual(now[name], then[name]));
  return other.length === 0 ? undefined : `its events lead to another ${other.join(', ')}`;
}

function beginning(task: Task, events: readonly TaskEvent[]): Task {
  const added = new Set(events.flatMap((event) => (event.type === 'message_added' ? event.message.key : [])));
  const [first, ...others] = task.parts;
  const { blocked: _, allowed: __, home: ___, ...rest } = task;
  return {
    ...rest,
    parts: [untouched(first), ...others.map(untouched)],
    spec: task.spec.filter(({ key }) => !added.has(key)),
    taken: 0,
    run: { type: 'queued', since: task.createdAt, reason: null },
    spending: noSpending,
    runs: 0,
    attempt: 0,
    epoch: 0,
    session: null,
  };
}

function untouched({ repository, repositoryId, touched, base }: Part): Part {
  return {
    ...{ repository, base, checkout: null, pull: { type: 'none' }, results: [] },
    ...(repositoryId !== undefined && { repositoryId }),
    ...(touched && { touched }),
  };
}

/** As it comes back from the store, so that what a schema adds is in both. */
function comparable(task: Task): Record<string, unknown> {
  return { ...parseTask(formatTask({ ...task, spending: noSpending, run: lasting(task.run, task) })) };
}

function lasting(state: RunState, task: Task): RunState {
  if (state.type === 'queued') {
    const { turn: _, notBefore: __, ...rest } = state;
    // When it was first queued is a moment after it was made.
    return task.runs === 0 ? { ...rest, since: task.createdAt } : rest;
  }
  if (state.type !== 'running' && state.type !== 'waiting') return state;
  return { ...state, run: { ...state.run, progress: { steps: [], activity: null } } };
}
