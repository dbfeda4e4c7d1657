import type { TaskId } from '../task/ids.ts';
import type { DockerSandbox } from './docker-sandbox.ts';

/**
 * Removes everything of tasks that `alive` doesn't have and that nothing touched for `graceMs`: containers, gateways,
 * bundles, workspaces, in this order and a few tasks at a time. Only this instance's. Returns the tasks it removed; one that
 * can't be removed now stays for the next time, and the first such failure is thrown at the end.
 */
export async function reap(
  sandbox: Pick<DockerSandbox, 'traces' | 'removeUntouched'>,
  order: { alive: ReadonlySet<TaskId>; graceMs: number; now: number },
): Promise<readonly TaskId[]> {
  const touchedAt = new Map<TaskId, number>();
  for (const trace of await sandbox.traces()) {
    touchedAt.set(trace.task, Math.max(trace.touchedAt, touchedAt.get(trace.task) ?? 0));
  }
  const dead = [...touchedAt].filter(([task, at]) => !order.alive.has(task) && order.now - at > order.graceMs);
  const removed: TaskId[] = [];
  const failures: unknown[] = [];
  const next = dead.values();
  const lanes = Array.from({ length: 4 }, async () => {
    for (const [task] of next) {
      try {
        // Its next run may have begun while others were removed.
        if (await sandbox.removeUntouched(task, order.now - order.graceMs)) removed.push(task);
      } catch (error) {
        failures.push(error);
      }
    }
  });
  await Promise.all(lanes);
  if (failures.length > 0) throw failures[0];
  return removed;
}

/** How often the engine is looked through for what belongs to no task. */
const cleanEveryMs = 60 * 60_000;

/** A reaper that is asked again while it still works lets both have the answer of the one round, and cleans the engine now and then. */
export function openReaper(
  sandbox: Pick<DockerSandbox, 'traces' | 'removeUntouched' | 'clean'>,
): (order: Parameters<typeof reap>[1]) => ReturnType<typeof reap> {
  let reaping: ReturnType<typeof reap> | undefined;
  let cleanedAt = Number.NEGATIVE_INFINITY;
  const round = async (order: Parameters<typeof reap>[1]) => {
    const removed = await reap(sandbox, order);
    if (performance.now() - cleanedAt >= cleanEveryMs) {
      await sandbox.clean(order.now);
      cleanedAt = performance.now();
    }
    return removed;
  };
  return (order) => {
    reaping ??= round(order).finally(() => {
      reaping = undefined;
    });
    return reaping;
  };
}
