import { isHeld } from '../task/hold.ts';
import { isUnderReview } from '../task/parts.ts';
import type { Task } from '../task/task.ts';

/** Whose it is, and whether it waits; '' for a task that neither waits nor runs. */
export function formatOpen({ requester, run }: Task): string {
  return run.type === 'idle' ? '' : `${requester} ${run.type}`;
}

/** Whether a task needs nobody any more. */
export function isSettled(task: Task): boolean {
  return task.run.type === 'idle' && !task.parts.some((part) => isUnderReview(part.pull) || isHeld(part));
}
