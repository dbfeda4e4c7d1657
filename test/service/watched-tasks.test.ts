import { expect, test, vi } from 'vitest';
import { watchedTasks } from '../../src/service/watched-tasks.ts';
import type { TaskEvent } from '../../src/task/events.ts';
import { transition } from '../../src/task/transition.ts';
import { World } from '../app/world.ts';
import { engine, runId, task as toTask } from '../task/example.ts';

/** A store that loses as many races as it is told, narrating each try as the real one does. */
function storing(watcher: Parameters<typeof watchedTasks>[1], races = 0) {
  const world = new World();
  const onError = vi.fn();
  const watched = watchedTasks(() => [], watcher, onError);
  const tasks = watched.watch({
    ...world.store,
    async apply(id, event, options) {
      const before = world.tasks.get(id);
      for (let race = 0; race < races; race += 1) {
        const tried = before === undefined ? undefined : transition(before, event);
        if (tried?.applied && before !== undefined) watched.narrate(tried.task, event, before);
      }
      const applied = await world.store.apply(id, event, options);
      if (applied.type === 'applied' && before !== undefined) watched.narrate(applied.task, event, before);
      return applied;
    },
  });
  return { world, tasks, onError };
}

const started: TaskEvent = { type: 'run_started', run: runId(1), number: 1, engine, at: 5 };

test('a change is told once, after it was stored, with the task before and after it', async () => {
  const told = vi.fn();
  const { world, tasks } = storing(told, 3);
  const task = world.has();
  await tasks.apply(task.id, started);
  expect(told.mock.calls).toEqual([[started, task, world.look(task)]]);
});

test('a change that is refused is none', async () => {
  const told = vi.fn();
  const { world, tasks } = storing(told);
  const { id } = world.has();
  await tasks.apply(id, started, { epoch: 99 });
  expect(told).not.toHaveBeenCalled();
});

test('a request that comes twice makes one task', async () => {
  const told = vi.fn();
  const { tasks } = storing(told);
  const task = toTask();
  await tasks.create(task, []);
  await tasks.create(task, []);
  expect(told.mock.calls.map(([event]) => event.type)).toEqual(['task_created']);
});

test('a watcher that throws keeps no change from being made', async () => {
  const { world, tasks, onError } = storing(() => {
    throw new Error('broken');
  });
  const { id } = world.has();
  expect(await tasks.apply(id, started)).toMatchObject({ type: 'applied' });
  expect(onError).toHaveBeenCalledOnce();
});
