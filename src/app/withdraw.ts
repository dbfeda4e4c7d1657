import type { TaskId, UserId } from '../task/ids.ts';
import type { Head } from '../task/task.ts';
import type { BotDeps } from './deps.ts';

/** Ends a merge that still waits for something: whoever approved it does no more. */
export async function withdraw(
  deps: Pick<BotDeps, 'store' | 'clock'>,
  id: TaskId,
  { repository, head }: Head,
  by: UserId,
): Promise<void> {
  const problem = {
    code: 'withdrawn',
    sentence: `<@${by}> took the approval back.`,
    next: 'React again to approve.',
  };
  await deps.store.apply(id, { type: 'merge_refused', repository, head, problem, at: deps.clock.now() });
}
