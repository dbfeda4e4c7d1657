import type { TaskEvent } from '../task/events.ts';
import type { RunId, TaskId } from '../task/ids.ts';
import type { Task } from '../task/task.ts';
import type { WorkerDeps } from './deps.ts';

/** One run as its worker holds it. Every write carries the epoch of the claim, so that a newer claim silences this one. */
export interface Attendance {
  readonly deps: WorkerDeps;
  readonly id: TaskId;
  readonly run: RunId;
  readonly epoch: number;
  readonly signal: AbortSignal;
}

/** The run is no longer this worker's: a person stopped it, or it was claimed anew. */
export class Superseded extends Error {
  override readonly name = 'Superseded';
}

type Fact<Event = TaskEvent> = Event extends TaskEvent ? Omit<Event, 'at'> : never;

/** Writes a fact under the attendance's epoch. Duplicates are fine; anything else that is refused ends the attendance. */
export async function record({ deps, id, epoch }: Attendance, fact: Fact): Promise<Task> {
  const written = await deps.store.apply(id, { ...fact, at: deps.clock.now() } as TaskEvent, { epoch });
  if (written.type === 'applied') return written.task;
  if (written.reason === 'duplicate' && written.task !== undefined) return written.task;
  throw new Superseded(`${fact.type} was refused: ${written.reason}`);
}
