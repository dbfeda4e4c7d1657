import type { TaskEvent } from '../task/events.ts';
import type { TaskId } from '../task/ids.ts';
import type { WorkerDeps } from './deps.ts';

/**
 * Brings a task up to date with its pull request on GitHub: a person may have pushed, merged or closed it there. Throws
 * `Problem` when GitHub does not answer.
 */
export async function watchPull(deps: WorkerDeps, id: TaskId): Promise<void> {
  const task = await deps.store.find(id);
  if (task?.pull.type !== 'open' && task?.pull.type !== 'merging') return;
  const seen = await deps.forge.findPull(task.repository, task.pull.pull.number);
  const at = deps.clock.now();
  const tell = (event: TaskEvent) => deps.store.apply(id, event);
  // While a run is at work a new head may be our own push; the run tells that one itself.
  const idle = task.run.type === 'idle';
  if (seen.head !== task.pull.pull.head && idle) await tell({ type: 'head_moved', head: seen.head, by: 'person', at });
  if (!seen.isDraft && task.pull.pull.draft === 'draft') await tell({ type: 'pull_request_ready', at });
  if (seen.state === 'merged' && seen.commit !== null) {
    const by = task.pull.type === 'merging' && seen.head === task.pull.pull.head ? task.pull.approval.by : null;
    await tell({ type: 'pull_request_merged', commit: seen.commit, by, at });
  }
  if (seen.state === 'closed') await tell({ type: 'pull_request_closed', at });
}
