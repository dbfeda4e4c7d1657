import { releasedChange } from '../task/hold.ts';
import type { TaskId } from '../task/ids.ts';
import { partIn } from '../task/parts.ts';
import { Problem } from '../task/problem.ts';
import type { Failure, Hold, Part, Task } from '../task/task.ts';
import { authoriseMerge } from './authorise.ts';
import type { WorkerDeps } from './deps.ts';
import { narrower } from './merge.ts';
import { openPulls } from './open-pulls.ts';
import { moveHead, pushWork } from './push-work.ts';
import { watchPull } from './watch-pull.ts';

/** How long a machine that has such a commit is waited for. */
const goneMs = 60 * 60_000;

type Released = Hold & { readonly state: Extract<Hold['state'], { byName: string }> };

/**
 * Pushes what an approver released, as it was checked, and brings it up for review. Safe to repeat: the same commit is pushed once, and
 * a pull request is found by its branch. What GitHub or a rule refuses goes back to the message with its reason.
 */
export async function pushReleased(deps: WorkerDeps, id: TaskId): Promise<void> {
  const asked = await deps.store.find(id);
  for (const { repository, hold } of asked?.parts ?? []) {
    if (hold?.state.type !== 'released') continue;
    const { head } = hold;
    const refuse = (problem: Failure) =>
      deps.store.apply(id, { type: 'hold_refused', repository, head, problem, at: deps.clock.now() });
    if (hold.engine !== deps.engine) {
      // The commit is there and nowhere else.
      if (deps.clock.now() - (hold.state.at ?? 0) >= goneMs) await refuse(engineGone);
      else await deps.queue.wake({ type: 'push', task: id }, { at: hold.engine, unlessWaiting: true });
      continue;
    }
    try {
      await watchPull(deps, id, repository);
      const task = await deps.store.find(id);
      const part = task && partIn(task, repository);
      if (task === undefined || part?.hold?.state.type !== 'released' || part.hold.head !== head) continue;
      const authority = await authoriseMerge(deps, task, repository, part.hold.state);
      if (authority.type === 'wait') {
        await deps.queue.wake({ type: 'push', task: id }, { delayMs: deps.askAgainMs });
        continue;
      }
      const problem =
        authority.type === 'refused'
          ? authority.problem
          : await pushPart(deps, task, part, { ...part.hold, state: part.hold.state });
      if (problem !== null) await refuse(problem);
    } catch (error) {
      if (!(error instanceof Problem) || (error.retry && error.failure.code !== 'branch_moved')) throw error;
      deps.log.warn({ task: id, repository, code: error.failure.code, err: error }, 'Released work was not pushed');
      await refuse(error.failure.code === 'branch_moved' ? movedMeanwhile(error.failure) : error.failure);
    }
  }
}

async function pushPart(deps: WorkerDeps, task: Task, part: Part, hold: Released): Promise<Failure | null> {
  const { repository, base, pull } = part;
  if (pull.type === 'merged' || pull.type === 'closed') {
    return {
      code: 'pull_request_ended',
      sentence: `Its pull request was ${pull.type} meanwhile.`,
      next: 'Reply in the thread to start a task that continues this one.',
    };
  }
  const index = task.parts.indexOf(part);
  const order = { task: task.id, part: index, repository, base, branch: task.branch };
  const { rules } = await deps.repositories.prepare({ ...order, signal: AbortSignal.timeout(prepareDeadlineMs) });
  const narrowed = narrower(rules, task, repository, hold.state.by);
  if (narrowed !== null) return narrowed;
  const change = { repository, ...releasedChange(hold, hold.state) };
  await pushWork(deps, task, { ...part, index, remote: hold.remote }, hold.head);
  await moveHead(deps, task, change, 'run');
  const [opened] = await openPulls(deps, (await deps.store.find(task.id)) ?? task, [change]);
  if (opened !== undefined && opened.problem !== null) throw opened.problem;
  await deps.store.apply(task.id, { type: 'hold_pushed', repository, head: hold.head, at: deps.clock.now() });
  return null;
}

const prepareDeadlineMs = 10 * 60_000;

const engineGone: Failure = {
  code: 'engine_gone',
  sentence: 'The machine that has this commit has not answered for an hour.',
  next: 'Start its worker and press Push anyway again, or press Retry to have the work done anew elsewhere.',
};

function movedMeanwhile({ code }: Failure): Failure {
  return {
    code,
    sentence: 'Somebody pushed to its branch meanwhile, so it was not pushed over theirs.',
    next: 'Reply in the thread to have it done on top of that.',
  };
}
