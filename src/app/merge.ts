import { isDeepStrictEqual } from 'node:util';
import type { TaskEvent } from '../task/events.ts';
import type { RepositoryName, TaskId } from '../task/ids.ts';
import { heldResult, isOver, partIn } from '../task/parts.ts';
import { Problem } from '../task/problem.ts';
import type { ApprovalRules, Failure, Head, Part, PullState, Task } from '../task/task.ts';
import { authoriseMerge } from './authorise.ts';
import type { WorkerDeps } from './deps.ts';
import { toMergeMessage, toPullRequestTitle } from './pull-request-words.ts';
import { holdToRepository } from './same-repository.ts';
import { watchPull } from './watch-pull.ts';

/**
 * Merges what was approved, exactly that commit, once every rule of GitHub and of the base branch's `.errand.yml` allows it.
 * What is still pending is said and asked again; what is refused goes back to the gate with its reason. Each of the task's pull
 * requests goes its own way.
 */
export async function merge(deps: WorkerDeps, id: TaskId, signal: AbortSignal): Promise<void> {
  const asked = await deps.store.find(id);
  const waits: number[] = [];
  for (const { repository, pull } of asked?.parts ?? []) {
    if (pull.type !== 'merging') continue;
    const waitMs = await mergePart(deps, id, { repository, head: pull.pull.head }, signal);
    if (waitMs !== null) waits.push(waitMs);
  }
  if (waits.length > 0) await deps.queue.wake({ type: 'merge', task: id }, { delayMs: Math.min(...waits) });
  // Nobody looks at a task that is over again, so this is the job's to see through: one that breaks off here comes again.
  const after = await deps.store.find(id);
  // A run that is still at work needs its sandbox; whoever ends it clears up.
  if (after?.run.type === 'idle' && isOver(after)) await forget(deps, id);
}

/** Returns after how long to ask again; null where there is nothing to wait for. */
async function mergePart(deps: WorkerDeps, id: TaskId, asked: Head, signal: AbortSignal): Promise<number | null> {
  const { repository, head } = asked;
  const tell = (event: TaskEvent) => deps.store.apply(id, event);
  try {
    await watchPull(deps, id, repository);
    const task = await deps.store.find(id);
    const part = task && partIn(task, repository);
    if (task === undefined || part?.pull.type !== 'merging' || part.pull.pull.head !== head) return null;
    const { pull } = part;
    const next = await tryMerge(deps, task, part, pull, signal);
    const at = deps.clock.now();
    if (next.type === 'merged') {
      const by = pull.approval.by;
      await tell({ type: 'pull_request_merged', repository, commit: next.commit, by, at });
      return null;
    }
    // Whatever took its place is looked at anew.
    if (next.type === 'overtaken') return deps.askAgainMs;
    if (next.type === 'pending') {
      await tell({ type: 'merge_delayed', repository, head, reason: next.reason, at });
      return deps.askAgainMs;
    }
    await tell({ type: 'merge_refused', repository, head, problem: next.problem, at });
    return null;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    deps.log.warn({ task: id, repository, code: error.failure.code, err: error }, 'Merge failed');
    const at = deps.clock.now();
    if (!error.retry) {
      await tell({ type: 'merge_refused', repository, head, problem: error.failure, at });
      return null;
    }
    await tell({ type: 'merge_delayed', repository, head, reason: error.failure.sentence, at });
    return Math.max(deps.askAgainMs, (error.retryAt ?? 0) - at);
  }
}

type Merging = Extract<PullState, { type: 'merging' }>;
type Next =
  | { readonly type: 'merged'; readonly commit: Merging['pull']['head'] }
  | { readonly type: 'pending'; readonly reason: string }
  | { readonly type: 'overtaken' }
  | { readonly type: 'refused'; readonly problem: Failure };

async function tryMerge(
  deps: WorkerDeps,
  task: Task,
  part: Part,
  { pull, approval }: Merging,
  signal: AbortSignal,
): Promise<Next> {
  const { repository, base, repositoryId = null } = part;
  await holdToRepository(deps, part);
  const authority = await authoriseMerge(deps, task, repository, approval);
  if (authority.type === 'wait') return { type: 'pending', reason: `${authority.reason}.` };
  if (authority.type === 'refused') return authority;
  const place = { task: task.id, part: task.parts.indexOf(part) };
  const { rules } = await deps.repositories.prepare({ ...place, repository, base, branch: task.branch, signal });
  if (heldResult(part) !== undefined) return { type: 'refused', problem: held };
  const narrowed = narrower(rules, task, repository, approval.by);
  if (narrowed !== null) return { type: 'refused', problem: narrowed };
  if (pull.draft === 'draft') {
    if (!(await stands(deps, task.id, repository, { pull, approval }))) return { type: 'overtaken' };
    await deps.forge.markReady(repository, pull.number);
    await deps.store.apply(task.id, { type: 'pull_request_ready', repository, at: deps.clock.now() });
  }
  const mergeable = await deps.forge.mergeable(repository, pull.number, pull.head, { base, repositoryId });
  if (mergeable.type === 'pending') return mergeable;
  if (mergeable.type === 'refused') {
    const { sentence, next } = mergeable;
    return { type: 'refused', problem: { code: 'not_mergeable', sentence, next } };
  }
  if (!(await stands(deps, task.id, repository, { pull, approval }))) return { type: 'overtaken' };
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

/** What was looked at before long steps may not be so after them. Throws a `Problem` where another worker may have taken over. */
async function stands(
  { store, lease }: WorkerDeps,
  id: TaskId,
  repository: RepositoryName,
  asked: Pick<Merging, 'pull' | 'approval'>,
): Promise<boolean> {
  const task = await store.find(id);
  const now = task && partIn(task, repository)?.pull;
  lease.check();
  return (
    now?.type === 'merging' && now.pull.head === asked.pull.head && isDeepStrictEqual(now.approval, asked.approval)
  );
}

const held: Failure = {
  code: 'ci_held',
  sentence: 'CI is held, so nothing has run on this commit yet.',
  next: 'Press Run CI; then approve the commit that it ran on.',
};

/** The base branch's own rules can only narrow who approves. */
export function narrower(
  { merge: rules }: { readonly merge: ApprovalRules },
  task: Task,
  repository: RepositoryName,
  by: string,
): Failure | null {
  if (rules.approvers.length > 0 && !rules.approvers.includes(by)) {
    return {
      code: 'not_an_approver',
      sentence: `The .errand.yml of ${repository} names other approvers than <@${by}>.`,
      next: `Ask ${rules.approvers.map((id) => `<@${id}>`).join(' or ')}.`,
    };
  }
  if (rules.selfApproval === false && by === task.requester) {
    return {
      code: 'self_approval',
      sentence: `The .errand.yml of ${repository} wants somebody else than the requester to approve.`,
      next: 'Ask a colleague to read the pull request and react here.',
    };
  }
  return null;
}

/** What a task kept for follow-ups, here and on the machine that had its latest run; after its end there are none. */
export async function forget(deps: WorkerDeps, id: TaskId): Promise<void> {
  const home = (await deps.store.find(id))?.home ?? deps.engine;
  if (home !== deps.engine && (await deps.hosts.find(home)) !== undefined)
    await deps.queue.wake({ type: 'pull', task: id }, { at: home });
  await deps.sandbox.remove(id, { workspace: true });
  await deps.repositories.remove(id);
}
