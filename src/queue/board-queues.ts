import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import type { Job } from '../task/ports/run-queue.ts';
import { jobsPrefix } from './names.ts';

const types = Object.keys({ run: 1, merge: 1, push: 1, pull: 1 } satisfies Record<Job['type'], 1>);

/** The queues as a board shows them, over a connection of their own that gives up soon: nobody's work waits for who looks on. */
export function openBoardQueues(options: {
  readonly url: string;
  readonly instance?: string;
  readonly onError: (error: Error) => void;
}): { readonly queues: readonly Queue[] } & AsyncDisposable {
  const connection = new Redis(options.url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 5_000,
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 6), 1_000),
  });
  connection.on('error', options.onError);
  const queues = types.map((type) => {
    const queue = new Queue(type, { connection, prefix: jobsPrefix(options.instance) });
    queue.on('error', options.onError);
    return queue;
  });
  return {
    queues,
    async [Symbol.asyncDispose]() {
      await Promise.allSettled(queues.map((queue) => queue.close()));
      connection.disconnect();
    },
  };
}
