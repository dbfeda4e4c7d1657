import { heldElsewhere, isBeingPushed } from '../task/hold.ts';
import type { TaskId } from '../task/ids.ts';
import { toRunId } from '../task/ids.ts';
import { limitsOf, toParties } from '../task/line.ts';
import type { Task } from '../task/task.ts';
import { authoriseRun } from './authorise.ts';
import type { WorkerDeps } from './deps.ts';
import { overtakenBy } from './overtaken.ts';
import { admitRun, withdraw } from './spending.ts';

const authorityRetryMs = 5_000;
const pushRetryMs = 2_000;
const homeRetryMs = 15_000;
/** How long a machine that has work which no branch has is waited for. */
const goneMs = 60 * 60_000;

/**
 * What became of a task whose turn it was. `left` is queued still, with a reason in its thread, or has ended; `lost` went to
 * another worker, or to nobody since a limit was reached meanwhile.
 */
export type Start =
  | { readonly type: 'started'; readonly task: Task }
  | { readonly type: 'left' }
  | { readonly type: 'lost' };

/** Claims the next run of a task, if it may begin here and now. Of several workers that try, one does. */
export async function startRun(deps: WorkerDeps, id: TaskId): Promise<Start> {
  const { store, policy, clock, engine } = deps;
  const task = await store.find(id);
  if (task?.run.type !== 'queued') {
    // An older Errand took it up or ended it, and left it in the line.
    await store.leaveLine(id);
    return lost;
  }
  const ended = overtakenBy(task);
  if (ended !== null) {
    await store.apply(id, { type: 'run_failed', run: null, problem: ended, retry: false, at: clock.now() });
    return left;
  }
  if (isBeingPushed(task)) {
    await delayRun(deps, task, 'It waits until what was released before is pushed.', pushRetryMs);
    return left;
  }
  const held = heldElsewhere(task, engine);
  if (held !== undefined && clock.now() - task.run.since < goneMs) {
    const host = await deps.hosts.find(held.engine);
    const name = host === undefined ? '' : ` (${host.name})`;
    const reason = `It waits for the machine${name} that has what run ${held.run} changed, for an hour at most.`;
    await delayRun(deps, task, reason, homeRetryMs);
    return left;
  }
  if (!(await isAuthorised(deps, task))) return left;
  const allowance = await admitRun(deps, task);
  if (allowance === null) return left;
  const number = task.runs + 1;
  const run = toRunId(id, number);
  const started = await store.apply(
    id,
    { type: 'run_started', run, number, engine, allowance, at: clock.now() },
    { within: limitsOf(toParties(task), policy.turns) },
  );
  if (started.type === 'applied') return { type: 'started', task: started.task };
  await withdraw(deps, started.task, run);
  return lost;
}

/** Leaves a task queued, says why in its thread, and has it tried again after a while. Costs no attempt. */
export async function delayRun(
  { store, queue, clock }: Pick<WorkerDeps, 'store' | 'queue' | 'clock'>,
  { id }: Pick<Task, 'id'>,
  reason: string,
  againMs: number,
): Promise<void> {
  const at = clock.now();
  await store.apply(id, { type: 'run_delayed', reason, until: at + againMs, at });
  await queue.wake({ type: 'run', task: id }, { delayMs: againMs });
}

const left = { type: 'left' } as const;
const lost = { type: 'lost' } as const;

/** What was allowed when it was asked for may not be by now; a job in the queue proves nothing. */
async function isAuthorised(deps: WorkerDeps, task: Task): Promise<boolean> {
  const authority = await authoriseRun(deps, task);
  switch (authority.type) {
    case 'held':
      return true;
    case 'wait':
      await delayRun(deps, task, authority.reason, authorityRetryMs);
      return false;
    case 'refused': {
      const { problem } = authority;
      deps.log.warn({ task: task.id, person: task.requester, code: problem.code }, 'Refused');
      const at = deps.clock.now();
      await deps.store.apply(task.id, { type: 'run_failed', run: null, problem, retry: false, at });
      return false;
    }
    default:
      return authority satisfies never;
  }
}
