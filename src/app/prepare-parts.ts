import type { Wish } from '../task/choose-agent.ts';
import type { PartCheckout } from '../task/events.ts';
import { heldWork } from '../task/hold.ts';
import type { BranchName } from '../task/ids.ts';
import type { RepositoryPolicy } from '../task/policy.ts';
import type { Prepared } from '../task/ports/repositories.ts';
import { Problem } from '../task/problem.ts';
import { asksBeyond } from '../task/reach.ts';
import { isTrustedBase, secretsRefusal } from '../task/set-up.ts';
import type { CheckoutCi, Part, Task } from '../task/task.ts';
import { workflowRuns } from '../task/workflows.ts';
import type { Attendance } from './attendance.ts';
import { toCommitMessage } from './pull-request-words.ts';
import { replaced } from './same-repository.ts';

type PreparedPart = PartCheckout & { readonly wish: Wish };

export interface PreparedRun {
  readonly checkouts: readonly PartCheckout[];
  /** What `.errand.yml` of the first repository says. */
  readonly wish: Wish;
}

/**
 * What a run is given: a checkout of each repository, all of one moment. A branch that was asked for need not be in each of
 * several repositories: one that lacks it starts from its usual base, as long as another has it. Throws the first `Problem`: a
 * run without one of its repositories is no run.
 */
export async function prepareParts(attendance: Attendance, task: Task): Promise<PreparedRun> {
  const at = attendance.deps.clock.now();
  const usual = ({ repository }: Part) =>
    attendance.deps.policy.repositories.find(({ name }) => name === repository)?.base ?? null;
  const tried = await Promise.allSettled(task.parts.map((part) => prepare(attendance, task, part, part.base, at)));
  const somewhere = tried.some(({ status }) => status === 'fulfilled');
  const prepared: PreparedPart[] = [];
  for (const [index, result] of tried.entries()) {
    const part = task.parts[index];
    if (result.status === 'fulfilled') prepared.push(result.value);
    else if (part === undefined || !somewhere || !isOnlyAskedFor(part, usual(part), result.reason)) throw result.reason;
    else prepared.push(await prepare(attendance, task, part, usual(part), at));
  }
  const { agent, model } = prepared[0]?.wish ?? { agent: null, model: null };
  return { checkouts: prepared.map(({ repository, checkout }) => ({ repository, checkout })), wish: { agent, model } };
}

/** Whether a base that is missing was named for all of the task's repositories, and nothing was built on it yet. */
function isOnlyAskedFor({ base, pull, results }: Part, usual: BranchName | null, error: unknown): boolean {
  if (!(error instanceof Problem) || error.failure.code !== 'base_missing') return false;
  return base !== usual && pull.type === 'none' && results.length === 0;
}

async function prepare(
  { deps, run, signal }: Attendance,
  task: Task,
  part: Part,
  wanted: BranchName | null,
  at: number,
): Promise<PreparedPart> {
  const { repository } = part;
  const place = { task: task.id, part: task.parts.indexOf(part) };
  const { head, remote: heldOn } = heldWork(part) ?? { head: null, remote: null };
  const held = head === null ? null : { head, remote: heldOn };
  const order = { ...place, repository, base: wanted, branch: task.branch, held, signal };
  const policy = deps.policy.repositories.find(({ name }) => name === repository);
  // Asked meanwhile; what git finds amiss is said first.
  const identified = deps.forge.identify(repository);
  identified.catch(() => undefined);
  const prepared = await deps.repositories.prepare(order);
  const { baseBranch, base, start, from, remote, repositories, rules, defaultBranch } = prepared;
  const repositoryId = await identified;
  if (repositoryId !== (part.repositoryId ?? policy?.id ?? repositoryId)) throw replaced(repository);
  if (remote !== null && isUntouched(part)) throw branchTaken(task, repository);
  await deps.mayPush({ repository, branch: task.branch, exists: remote !== null, message: toCommitMessage(task, run) });
  const { checks, network, allow, setup, maintenance } = rules;
  const beyond = policy === undefined ? [] : asksBeyond(policy.network, rules);
  const refusal = secretsRefusal(policy, { repository, setup, baseBranch, defaultBranch });
  if (refusal !== null) throw new Problem(refusal);
  const heedIgnore = rules.secrets.ignore.length > 0 && isTrustedBase(policy, { baseBranch, defaultBranch });
  const draft = policy?.draft ?? rules.pullRequest.draft;
  const { approvers, selfApproval } = rules.merge;
  const checkout = {
    approval: { approvers, selfApproval },
    ...(beyond.length === 0 ? {} : { beyond }),
    ...(heedIgnore && { heedIgnore }),
    ...{ at, baseBranch, base, start, from, remote, checks, network, allow, setup, maintenance },
    ...{ repositories, draft, repositoryId, ...toCi(task, prepared, policy) },
  };
  return { repository, checkout, wish: rules };
}

/**
 * Where workflows would run on what this task pushes, and whether they are kept from it. Operator and base branch can both only add
 * the hold. Where an agent may bring workflows of its own, what is there before says nothing of what its commit runs.
 */
function toCi(
  { branch }: Task,
  { workflows, baseBranch, rules, startHeld }: Prepared,
  policy: RepositoryPolicy | undefined,
): { readonly ci?: CheckoutCi } {
  const { markable, target } = workflowRuns(workflows, branch, baseBranch);
  const wished = policy?.holdCi === true || rules.ci === 'hold';
  const held = wished && (markable !== 'no' || policy?.workflows === true);
  if (markable === 'no' && target === 'no' && !startHeld && !held) return {};
  return { ci: { held, startHeld, target: target !== 'no' } };
}

/** Whether nothing of this task can be on GitHub yet: no run of it was ever given this repository. */
function isUntouched({ repositoryId, touched, pull, results }: Part): boolean {
  return repositoryId === undefined && touched === undefined && pull.type === 'none' && results.length === 0;
}

/** Branches carry the task's own id: one that is there before the task is somebody else's, and is not built on. */
function branchTaken({ branch }: Task, repository: string): Problem {
  return new Problem({
    code: 'branch_taken',
    sentence: `${repository} has a branch \`${branch}\` already, and this task did not make it.`,
    next: 'Send the request anew: it gets a branch of another name.',
  });
}
