import type { RepositoryName } from '../task/ids.ts';
import { isUnderReview, partIn } from '../task/parts.ts';
import { Problem } from '../task/problem.ts';
import type { Change, Report, Task } from '../task/task.ts';
import type { WorkerDeps } from './deps.ts';
import { framed } from './pull-request-frame.ts';
import { toPullRequestBody, toPullRequestTitle } from './pull-request-words.ts';
import { holdToRepository } from './same-repository.ts';

/** How bringing one part's change into a pull request went. */
export type Opened = { readonly change: Change; readonly problem: Problem | null };

/**
 * Makes a pull request of each change, or describes the one that is there; then all of the task's name each other. One that can't be
 * made or described keeps none of the others from it. Safe to repeat: a pull request is found by its branch, never made twice.
 */
export async function openPulls(deps: WorkerDeps, asked: Task, changes: readonly Change[]): Promise<readonly Opened[]> {
  const thread = await deps.threadUrl(asked);
  const described = new Map<RepositoryName, string>();
  const author = await deps.author(asked);
  const bodyOf = async (now: Task, repository: RepositoryName, report: Report) => {
    const around = { threadUrl: thread, author, siblings: siblingsOf(now, repository) };
    return framed(toPullRequestBody(now, report, around), await templateOf(deps, now, repository));
  };
  const opened: Opened[] = [];
  let task = asked;
  for (const change of changes) {
    const { repository, head, report } = change;
    const part = partIn(task, repository);
    if (part === undefined || isUnderReview(part.pull)) {
      opened.push({ change, problem: null });
      continue;
    }
    const body = await bodyOf(task, repository, report);
    const title = toPullRequestTitle(task);
    const draft = part.checkout?.draft ?? false;
    const base = part.checkout?.baseBranch ?? part.base;
    try {
      if (base === null) throw new Error(`${repository} was never prepared`);
      await holdToRepository(deps, part);
      const pull = await deps.forge.openPull({ repository, base, branch: task.branch, head, title, body, draft });
      const at = deps.clock.now();
      const event = { type: 'pull_request_opened', repository, pull: { ...pull, head }, at } as const;
      task = (await deps.store.apply(task.id, event)).task ?? task;
      described.set(repository, body);
      opened.push({ change, problem: null });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      opened.push({ change, problem: error });
    }
  }
  for (const { repository, pull, results } of task.parts) {
    if (!isUnderReview(pull)) continue;
    const change = changes.find((each) => each.repository === repository);
    // What an earlier run made is described anew only for the sake of a pull request that has come beside it.
    const report = change?.report ?? (described.size === 0 ? null : results.findLast(({ by }) => by === 'run')?.report);
    if (report === null || report === undefined) continue;
    const body = await bodyOf(task, repository, report);
    if (described.get(repository) === body) continue;
    // The commits are up for review; words that lag behind them are made good by the next run.
    await deps.forge.describePull(repository, pull.pull.number, body).catch((error: unknown) => {
      if (!(error instanceof Problem)) throw error;
      deps.log.warn({ task: task.id, repository, err: error }, 'A pull request could not be described anew');
    });
  }
  return opened;
}

/** Work that is pushed is not given up for the sake of a template. */
async function templateOf(deps: WorkerDeps, task: Task, repository: RepositoryName): Promise<string | null> {
  const part = task.parts.findIndex((each) => each.repository === repository);
  const base = task.parts[part]?.checkout?.base;
  if (base === undefined) return null;
  return deps.repositories.template({ task: task.id, part, base }).catch((error: unknown) => {
    if (!(error instanceof Problem)) throw error;
    deps.log.warn({ task: task.id, repository, err: error }, 'The pull request template could not be read');
    return null;
  });
}

/** The task's other pull requests, as GitHub links them. */
function siblingsOf(task: Task, repository: RepositoryName): readonly string[] {
  return task.parts.flatMap((part) =>
    part.repository === repository || part.pull.type === 'none' ? [] : `${part.repository}#${part.pull.pull.number}`,
  );
}
