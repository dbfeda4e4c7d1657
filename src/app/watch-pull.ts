import type { TaskEvent } from '../task/events.ts';
import type { RepositoryName, TaskId } from '../task/ids.ts';
import { isUnderReview, partIn } from '../task/parts.ts';
import type { WorkerDeps } from './deps.ts';

/**
 * Brings a task up to date with its pull requests on GitHub: a person may have pushed, merged or closed them there. Throws
 * `Problem` when GitHub does not answer.
 */
export async function watchPulls(deps: WorkerDeps, id: TaskId): Promise<void> {
  const task = await deps.store.find(id);
  for (const { repository } of task?.parts ?? []) await watchPull(deps, id, repository);
}

/** The same for the pull request in one of its repositories. */
export async function watchPull(deps: WorkerDeps, id: TaskId, repository: RepositoryName): Promise<void> {
  const task = await deps.store.find(id);
  const pull = task && partIn(task, repository)?.pull;
  if (task === undefined || pull === undefined || !isUnderReview(pull)) return;
  const seen = await deps.forge.findPull(repository, pull.pull.number);
  const at = deps.clock.now();
  const tell = (event: TaskEvent) => deps.store.apply(id, event);
  // While a run is at work a new head may be our own push; the run tells that one itself.
  const idle = task.run.type === 'idle';
  if (seen.head !== pull.pull.head && idle) {
    await tell({ type: 'head_moved', repository, head: seen.head, by: 'person', at });
  }
  if (!seen.isDraft && pull.pull.draft === 'draft') await tell({ type: 'pull_request_ready', repository, at });
  if (seen.state === 'merged' && seen.commit !== null) {
    const by = pull.type === 'merging' && seen.head === pull.pull.head ? pull.approval.by : null;
    await tell({ type: 'pull_request_merged', repository, commit: seen.commit, by, at });
  }
  if (seen.state === 'closed') await tell({ type: 'pull_request_closed', repository, at });
}
