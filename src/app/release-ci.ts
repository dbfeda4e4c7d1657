import type { PullEvent } from '../task/events.ts';
import type { Sha, TaskId } from '../task/ids.ts';
import { partIn } from '../task/parts.ts';
import { Problem } from '../task/problem.ts';
import type { Part, Task } from '../task/task.ts';
import { authoriseMerge } from './authorise.ts';
import type { WorkerDeps } from './deps.ts';
import { narrower } from './merge.ts';
import { holdToRepository } from './same-repository.ts';
import { watchPull } from './watch-pull.ts';

/**
 * Has GitHub's workflows run where an approver said so: the held head's tree goes to the branch once more, without the mark, over nothing
 * but that head. The gate then names the new head, and nothing that was said of the old one holds for it. Each step finds what an
 * earlier try left: the same commit is made again, and a branch that has it is done.
 */
export async function releaseCi(deps: WorkerDeps, id: TaskId, signal: AbortSignal): Promise<void> {
  const asked = await deps.store.find(id);
  const waits: number[] = [];
  for (const { repository } of (asked?.parts ?? []).filter(isToRelease)) {
    const waitMs = await releasePart(deps, id, repository, signal);
    if (waitMs !== null) waits.push(waitMs);
  }
  if (waits.length > 0) await deps.queue.wake({ type: 'merge', task: id }, { delayMs: Math.min(...waits) });
}

/** Whether workflows are about to run on what this part's pull request stands at. */
export function isToRelease({ pull }: Part): boolean {
  return pull.type === 'open' && pull.release !== undefined;
}

/** Returns after how long to try again; null where there is nothing to wait for. */
async function releasePart(
  deps: WorkerDeps,
  id: TaskId,
  repository: Part['repository'],
  signal: AbortSignal,
): Promise<number | null> {
  const find = async () => {
    const task = await deps.store.find(id);
    const part = task && partIn(task, repository);
    return task === undefined || part === undefined || !isToRelease(part) ? undefined : { task, part };
  };
  const head = headOf((await find())?.part);
  if (head === null) return null;
  const tell = (event: Untimed) => deps.store.apply(id, { ...event, repository, at: deps.clock.now() });
  try {
    await watchPull(deps, id, repository);
    const now = await find();
    if (now === undefined || headOf(now.part) !== head) return null;
    const pushed = await push(deps, now.task, now.part, head, signal);
    // Whatever took its place is looked at anew.
    if (pushed === null) return deps.askAgainMs;
    await tell({ type: 'ci_released', from: head, head: pushed });
    return null;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    deps.log.warn({ task: id, repository, code: error.failure.code, err: error }, 'CI could not be run');
    if (!error.retry) {
      await tell({ type: 'ci_refused', head, problem: error.failure });
      return null;
    }
    await tell({ type: 'ci_delayed', head, reason: error.failure.sentence });
    return Math.max(deps.askAgainMs, (error.retryAt ?? 0) - deps.clock.now());
  }
}

type CiEvent = Extract<PullEvent, { type: 'ci_released' | 'ci_delayed' | 'ci_refused' }>;
type Untimed = CiEvent extends infer Each ? (Each extends CiEvent ? Omit<Each, 'at' | 'repository'> : never) : never;

function headOf(part: Part | undefined): Sha | null {
  return part === undefined || part.pull.type !== 'open' ? null : part.pull.pull.head;
}

/** Null where the release no longer stands once all is prepared. */
async function push(deps: WorkerDeps, task: Task, part: Part, held: Sha, signal: AbortSignal): Promise<Sha | null> {
  const { repository, base, pull } = part;
  const by = pull.type === 'open' ? pull.release?.by : undefined;
  if (by === undefined) throw moved(held);
  const heldToIdle = async () => {
    if ((await deps.store.find(task.id))?.run.type !== 'idle') throw busy();
  };
  await heldToIdle();
  const place = { task: task.id, part: task.parts.indexOf(part) };
  await holdToRepository(deps, part);
  const authority = await authoriseMerge(deps, task, repository, { by, byName: `<@${by}>` });
  if (authority.type === 'wait') throw unseen(authority.reason);
  if (authority.type === 'refused') throw new Problem(authority.problem);
  const { rules } = await deps.repositories.prepare({ ...place, repository, base, branch: task.branch, signal });
  const narrowed = narrower(rules, task, repository, by);
  if (narrowed !== null) throw new Problem(narrowed);
  const head = await deps.repositories.release({ ...place, repository, head: held });
  const order = { ...place, repository, branch: task.branch, head, remote: held, signal };
  // Preparing takes a while, in which people reply; from here on no run starts before this is told.
  await heldToIdle();
  const found = await deps.store.find(task.id);
  const now = found && partIn(found, repository)?.pull;
  deps.lease.check();
  if (now?.type !== 'open' || now.pull.head !== held || now.release?.by !== by) return null;
  if ((await deps.repositories.push(order)) === 'moved') throw moved(held);
  return head;
}

function unseen(reason: string): Problem {
  return new Problem(
    { code: 'approver_unseen', sentence: `${reason}.`, next: 'It goes on by itself.' },
    { retry: true },
  );
}

function busy(): Problem {
  return new Problem({
    code: 'run_under_way',
    sentence: 'The agent is at work again, and would find the branch moved under it.',
    next: 'Press Run CI on the next result.',
  });
}

function moved(held: Sha): Problem {
  return new Problem({
    code: 'branch_moved',
    sentence: `The branch has moved on since commit ${held.slice(0, 7)}.`,
    next: 'Look at the newest result message in this thread.',
  });
}
