import type { RunId } from '../task/ids.ts';
import type { PreparedPart } from '../task/parts.ts';
import type { Imported } from '../task/ports/repositories.ts';
import { Problem } from '../task/problem.ts';
import type { Failure, Task } from '../task/task.ts';
import type { WorkerDeps } from './deps.ts';
import { toCommitMessage } from './pull-request-words.ts';

/** The largest bundle that may leave a sandbox. */
const bundleCapBytes = 200 * 1024 * 1024;

/** What a run left in one of its checkouts: a commit of ours, nothing, or why it may not leave. */
export interface Work {
  readonly part: PreparedPart;
  /** It may hold what looks like a secret, and must not be pushed then. */
  readonly imported: Imported | null;
  readonly refused: Failure | null;
}

/** Takes the work of a stopped container out of one checkout: checked and re-committed, in the part's own repository. */
export async function takeOut(deps: WorkerDeps, task: Task, run: RunId, part: PreparedPart): Promise<Work> {
  const { folder, checkout, index } = part;
  const { start, base, at } = checkout;
  const bundle = await deps.sandbox.export(run, { folder, start }, bundleCapBytes);
  if (bundle === null) return { part, imported: null, refused: null };
  try {
    const imported = await deps.repositories.import({
      task: task.id,
      part: index,
      repository: part.repository,
      run,
      bundle,
      start,
      base,
      heedIgnore: checkout.heedIgnore ?? false,
      words: {
        message: toCommitMessage(task, run),
        at,
        coAuthor: await deps.author(task),
        holdCi: checkout.ci?.held ?? false,
      },
    });
    return { part, imported, refused: null };
  } catch (error) {
    if (error instanceof Problem && !error.retry) return { part, imported: null, refused: error.failure };
    throw error;
  }
}
