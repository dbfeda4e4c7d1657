import { callsByItself } from '../task/agent-facts.ts';
import { noApprovers } from '../task/policy.ts';
import type { BlockedLine, Said, TaskLine } from '../task/said.ts';
import type { Task } from '../task/task.ts';
import type { Attendance } from './attendance.ts';
import type { WorkerDeps } from './deps.ts';

const lookEveryMs = 3_000;

/** Tells of hosts that the gateway refused to a run, while it goes on; disposing ends that. A look that fails is made up for by the next. */
export function followBlocked(attendance: Attendance): Disposable {
  const { deps, id, run } = attendance;
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    noteBlocked(attendance)
      .catch((error: unknown) => deps.log.warn({ task: id, run, err: error }, 'Blocked hosts could not be looked at'))
      .finally(() => {
        looking = false;
      });
  }, lookEveryMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** The hosts that the gateway refused to a task's work; what its agent calls by itself is none of that. */
export async function blockedByWork(
  { sandbox }: Pick<WorkerDeps, 'sandbox'>,
  { id, agent }: Pick<Task, 'id' | 'agent'>,
) {
  const found = await sandbox.blocked(id);
  return found.filter(({ host }) => !callsByItself(agent, host));
}

/** Tells of those that nobody was told of yet. */
export async function noteBlocked({ deps, id, run, epoch }: Attendance): Promise<void> {
  const task = await deps.store.find(id);
  if (task === undefined) return;
  const found = await blockedByWork(deps, task);
  const names = task.parts.map(({ repository }) => repository);
  const approvable = noApprovers(deps.policy, names) === null;
  const isTold = (host: string) =>
    task.blocked?.some((known) => known.host === host && (!approvable || known.approvable !== false)) === true;
  const hosts = found.filter(({ host }) => !isTold(host));
  if (hosts.length === 0) return;
  await deps.store.apply(id, { type: 'hosts_blocked', run, hosts, approvable, at: deps.clock.now() }, { epoch });
}

/** The hosts that each run was the first to be refused, by the keys of their messages. */
export function blockedIn(task: Task, line: TaskLine, retryable: boolean): { key: string; said: Said }[] {
  const { blocked = [] } = task;
  const allowed = (task.allowed ?? []).filter(({ until }) => until === undefined);
  const waits = allowed.some(({ runs }) => runs === task.runs);
  const next = !waits ? null : task.run.type !== 'idle' ? 'next_run' : retryable ? 'retry' : 'reply';
  return [...new Set(blocked.map(({ run }) => run))].map((run) => {
    const hosts = blocked.flatMap(({ host, allowable, approvable, run: of }): BlockedLine[] => {
      if (of !== run) return [];
      const by = allowed.find((each) => each.host === host);
      const opened = by === undefined ? null : { by: by.by, inForce: by.runs < task.runs };
      return [{ host, allowable, allowed: opened, ...(approvable === false && { approvable }) }];
    });
    const own = hosts.some((each) => each.allowed !== null && !each.allowed.inForce);
    return { key: `blocked-${run}`, said: { type: 'blocked', task: line, hosts, next: own ? next : null } };
  });
}
