import { setTimeout as delay } from 'node:timers/promises';
import type { RepositoryName, TaskId, UserId } from '../task/ids.ts';
import { partIn } from '../task/parts.ts';
import { closedChannel, mayApprove } from '../task/policy.ts';
import type { Failure, Task } from '../task/task.ts';
import type { Answer, UseCases } from '../task/use-cases.ts';
import { attest } from './attest.ts';
import type { BotDeps } from './deps.ts';
import { groupsOf, say, silent } from './people.ts';
import { withdraw } from './withdraw.ts';

type Approve = Parameters<UseCases['approve']>[0];
type Unapprove = Parameters<UseCases['unapprove']>[0];

/** One person's word for the commit that the gate message names. Anything else that carries a ✅ stays just that. */
export async function approve(deps: BotDeps, asked: Approve): Promise<Answer> {
  const gate = await findGate(deps, asked);
  if (gate === undefined) return silent;
  // Slack tells late of some reactions, and of some that were taken off not at all.
  const stands = asked.via === 'button' || (await deps.approvals.stands(asked.channel, asked.message, asked.by));
  if (!stands) return silent;
  const { task, repository, head } = gate;
  const refusal = await mayPassGate(deps, asked.by, gate);
  if (refusal !== null) return say(refusal);
  const { name } = await deps.directory.member(asked.by);
  const approval = { by: asked.by, byName: name, head, message: asked.message, via: asked.via };
  const approved = await deps.store.apply(task.id, {
    type: 'merge_approved',
    repository,
    approval,
    at: deps.clock.now(),
  });
  if (approved.task && partIn(approved.task, repository)?.pull.type === 'merging') {
    await attest(deps, asked.by);
    await deps.queue.wake({ type: 'merge', task: task.id });
  }
  if (approved.type === 'applied') return silent;
  switch (approved.reason) {
    case 'older_head':
      return say({
        sentence: `The branch has moved on since commit ${head.slice(0, 7)}, so this approval counts for nothing.`,
        next: 'React on the newest result message in this thread.',
      });
    case 'ci_held':
      return say({
        sentence: `CI is held, so nothing has run on commit ${head.slice(0, 7)} yet.`,
        next: 'Press Run CI; then approve the commit that it ran on.',
      });
    case 'pull_request_ended':
      return say({ sentence: 'This pull request has ended already.', next: 'Reply in the thread for more work.' });
    default:
      return silent;
  }
}

/** Why this person may not decide on a gate; null for one who may. */
export async function mayPassGate(
  deps: BotDeps,
  by: UserId,
  gate: { readonly task: Task; readonly repository: RepositoryName },
): Promise<Failure | null> {
  const refusal = await refusalAtGate(deps, by, gate);
  if (refusal !== null) deps.log.warn({ task: gate.task.id, person: by, code: refusal.code }, 'Refused');
  return refusal;
}

async function refusalAtGate(
  deps: BotDeps,
  by: UserId,
  gate: { readonly task: Task; readonly repository: RepositoryName },
): Promise<Failure | null> {
  const closed = closedChannel(deps.policy, gate.task.origin.channel);
  if (closed !== null) return closed;
  const member = await deps.directory.member(by);
  if (member.type !== 'member') {
    return {
      code: 'not_a_member',
      sentence: 'Only full members of this workspace approve merges.',
      next: 'Ask one of them to look.',
    };
  }
  const lists = [deps.policy.approvers, ...deps.policy.repositories.map(({ approvers }) => approvers)];
  return mayApprove(deps.policy, gate, by, await groupsOf(deps, lists));
}

/** Takes an approval back while the merge still waits for something. */
export async function unapprove(deps: BotDeps, asked: Unapprove): Promise<Answer> {
  const gate = await findGate(deps, asked);
  if (gate === undefined) return silent;
  const { task, repository, head } = gate;
  const pull = partIn(task, repository)?.pull;
  if (pull?.type !== 'merging' || pull.approval.by !== asked.by) return silent;
  // Taken off and put on again, told in another order.
  if (await deps.approvals.stands(asked.channel, asked.message, asked.by)) return silent;
  await withdraw(deps, task.id, { repository, head }, asked.by);
  return silent;
}

/** A message is seen in Slack a moment before its delivery is on record; a quick reaction must not fall in between. */
const recordedWithinMs = 2_000;
const lookAgainMs = 100;

/** What Errand delivered as this message; undefined for one that isn't its own. */
export async function findDelivered(deps: BotDeps, { channel, message }: Pick<Approve, 'channel' | 'message'>) {
  for (let waitedMs = 0; waitedMs < recordedWithinMs; waitedMs += lookAgainMs) {
    const delivered = await deps.outbox.findMessage(channel, message);
    if (delivered !== undefined) return delivered;
    await delay(lookAgainMs);
  }
  return undefined;
}

/** The task and commit that a message in Slack is the gate of; undefined for any other message. */
export async function findGate(deps: BotDeps, on: Pick<Approve, 'channel' | 'message'>) {
  const delivered = await findDelivered(deps, on);
  const effect = delivered?.row.effect;
  if (delivered === undefined || effect?.type !== 'message' || effect.said.type !== 'result') return undefined;
  const task = await deps.store.find(delivered.lane as TaskId);
  const { head, part } = effect.said;
  return task === undefined ? undefined : { task, repository: part.repository, head };
}
