import type { WorkerDeps } from '../app/deps.ts';
import type { TaskId } from '../task/ids.ts';

/** Something that lets go of what tasks other than these left, and knows by itself how old that has to be. */
export type Reaper = (alive: readonly TaskId[], urgent: boolean) => Promise<void>;

/**
 * One reaper of several, which keep nothing from each other: with the engine away, mirrors and old tasks go all the same. The first
 * failure is thrown at the end.
 */
export function reapers(...each: readonly Reaper[]): WorkerDeps['reap'] {
  return async (alive, urgent) => {
    const failures: unknown[] = [];
    for (const reap of each) await reap(alive, urgent).catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  };
}
