import type { UserId } from '../task/ids.ts';
import type { Task } from '../task/task.ts';
import type { BotDeps } from './deps.ts';
import { withdraw } from './withdraw.ts';

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
export async function attestAll(
  deps: AttestDeps & Pick<BotDeps, 'store' | 'log' | 'clock' | 'approvals'>,
): Promise<void> {
  const ids = await deps.store.unsettled();
  const tasks = await Promise.all(ids.map((id) => deps.store.find(id)));
  const known = tasks.flatMap((task) => task ?? []);
  const unseen = await takeBack(deps, known);
  for (const person of new Set(known.flatMap(concerned))) {
    if (unseen.has(person)) continue;
    // Of whom Slack says nothing now, the worker hears nothing new, and lets nothing begin once the last word is too old.
    await attest(deps, person).catch((error: unknown) =>
      deps.log.warn({ person, err: error }, 'Slack does not say who somebody is by now'),
    );
  }
}

/**
 * Approvals by emoji that wait for something are looked up: one that was taken off without a word is none any more. Returns those whose
 * approval could not be looked up, and who are not vouched for meanwhile.
 */
async function takeBack(
  deps: Pick<BotDeps, 'store' | 'log' | 'clock' | 'approvals'>,
  tasks: readonly Task[],
): Promise<ReadonlySet<UserId>> {
  const unseen = new Set<UserId>();
  for (const { id, origin, parts } of tasks) {
    for (const { repository, pull } of parts) {
      if (pull.type !== 'merging' || pull.approval.via !== 'reaction') continue;
      const { by, message, head } = pull.approval;
      try {
        const stands = await deps.approvals.stands(origin.channel, message, by);
        if (!stands) await withdraw(deps, id, { repository, head }, by);
      } catch (error) {
        unseen.add(by);
        deps.log.warn({ task: id, person: by, err: error }, 'Slack does not say whether an approval still stands');
      }
    }
  }
  return unseen;
}

function concerned({ run, requester, parts, allowed = [] }: Task): UserId[] {
  const approvers = parts.flatMap(({ pull, hold }) => [
    ...(pull.type === 'merging' ? [pull.approval.by] : []),
    ...(pull.type === 'open' && pull.release !== undefined ? [pull.release.by] : []),
    ...(hold?.state.type === 'released' ? [hold.state.by] : []),
  ]);
  return run.type === 'idle' ? approvers : [requester, ...allowed.map(({ by }) => by), ...approvers];
}
