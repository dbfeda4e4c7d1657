import type { Sha } from '../task/ids.ts';
import type { PreparedPart } from '../task/parts.ts';
import { Problem } from '../task/problem.ts';
import type { Part, Task } from '../task/task.ts';
import type { WorkerDeps } from './deps.ts';
import { holdToRepository } from './same-repository.ts';

const pushDeadlineMs = 120_000;

/** Pushes a part's new head to the task's branch, over nobody else's. Throws `Problem`; one that was pushed before is fine. */
export async function pushWork(
  deps: WorkerDeps,
  task: Task,
  part: Pick<Part, 'repository' | 'repositoryId'> & { readonly index: number; readonly remote: Sha | null },
  head: Sha,
): Promise<void> {
  const { repository, index, remote } = part;
  await holdToRepository(deps, part);
  const pushed = await deps.repositories.push({
    task: task.id,
    part: index,
    repository,
    branch: task.branch,
    head,
    remote,
    signal: AbortSignal.timeout(pushDeadlineMs),
  });
  if (pushed !== 'moved') return;
  const where = task.parts.length === 1 ? task.branch : `${task.branch} of ${repository}`;
  throw new Problem(
    {
      code: 'branch_moved',
      sentence: `Somebody pushed to ${where} while the agent worked, so its work was not pushed over theirs.`,
      next: 'Nothing to do: Errand runs the task again on top of it.',
    },
    { retry: true },
  );
}

/** The task's pull request stands at a new head, which voids an approval. */
export async function moveHead(
  deps: WorkerDeps,
  task: Task,
  { repository, head }: { repository: PreparedPart['repository']; head: Sha },
  by: 'run' | 'kept',
): Promise<void> {
  await deps.store.apply(task.id, { type: 'head_moved', repository, head, by, at: deps.clock.now() });
}
