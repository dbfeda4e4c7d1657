import type { Connection } from '../connection.ts';
import { createKeys } from '../keys.ts';
import { laneFlaws } from './check-lanes.ts';
import { fileFlaws, inboxFlaws, jobFlaws, spendingFlaws, unrest } from './check-rest.ts';
import { readTasks, taskFlaws } from './check-tasks.ts';
import { type Flaw, say } from './flaw.ts';
import { strangeness } from './known-keys.ts';
import { type Snapshot, takeSnapshot } from './snapshot.ts';

/**
 * Everything in the store that should not be so: keys that are none of Errand's, or that would stay for ever; indexes that name what
 * is not there or lack what is; tasks that their events don't lead to; messages that nobody would deliver, jobs that nobody would do. It
 * looks at one moment, so that an Errand at work is no reason for a flaw. With `atRest`, what is still to be done is one as well.
 * Changes nothing. Throws `store_large` where looking would hold Redis up.
 */
export async function checkStore(
  redis: Connection,
  options: { instance?: string; atRest?: boolean } = {},
): Promise<readonly Flaw[]> {
  const all = await takeSnapshot(redis, createKeys(options.instance ?? 'default'));
  return [...flawsOf(all), ...(options.atRest ? unrest(all) : [])];
}

/** What is wrong in a snapshot. Pure. */
export function flawsOf(all: Snapshot): readonly Flaw[] {
  const { tasks, flaws } = readTasks(all);
  const strange = Array.from(all.values()).flatMap((entry) => {
    const found = strangeness(entry);
    return found === undefined ? [] : say(entry.name, found);
  });
  return [
    ...strange,
    ...flaws,
    ...taskFlaws(all, tasks),
    ...laneFlaws(all),
    ...inboxFlaws(all),
    ...fileFlaws(all),
    ...spendingFlaws(all, tasks),
    ...jobFlaws(all),
  ];
}
