import { Queue } from 'bullmq';
import { type Cluster, Redis } from 'ioredis';
import type { Host } from '../task/hosts.ts';
import type { Job } from '../task/ports/run-queue.ts';
import { jobsPrefix, queueName } from './names.ts';

const types = ['run', 'merge', 'push', 'pull'] as const satisfies readonly Job['type'][];

export interface BoardQueue {
  readonly queue: Queue;
  /** What people call it. */
  readonly title: string;
}

/**
 * The queues as a board shows them: one a type of job, and one more for each machine that runs are woken at. Over a connection of their
 * own that gives up soon: nobody's work waits for who looks on.
 */
export function openBoardQueues(options: {
  readonly url: string;
  /** Where that is a node of a cluster. */
  readonly cluster?: { prompt(): Cluster } | undefined;
  readonly instance?: string;
  readonly hosts: () => Promise<readonly Pick<Host, 'engine' | 'name'>[]>;
  readonly onError: (error: Error) => void;
}): { list(): Promise<readonly BoardQueue[]> } & AsyncDisposable {
  const connection =
    options.cluster?.prompt() ??
    new Redis(options.url, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: 5_000,
      retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 6), 1_000),
    });
  connection.on('error', options.onError);
  const opened = new Map<string, Queue>();
  const open = (name: string) => {
    const known = opened.get(name);
    if (known !== undefined) return known;
    const queue = new Queue(name, { connection, prefix: jobsPrefix(options.instance) });
    queue.on('error', options.onError);
    opened.set(name, queue);
    return queue;
  };
  return {
    async list() {
      const hosts = await options.hosts();
      return [
        ...types.map((type) => ({ queue: open(queueName(type)), title: type })),
        ...hosts.map(({ engine, name }) => ({ queue: open(queueName('run', engine)), title: `run on ${name}` })),
      ];
    },
    async [Symbol.asyncDispose]() {
      await Promise.allSettled(Array.from(opened.values(), (queue) => queue.close()));
      connection.disconnect();
    },
  };
}
