import type { HoldEvent } from './events.ts';
import type { EngineId } from './ids.ts';
import { atEveryPart, ciOf, hasEnded } from './parts.ts';
import type { Change, Hold, Part, Task } from './task.ts';
import type { Transition } from './transition.ts';

/** Whether a part has work that waits for an approver's word, which may come until its pull request ends, or for the push that came of it. */
export function isHeld({ hold, pull }: Part): boolean {
  return hold?.state.type === 'released' || (hold?.state.type === 'open' && !hasEnded(pull));
}

/**
 * Whether a branch of the task is about to be pushed to, on somebody's word: a run that began meanwhile would go on without what is
 * pushed, and lose it, or have its branch moved under it.
 */
export function isBeingPushed({ parts }: Task): boolean {
  return parts.some(
    ({ hold, pull }) => hold?.state.type === 'released' || (pull.type === 'open' && pull.release !== undefined),
  );
}

/** Work that a next run of the part goes on from, since no branch has it; undefined without. */
export function heldWork({ hold }: Part): Hold | undefined {
  return hold?.state.type === 'open' ? hold : undefined;
}

/** Work that the next run of a task would go without if it began on this engine: its commit is on the machine of the run before. */
export function heldElsewhere({ parts, home }: Task, engine: EngineId): Hold | undefined {
  const found = parts.map(heldWork).find((hold) => hold !== undefined && hold.engine !== engine);
  // A run that began elsewhere since went without it already.
  return home === undefined || home === found?.engine ? found : undefined;
}

/** A task without what its earlier runs had held; a run that ended since has the last word on it. */
export function withoutHolds(task: Task, stays: (hold: Hold) => boolean): Task {
  return atEveryPart(task, (part) => {
    const { hold, ...rest } = part;
    return hold === undefined || stays(hold) ? part : rest;
  });
}

/** What happens to held work: it is released by a person, refused by GitHub, or pushed, and then up for review as any other. */
export function moveHold(task: Task, event: HoldEvent): Transition {
  const part = task.parts.find(({ repository }) => repository === event.repository);
  const hold = part?.hold;
  if (part === undefined) return { applied: false, reason: 'no_such_repository' };
  if (hold?.head !== event.head) return { applied: false, reason: 'older_head' };
  const put = (moved: Part): Task => atEveryPart(task, (each) => (each === part ? moved : each));
  const to = (state: Hold['state']): Transition => ({
    applied: true,
    task: put({ ...part, hold: { ...hold, state } }),
  });
  switch (event.type) {
    case 'hold_released': {
      if (hold.state.type !== 'open') return { applied: false, reason: 'duplicate' };
      if (task.run.type !== 'idle') return { applied: false, reason: 'not_idle' };
      if (part.pull.type === 'merged' || part.pull.type === 'closed')
        return { applied: false, reason: 'pull_request_ended' };
      return to({ type: 'released', by: event.by, byName: event.byName, at: event.at });
    }
    case 'hold_refused':
      if (hold.state.type !== 'released') return { applied: false, reason: 'duplicate' };
      return to({ type: 'open', refusal: event.problem });
    case 'hold_pushed': {
      if (hold.state.type !== 'released') return { applied: false, reason: 'duplicate' };
      const { head, report } = releasedChange(hold, hold.state);
      const { owed: _, ...rest } = part;
      const ci = ciOf(part, head);
      const moved = put({
        ...rest,
        hold: { ...hold, state: { ...hold.state, type: 'pushed' } },
        results: [...part.results, { run: hold.run, head, by: 'run', report, ...(ci && { ci }) }],
      });
      return { applied: true, task: withOutcome(moved, { repository: part.repository, head, report }) };
    }
    default:
      return event satisfies never;
  }
}

/** What goes up for review of held work: its report says who had it pushed. */
export function releasedChange(
  { head, report, secrets }: Hold,
  { by, byName }: Extract<Hold['state'], { byName: string }>,
): Pick<Change, 'head' | 'report'> {
  return { head, report: { ...report, pushedAnyway: { ...secrets, by, byName } } };
}

/** A run of which nothing was pushed has made a change after all. */
function withOutcome(task: Task, change: Change): Task {
  const outcome = task.run.type === 'idle' ? task.run.outcome : null;
  if (outcome?.type !== 'held' && outcome?.type !== 'changed') return task;
  const changes = outcome.type === 'changed' ? outcome.changes : [];
  const changed = { type: 'changed', changes: [...changes, change], missing: outcome.missing } as const;
  return { ...task, run: { type: 'idle', outcome: changed } };
}
