import type { Failure, Shortfall, Task } from '../task/task.ts';

/** What went wrong in some of a task's repositories, as one failure; each sentence names its own where the task has several. */
export function together(task: Task, shortfalls: readonly Pick<Shortfall, 'repository' | 'problem'>[]): Failure {
  const [first] = shortfalls;
  if (first === undefined) throw new Error('Nothing went wrong');
  if (task.parts.length === 1) return first.problem;
  const sentence = shortfalls.map(({ repository, problem }) => `${repository}: ${problem.sentence}`).join(' ');
  return { ...first.problem, sentence };
}
