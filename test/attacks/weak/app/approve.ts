import * as real from '../../../../src/app/approve.ts';
import { silent } from '../../../../src/app/people.ts';
import { weaknessOfAct } from '../act.ts';

export * from '../../../../src/app/approve.ts';

/**
 * `any-message`: an emoji anywhere in the channel approves the task that was talked of last; `no-state`: one on a gate has the merge
 * done, whatever stands in the store.
 */
export const approve: typeof real.approve = async (deps, asked) => {
  const weakness = weaknessOfAct();
  if (weakness !== 'any-message' && weakness !== 'no-state') return real.approve(deps, asked);
  const tasks = (await deps.store.recent(1_000)).filter(({ origin }) => origin.channel === asked.channel);
  const task = tasks.find(({ parts: [{ pull }] }) => pull.type !== 'none');
  const [part] = task?.parts ?? [];
  if (task === undefined || part === undefined || part.pull.type === 'none') return silent;
  const { head } = part.pull.pull;
  const approval = { by: asked.by, byName: asked.by, head, message: asked.message };
  await deps.attestations.attest({ person: asked.by, type: 'member', groups: [] });
  if (weakness === 'any-message') {
    const { repository } = part;
    await deps.store.apply(task.id, { type: 'merge_approved', repository, approval, at: deps.clock.now() });
  }
  await deps.queue.wake({ type: 'merge', task: task.id });
  return silent;
};
