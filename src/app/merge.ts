import type { TaskEvent } from '../task/events.ts';
import type { TaskId } from '../task/ids.ts';
import type { RepositoryRules } from '../task/ports.ts';
import { Problem } from '../task/problem.ts';
import type { Failure, PullState, Task } from '../task/task.ts';
import type { WorkerDeps } from './deps.ts';
import { toMergeMessage, toPullRequestTitle } from './pull-request-words.ts';
import { watchPull } from './watch-pull.ts';

/**
 * Merges what was approved, exactly that commit, once every rule of GitHub and of the base branch's `.errand.yml` allows it.
 * What is still pending is said and asked again; what is refused goes back to the gate with its reason.
 */
export async function merge(deps: WorkerDeps, id: TaskId, signal: AbortSignal): Promise<void> {
  const asked = await deps.store.find(id);
  if (asked?.pull.type !== 'merging') return;
  const tell = (event: TaskEvent) => deps.store.apply(id, event);
  const { head } = asked.pull.pull;
  try {
    await watchPull(deps, id);
    const task = await deps.store.find(id);
    if (task?.pull.type !== 'merging' || task.pull.pull.head !== head) return;
    const next = await tryMerge(deps, task, task.pull, signal);
    const at = deps.clock.now();
    if (next.type === 'merged') {
      const merged = await tell({ type: 'pull_request_merged', commit: next.commit, by: task.pull.approval.by, at });
      // A run that is still at work needs its sandbox; whoever ends it clears up.
      if (merged.task?.run.type === 'idle') await forget(deps, id);
    } else if (next.type === 'pending') {
      await tell({ type: 'merge_delayed', head, reason: next.reason, at });
      await deps.queue.wake({ type: 'merge', task: id }, { delayMs: deps.askAgainMs });
    } else {
      await tell({ type: 'merge_refused', head, problem: next.problem, at });
    }
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    deps.log.warn({ task: id, code: error.failure.code, err: error }, 'Merge failed');
    const at = deps.clock.now();
    if (!error.retry) {
      await tell({ type: 'merge_refused', head, problem: error.failure, at });
      return;
    }
    await tell({ type: 'merge_delayed', head, reason: error.failure.sentence, at });
    const delayMs = Math.max(deps.askAgainMs, (error.retryAt ?? 0) - at);
    await deps.queue.wake({ type: 'merge', task: id }, { delayMs });
  }
}

type Merging = Extract<PullState, { type: 'merging' }>;
type Next =
  | { readonly type: 'merged'; readonly commit: Merging['pull']['head'] }
  | { readonly type: 'pending'; readonly reason: string }
  | { readonly type: 'refused'; readonly problem: Failure };

async function tryMerge(deps: WorkerDeps, task: Task, { pull, approval }: Merging, signal: AbortSignal): Promise<Next> {
  const { repository } = task;
  const { rules } = await deps.repositories.prepare({
    task: task.id,
    repository,
    base: task.base,
    branch: task.branch,
    signal,
  });
  const narrowed = narrower(rules, task, approval.by);
  if (narrowed !== null) return { type: 'refused', problem: narrowed };
  if (pull.draft === 'draft') {
    await deps.forge.markReady(repository, pull.number);
    await deps.store.apply(task.id, { type: 'pull_request_ready', at: deps.clock.now() });
  }
  const mergeable = await deps.forge.mergeable(repository, pull.number, pull.head);
  if (mergeable.type === 'pending') return mergeable;
  if (mergeable.type === 'refused') {
    const { sentence, next } = mergeable;
    return { type: 'refused', problem: { code: 'not_mergeable', sentence, next } };
  }
  const commit = await deps.forge.merge({
    repository,
    number: pull.number,
    head: pull.head,
    method: deps.policy.repositories.find(({ name }) => name === repository)?.mergeMethod ?? rules.merge.method,
    title: `${toPullRequestTitle(task)} (#${pull.number})`,
    message: toMergeMessage(task, approval.byName),
  });
  return { type: 'merged', commit };
}

/** The base branch's own rules can only narrow who approves. */
function narrower({ merge: rules }: RepositoryRules, task: Task, by: string): Failure | null {
  if (rules.approvers.length > 0 && !rules.approvers.includes(by)) {
    return {
      code: 'not_an_approver',
      sentence: `The .errand.yml of ${task.repository} names other approvers than <@${by}>.`,
      next: `Ask ${rules.approvers.map((id) => `<@${id}>`).join(' or ')}.`,
    };
  }
  if (rules.selfApproval === false && by === task.requester) {
    return {
      code: 'self_approval',
      sentence: `The .errand.yml of ${task.repository} wants somebody else than the requester to approve.`,
      next: 'Ask a colleague to read the pull request and react here.',
    };
  }
  return null;
}

/** What a task kept on this machine for follow-ups; after its end there are none. */
export async function forget(deps: WorkerDeps, id: TaskId): Promise<void> {
  await deps.sandbox.remove(id, { workspace: true });
  await deps.repositories.remove(id);
}
