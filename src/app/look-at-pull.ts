import { type BranchName, parseTaskId, type TaskId } from '../task/ids.ts';
import { isUnderReview } from '../task/parts.ts';
import type { Hint } from '../task/ports/forge.ts';
import type { BotDeps } from './deps.ts';

/**
 * Wakes whoever looks at the pull requests that a hint of GitHub's is about, and a merge that waits for GitHub. The hint changes nothing
 * by itself. Throws `Problem` where the queue doesn't take it.
 */
export async function lookAtPull({ store, queue }: Pick<BotDeps, 'store' | 'queue'>, hint: Hint): Promise<void> {
  const name = hint.repository.toLowerCase();
  for (const branch of new Set(hint.branches)) {
    const id = taskOf(branch);
    const task = id && (await store.find(id));
    if (task === undefined || task.branch !== branch) continue;
    const part = task.parts.find(({ repository }) => repository.toLowerCase() === name);
    if (part === undefined || !isUnderReview(part.pull)) continue;
    if (part.pull.type === 'merging') await queue.wake({ type: 'merge', task: task.id });
    else if (hint.of === 'pull') await queue.wake({ type: 'pull', task: task.id });
  }
}

/** The task whose branch this is by its name. */
function taskOf(branch: BranchName): TaskId | undefined {
  const [, id = ''] = /^errand\/(t[0-9a-z]{6})(?:-|$)/.exec(branch) ?? [];
  return parseTaskId(id);
}
