import { type TaskId, toRunId } from '../task/ids.ts';
import { type PreparedPart, preparedParts } from '../task/parts.ts';
import { Problem } from '../task/problem.ts';
import type { Task } from '../task/task.ts';
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
  const left = parts.filter(({ repository }) => !outcome.kept.some((kept) => kept.repository === repository));
  const run = toRunId(id, task.runs);
  if (left.length === 0 || (await deps.sandbox.state(run)).type === 'absent') return;
  await deps.sandbox.stop(run, 0);
  for (const part of left) await keepPart(deps, task, part);
}

async function keepPart(deps: WorkerDeps, task: Task, part: PreparedPart): Promise<void> {
  const run = toRunId(task.id, task.runs);
  try {
    const { imported } = await takeOut(deps, task, run, part);
    if (imported === null) return;
    const kept = { repository: part.repository, head: imported.head };
    await pushWork(deps, task, part, kept.head);
    await deps.store.apply(task.id, { type: 'work_kept', run, ...kept, at: deps.clock.now() });
    await moveHead(deps, task, kept, 'kept');
  } catch (error) {
    if (!(error instanceof Problem) || (error.retry && error.failure.code !== 'branch_moved')) throw error;
    // Stopped before there was a checkout, with one that the agent broke, or where it may not be pushed: nothing to keep.
    deps.log.warn({ task: task.id, run, repository: part.repository, err: error }, 'Nothing was kept');
  }
}
