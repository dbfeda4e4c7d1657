import type { RepositoryName, UserId } from '../task/ids.ts';
import { closedChannel, isListed, mayApprove, unlisted } from '../task/policy.ts';
import type { Member } from '../task/ports/directory.ts';
import type { Approval, Failure, Task } from '../task/task.ts';
import type { WorkerDeps } from './deps.ts';

/** Whether something that was allowed when it was asked for still is. `wait` says what has to be known first. */
export type Authority =
  | { readonly type: 'held' }
  | { readonly type: 'wait'; readonly reason: string }
  | { readonly type: 'refused'; readonly problem: Failure };

type AuthorityDeps = Pick<WorkerDeps, 'policy' | 'attestations'>;

/**
 * Asked by the worker before each run, of the stored task alone: a job in the queue says no more than which task to look at. Its
 * repositories are still listed, its channel still open, and whoever asked for it is still a full member who may ask.
 */
export async function authoriseRun(deps: AuthorityDeps, task: Task): Promise<Authority> {
  const { policy } = deps;
  const gone =
    unlisted(
      policy,
      task.parts.map(({ repository }) => repository),
    ) ?? closedChannel(policy, task.origin.channel);
  if (gone !== null) return { type: 'refused', problem: gone };
  const { requester, requesterName: name } = task;
  const seen = await deps.attestations.find(requester);
  if (seen === undefined) return { type: 'wait', reason: unseen(name) };
  if (seen.type !== 'member') return { type: 'refused', problem: noMember(name, seen.type) };
  if (isListed(policy.requesters, requester, groupsOf(requester, seen.groups))) return await knowsWhoOpened(deps, task);
  const sentence = `${name} is no longer on the list of people whom Errand works for.`;
  return { type: 'refused', problem: { code: 'requester_unlisted', sentence, next: again } };
}

/** A run waits until it can be told whether those who opened hosts for its task still may. */
async function knowsWhoOpened({ attestations }: AuthorityDeps, { allowed = [] }: Task): Promise<Authority> {
  for (const { by, byName, until } of allowed) {
    const isUnseen = until === undefined && (await attestations.find(by)) === undefined;
    if (isUnseen) return { type: 'wait', reason: unseen(byName) };
  }
  return { type: 'held' };
}

/** The same of an approval, before each attempt to merge, and of who has held work pushed. */
export async function authoriseMerge(
  deps: AuthorityDeps,
  task: Task,
  repository: RepositoryName,
  { by, byName }: Pick<Approval, 'by' | 'byName'>,
): Promise<Authority> {
  const seen = await deps.attestations.find(by);
  if (seen === undefined) return { type: 'wait', reason: unseen(byName) };
  if (seen.type !== 'member') return { type: 'refused', problem: noMember(byName, seen.type) };
  const refusal = mayApprove(deps.policy, { task, repository }, by, groupsOf(by, seen.groups));
  return refusal === null ? { type: 'held' } : { type: 'refused', problem: refusal };
}

const again = 'Somebody who is can send the request as their own.';

function unseen(name: string): string {
  return `Waiting for Errand's bot to confirm in Slack who ${name} is by now`;
}

function noMember(name: string, type: Exclude<Member['type'], 'member'>): Failure {
  const is = {
    guest: 'is a guest in Slack by now',
    bot: 'is an app',
    stranger: 'belongs to another workspace by now',
    deactivated: 'was deactivated in Slack',
  };
  return { code: 'no_member', sentence: `${name} ${is[type]}.`, next: again };
}

function groupsOf(person: UserId, groups: readonly string[]) {
  return new Map(groups.map((id) => [id, new Set([person])] as const));
}
