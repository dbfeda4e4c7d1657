import { type TaskId, toRunId } from '../task/ids.ts';
import { type PreparedPart, preparedParts } from '../task/parts.ts';
import { Problem } from '../task/problem.ts';
import type { Head, Task } from '../task/task.ts';
import type { WorkerDeps } from './deps.ts';
import { moveHead, pushWork } from './push-work.ts';
import { takeOut } from './take-out.ts';

/**
 * After a stop: whatever the agent had done goes to the branch, without a pull request being made for it. Safe to repeat, and
 * nothing when the run left no container or was kept before.
 */
export async function keepWork(deps: WorkerDeps, id: TaskId): Promise<void> {
  const task = await deps.store.find(id);
  const outcome = task?.run.type === 'idle' ? task.run.outcome : null;
  const parts = task === undefined ? null : preparedParts(task);
  if (task === undefined || outcome?.type !== 'stopped' || parts === null) return;
  if (outcome.kept.length > 0) return;
  const run = toRunId(id, task.runs);
  if ((await deps.sandbox.state(run)).type === 'absent') return;
  await deps.sandbox.stop(run, 0);
  const kept: Head[] = [];
  for (const part of parts) kept.push(...(await keepPart(deps, task, part)));
  if (kept.length === 0) return;
  // All at once: whoever reads of it may have it go on from there.
  await deps.store.apply(id, { type: 'work_kept', run, kept, at: deps.clock.now() });
  for (const head of kept) await moveHead(deps, task, head, 'kept');
}

async function keepPart(deps: WorkerDeps, task: Task, part: PreparedPart): Promise<readonly Head[]> {
  const { repository } = part;
  const run = toRunId(task.id, task.runs);
  try {
    const { imported } = await takeOut(deps, task, run, part);
    if (imported === null) return [];
    if (imported.secrets.count > 0) {
      const { findings } = imported.secrets;
      deps.log.warn(
        { task: task.id, run, repository, findings },
        'Nothing was kept: it holds what looks like a secret',
      );
      return [];
    }
    await pushWork(deps, task, { ...part, remote: part.checkout.remote }, imported.head);
    return [{ repository, head: imported.head }];
  } catch (error) {
    if (!(error instanceof Problem) || (error.retry && error.failure.code !== 'branch_moved')) throw error;
    // Stopped before there was a checkout, with one that the agent broke, or where it may not be pushed: nothing to keep.
    deps.log.warn({ task: task.id, run, repository, err: error }, 'Nothing was kept');
    return [];
  }
}
