import { expect, test } from 'vitest';
import { merge } from '../../src/app/merge.ts';
import { part, pullStates } from '../task/example.ts';
import { problem, World } from './world.ts';

const { signal } = new AbortController();

test('what a merged task kept here is cleared away at the next try, where the broker died meanwhile', async () => {
  const world = new World();
  const task = world.has({ run: { type: 'idle', outcome: null }, parts: [part({ pull: pullStates.merging })] });
  const removed: string[] = [];
  let away = true;
  world.sandbox.remove = async (id) => {
    if (away) throw problem('broker_down', { retry: true });
    removed.push(id);
  };
  await expect(merge(world.worker, task.id, signal)).rejects.toThrow();
  expect(world.look(task).parts[0].pull.type).toBe('merged');
  away = false;
  await merge(world.worker, task.id, signal);
  expect(removed).toEqual([task.id]);
});
