import { expect, test } from 'vitest';
import { formatTask, parseTask } from '../../src/store/schema.ts';
import type { Task } from '../../src/task/task.ts';
import { part, task as toTask } from '../task/example.ts';

/** As an Errand wrote it that recorded no repository's number. */
function byOlder(task: Task): string {
  return JSON.stringify({ schema: 2, task });
}

test('a task that an older Errand ran may have a branch of its own, and keeps that', () => {
  const task = parseTask(byOlder(toTask({ runs: 1 })));
  expect(task.parts[0].touched).toBe(true);
  expect(parseTask(formatTask(task)).parts[0].touched).toBe(true);
});

test('one that it never ran has none, nor has one that this Errand ran', () => {
  expect(parseTask(byOlder(toTask({ runs: 0 }))).parts[0]).not.toHaveProperty('touched');
  expect(parseTask(formatTask(toTask({ runs: 1 }))).parts[0]).not.toHaveProperty('touched');
});

test('where the repository’s number is known, nothing more is said', () => {
  const task = toTask({ runs: 1, parts: [part({ repositoryId: 7 })] });
  expect(parseTask(byOlder(task)).parts[0]).not.toHaveProperty('touched');
});
