import { partIn } from '../task/parts.ts';
import type { Answer, UseCases } from '../task/use-cases.ts';
import { findGate, mayPassGate } from './approve.ts';
import { attest } from './attest.ts';
import type { BotDeps } from './deps.ts';
import { say, silent } from './people.ts';

/**
 * One person's word that GitHub's workflows may run on the commit that the gate message names. Whoever may approve it may say so; it
 * approves nothing.
 */
export async function runCi(deps: BotDeps, asked: Parameters<UseCases['runCi']>[0]): Promise<Answer> {
  const gate = await findGate(deps, asked);
  if (gate === undefined) return silent;
  const { task, repository, head } = gate;
  const refusal = await mayPassGate(deps, asked.by, gate);
  if (refusal !== null) return say(refusal);
  const at = deps.clock.now();
  const requested = await deps.store.apply(task.id, { type: 'ci_requested', repository, head, by: asked.by, at });
  const pull = requested.task && partIn(requested.task, repository)?.pull;
  if (pull?.type === 'open' && pull.release !== undefined) {
    await attest(deps, asked.by);
    await deps.queue.wake({ type: 'merge', task: task.id });
  }
  if (requested.type === 'applied') return silent;
  switch (requested.reason) {
    case 'older_head':
      return say({
        sentence: `The branch has moved on since commit ${head.slice(0, 7)}.`,
        next: 'Look at the newest result message in this thread.',
      });
    case 'pull_request_ended':
      return say({ sentence: 'This pull request has ended already.', next: 'Reply in the thread for more work.' });
    default:
      return silent;
  }
}
