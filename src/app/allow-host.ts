import { isOver } from '../task/parts.ts';
import { noApprovers } from '../task/policy.ts';
import type { Failure, Task } from '../task/task.ts';
import type { Answer, UseCases } from '../task/use-cases.ts';
import { mayPassGate } from './approve.ts';
import { attest } from './attest.ts';
import type { BotDeps } from './deps.ts';
import { narrower } from './merge.ts';
import { say, silent } from './people.ts';

/**
 * One person's word that a task may reach one more host, from its next run on. It takes somebody whom the operator named to approve what
 * the task makes, in each of its repositories: what is in any of them can then leave by that host. Each run asks again whether they may.
 */
export async function allowHost(deps: BotDeps, asked: Parameters<UseCases['allowHost']>[0]): Promise<Answer> {
  const { by, host } = asked;
  const task = await deps.store.find(asked.task);
  if (task === undefined || task.origin.channel !== asked.channel) return silent;
  if (isOver(task)) return say({ sentence: 'This task has ended.', next: 'Reply in the thread for more work.' });
  const refusal = await refusalOf(deps, task, asked);
  if (refusal !== null) return say(refusal);
  const member = await deps.directory.member(by);
  const event = { type: 'host_allowed', host, by, byName: member.name, at: deps.clock.now() } as const;
  await attest(deps, by);
  const stored = await deps.store.apply(task.id, event);
  if (stored.type === 'applied' || stored.reason === 'duplicate') return silent;
  return say({ sentence: `${host} can't be opened for this task.`, next: 'Whoever runs Errand may know why.' });
}

async function refusalOf(
  deps: BotDeps,
  task: Task,
  { by, host }: Parameters<UseCases['allowHost']>[0],
): Promise<Pick<Failure, 'sentence' | 'next'> | null> {
  const unnamed = noApprovers(
    deps.policy,
    task.parts.map(({ repository }) => repository),
  );
  if (unnamed !== null) return unnamed;
  for (const { repository, checkout } of task.parts) {
    const { approval } = checkout ?? {};
    const refusal =
      (await mayPassGate(deps, by, { task, repository })) ??
      (approval === undefined ? null : narrower({ merge: approval }, task, repository, by));
    if (refusal === null) continue;
    return refusal.code === 'self_approval'
      ? { sentence: `You asked for this task, so somebody else opens ${host} for it.`, next: 'Ask a colleague.' }
      : refusal.code === 'not_an_approver'
        ? {
            sentence: `Opening a host for a task in ${repository} takes one of its approvers.`,
            next: 'Ask one of them.',
          }
        : refusal;
  }
  return null;
}
