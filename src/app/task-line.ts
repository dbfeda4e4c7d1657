import type { PartLine, TaskLine } from '../task/said.ts';
import type { Part, Task } from '../task/task.ts';

/** What of a task its messages show. */
export function toLine(task: Task): TaskLine {
  const { id, title, branch, agent, requester } = task;
  const [first, ...others] = task.parts;
  return { id, title, parts: [toPartLine(first), ...others.map(toPartLine)], branch, agent, requester };
}

/** One of its repositories, and where its pull request goes. */
export function toPartLine({ repository, base }: Part): PartLine {
  return { repository, base };
}
