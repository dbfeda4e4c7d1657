import { partIn } from '../task/parts.ts';
import type { Task } from '../task/task.ts';
import type { Answer, UseCases } from '../task/use-cases.ts';
import { findDelivered, mayPassGate } from './approve.ts';
import { attest } from './attest.ts';
import type { BotDeps } from './deps.ts';
import { say, silent } from './people.ts';

type PushAnyway = Parameters<UseCases['pushAnyway']>[0];

/** One approver's word that what looks like a secret is none: the commit that the message names is pushed as it is. */
export async function pushAnyway(deps: BotDeps, asked: PushAnyway): Promise<Answer> {
  const delivered = await findDelivered(deps, asked);
  const effect = delivered?.row.effect;
  if (delivered === undefined || effect?.type !== 'message' || effect.said.type !== 'hold') return silent;
  const { head, part } = effect.said;
  const { repository } = part;
  const task = await deps.store.find(delivered.lane as Task['id']);
  if (task === undefined) return silent;
  const refusal = await mayPassGate(deps, asked.by, { task, repository });
  if (refusal !== null) return say(inPlaceOf(refusal));
  const member = await deps.directory.member(asked.by);
  const { by } = asked;
  const event = { type: 'hold_released', repository, head, by, byName: member.name, at: deps.clock.now() } as const;
  const released = await deps.store.apply(task.id, event);
  if (released.task && partIn(released.task, repository)?.hold?.state.type === 'released') {
    await attest(deps, by);
    await deps.queue.wake({ type: 'push', task: task.id });
  }
  if (released.type === 'applied') return silent;
  switch (released.reason) {
    case 'not_idle':
      return say({
        sentence: 'The agent is at work on this task again, on top of this very change.',
        next: 'Wait for its end, or stop it first.',
      });
    case 'older_head':
      return say({
        sentence: 'A later run had the last word on this change.',
        next: 'Look at the newest message in this thread.',
      });
    case 'pull_request_ended':
      return say({ sentence: 'This pull request has ended already.', next: 'Reply in the thread for more work.' });
    default:
      return silent;
  }
}

/** Whoever may not approve a merge is told of the push instead. */
function inPlaceOf(refusal: { code: string; sentence: string; next: string }): { sentence: string; next: string } {
  if (refusal.code === 'self_approval') {
    return {
      sentence: 'You asked for this task, so somebody else decides whether this is pushed.',
      next: 'Ask a colleague to look at the lines that are named here.',
    };
  }
  return refusal.code === 'not_an_approver'
    ? { sentence: 'Only those who may approve merges here decide whether this is pushed.', next: refusal.next }
    : refusal;
}
