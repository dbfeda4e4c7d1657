import { createHash } from 'node:crypto';
import type { EngineId } from '../task/ids.ts';
import type { Job } from '../task/ports/run-queue.ts';

/** What the keys of all queues begin with: one hash tag, so that a cluster keeps a queue in one place. */
export function jobsPrefix(instance = 'default'): string {
  return `{errand:${instance}}:jobs`;
}

/** BullMQ takes no colons in a name, and engines' ids may have some. */
export function queueName(type: Job['type'], at?: EngineId): string {
  return at === undefined ? type : `${type}-${createHash('sha256').update(at).digest('hex').slice(0, 16)}`;
}
