import type { TaskId } from '../task/ids.ts';
import type { Traffic } from '../task/network.ts';
import type { Metrics } from './metrics.ts';

/** Counts what passes the gateways of tasks: of each as far as its meter moved since it was last looked at. */
export interface TrafficCounter {
  /** Before a run: what its task sent and got earlier has been counted. */
  begin(task: TaskId): Promise<void>;
  /** A task that was never seen before, that of a run which another worker started, is only noted: nobody knows what was counted. */
  look(task: TaskId): Promise<void>;
  /** For the last time, as long as the meter is there. */
  end(task: TaskId): Promise<void>;
}

export function countTraffic(metrics: Metrics, read: (task: TaskId) => Promise<Traffic | null>): TrafficCounter {
  const seen = new Map<TaskId, Traffic>();

  async function look(task: TaskId): Promise<void> {
    const now = await read(task);
    if (now === null) return;
    const before = seen.get(task);
    seen.set(task, now);
    if (before === undefined) return;
    // A meter that was lost begins at nothing.
    const from = before.meter === now.meter ? before : { ...nothing, meter: now.meter };
    for (const [direction, part, other] of parts) {
      metrics.gatewayBytes.inc({ direction, with: other }, Math.max(0, now[part] - from[part]));
    }
  }

  return {
    async begin(task) {
      const now = await read(task);
      seen.set(task, now ?? { ...nothing, meter: '' });
    },
    look,
    async end(task) {
      await look(task);
      seen.delete(task);
    },
  };
}

const nothing = { modelSent: 0, modelReceived: 0, hostSent: 0, hostReceived: 0 };
const parts = [
  ['out', 'modelSent', 'models'],
  ['in', 'modelReceived', 'models'],
  ['out', 'hostSent', 'hosts'],
  ['in', 'hostReceived', 'hosts'],
] as const;
