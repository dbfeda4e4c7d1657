import type { TaskEvent } from '../task/events.ts';
import type { RepositoryName, TaskId } from '../task/ids.ts';
import { isUnderReview, partIn } from '../task/parts.ts';
import { Problem } from '../task/problem.ts';
import type { Part } from '../task/task.ts';
import type { WorkerDeps } from './deps.ts';

/**
 * Brings a task up to date with its pull requests on GitHub: a person may have pushed, merged or closed them there. One that
 * can't be looked at hides none of the others; its `Problem` is thrown after them, or at once where they would meet the same.
 */
export async function watchPulls(
  deps: WorkerDeps,
  id: TaskId,
  concerns: (part: Part) => boolean = () => true,
): Promise<void> {
  const task = await deps.store.find(id);
  let unseen: Problem | null = null;
  for (const part of task?.parts ?? []) {
    if (!concerns(part)) continue;
    try {
      await watchPull(deps, id, part.repository);
    } catch (error) {
      if (!(error instanceof Problem) || holdsAllUp(error)) throw error;
      unseen ??= error;
    }
  }
  if (unseen !== null) throw unseen;
}

/** Whether whatever comes next would fail alike: GitHub's limit is reached, or Redis is away. */
export function holdsAllUp({ retryAt, failure }: Problem): boolean {
  return retryAt !== null || ['redis_down', 'redis_full'].includes(failure.code);
}

/** The same for the pull request in one of its repositories. Throws `Problem` when GitHub does not answer. */
export async function watchPull(deps: WorkerDeps, id: TaskId, repository: RepositoryName): Promise<void> {
  const task = await deps.store.find(id);
  const pull = task && partIn(task, repository)?.pull;
  if (task === undefined || pull === undefined || !isUnderReview(pull)) return;
  const seen = await deps.forge.findPull(repository, pull.pull.number);
  const at = deps.clock.now();
  const tell = (event: TaskEvent) => deps.store.apply(id, event);
  // While a run is at work, CI is being released or held work is being pushed, a new head may be our own: whoever pushes tells that one.
  const idle = task.run.type === 'idle' && !(pull.type === 'open' && pull.release !== undefined);
  const isOurs = partIn(task, repository)?.hold?.head === seen.head;
  if (seen.head !== pull.pull.head && idle && !isOurs) {
    await tell({ type: 'head_moved', repository, head: seen.head, by: 'person', at });
  }
  if (!seen.isDraft && pull.pull.draft === 'draft') await tell({ type: 'pull_request_ready', repository, at });
  if (seen.state === 'merged' && seen.commit !== null) {
    const by = pull.type === 'merging' && seen.head === pull.pull.head ? pull.approval.by : null;
    await tell({ type: 'pull_request_merged', repository, commit: seen.commit, by, at });
  }
  if (seen.state === 'closed') await tell({ type: 'pull_request_closed', repository, at });
}
