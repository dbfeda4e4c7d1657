import type { UserId } from '../task/ids.ts';
import type { Task } from '../task/task.ts';
import type { BotDeps } from './deps.ts';

type AttestDeps = Pick<BotDeps, 'directory' | 'attestations' | 'policy'>;

/** Leaves word for the worker, who can't ask Slack, of who somebody is by now. Throws `Problem` while Slack doesn't say. */
export async function attest({ directory, attestations, policy }: AttestDeps, person: UserId): Promise<void> {
  const { type } = await directory.member(person);
  const lists = [policy.requesters, policy.approvers, ...policy.repositories.map(({ approvers }) => approvers)];
  const listed = [...new Set(lists.flat())].filter((id) => id.startsWith('S'));
  const inside = type !== 'member' ? [] : await Promise.all(listed.map((id) => directory.group(id)));
  const groups = listed.filter((_, index) => inside[index]?.has(person));
  await attestations.attest({ person, type, groups });
}

/** The same of everybody for whom something is queued, at work, or about to be merged, pushed or run by CI: what they were allowed may be over. */
export async function attestAll(deps: AttestDeps & Pick<BotDeps, 'store' | 'log'>): Promise<void> {
  const ids = await deps.store.unsettled();
  const tasks = await Promise.all(ids.map((id) => deps.store.find(id)));
  for (const person of new Set(tasks.flatMap((task) => (task === undefined ? [] : concerned(task))))) {
    // Of whom Slack says nothing now, the worker hears nothing new, and lets nothing begin once the last word is too old.
    await attest(deps, person).catch((error: unknown) =>
      deps.log.warn({ person, err: error }, 'Slack does not say who somebody is by now'),
    );
  }
}

function concerned({ run, requester, parts, allowed = [] }: Task): UserId[] {
  const approvers = parts.flatMap(({ pull, hold }) => [
    ...(pull.type === 'merging' ? [pull.approval.by] : []),
    ...(pull.type === 'open' && pull.release !== undefined ? [pull.release.by] : []),
    ...(hold?.state.type === 'released' ? [hold.state.by] : []),
  ]);
  return run.type === 'idle' ? approvers : [requester, ...allowed.map(({ by }) => by), ...approvers];
}
