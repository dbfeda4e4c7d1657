import type { PreparedPart } from '../task/parts.ts';
import { noApprovers } from '../task/policy.ts';
import type { Allowed, Task } from '../task/task.ts';
import { type Attendance, record } from './attendance.ts';
import { authoriseMerge } from './authorise.ts';
import { narrower } from './merge.ts';

/**
 * Takes from a run, before it begins, each host that was opened for its task by somebody who may not open it by now, and says so.
 * What can't be known is closed.
 */
export async function closeHosts(
  attendance: Attendance,
  task: Task,
  parts: readonly Pick<PreparedPart, 'repository' | 'checkout'>[],
): Promise<Task> {
  const standing = (task.allowed ?? []).filter(({ until }) => until === undefined);
  const holds = await Promise.all(standing.map((each) => mayStillOpen(attendance, task, each, parts)));
  const hosts = standing.flatMap(({ host }, index) => (holds[index] === true ? [] : [host]));
  if (hosts.length === 0) return task;
  attendance.deps.log.warn({ task: task.id, hosts }, 'Hosts closed again');
  return await record(attendance, { type: 'hosts_closed', run: attendance.run, hosts });
}

async function mayStillOpen(
  { deps }: Attendance,
  task: Task,
  allowed: Allowed,
  parts: readonly Pick<PreparedPart, 'repository' | 'checkout'>[],
): Promise<boolean> {
  for (const { repository, checkout } of parts) {
    if (checkout.approval === undefined || noApprovers(deps.policy, [repository]) !== null) return false;
    if ((await authoriseMerge(deps, task, repository, allowed)).type !== 'held') return false;
    if (narrower({ merge: checkout.approval }, task, repository, allowed.by) !== null) return false;
  }
  return true;
}
