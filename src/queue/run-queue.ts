import { setTimeout as wait } from 'node:timers/promises';
import { Queue, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import { type Cluster, Redis } from 'ioredis';
import { z } from 'zod';
import { type EngineId, parseTaskId, type TaskId } from '../task/ids.ts';
import type { Job, Room, RunQueue } from '../task/ports/run-queue.ts';
import { Problem } from '../task/problem.ts';
import { jobsPrefix, queueName } from './names.ts';

export interface RunQueueOptions {
  /** `redis://…`, `rediss://…` or a socket's path. */
  readonly url: string;
  /** Where that is a node of a cluster: connections to all of it, such as fail at once and such as wait. */
  readonly cluster?: { prompt(): Cluster; patient(): Cluster } | undefined;
  /** Keeps several Errands on one Redis apart. */
  readonly instance?: string;
  /** Gets what went wrong beside a call (a lost connection, a job that failed), and which task it is about where it is about one. */
  readonly onError: (error: Error, about?: object) => void;
  /** Takes secrets out of what a failed job leaves in Redis. */
  readonly redact?: (text: string) => string;
}

/** After these, the job is dropped and the recovery sweep, which looks at the tasks themselves, wakes the task again. */
const maxAttempts = 10;
const longestBackoffMs = 60_000;
const pingTimeoutMs = 500;
/** A producer that waits longer than this would keep Slack waiting. */
const wakeTimeoutMs = 2_000;
const closeTimeoutMs = 2_000;
/** A worker that says nothing for this long is thought dead, and its jobs go to another within `stalledMs` more. */
const lockMs = 6_000;
const stalledMs = 2_000;

/** What anybody who can write to Redis may have put there; whether the task wants it, only the task says. */
const data = z.strictObject({ task: z.string().max(40) });

interface Data {
  readonly task: TaskId;
}

/**
 * The queue on BullMQ, one a job type (and one more an engine that tasks are woken at), so that no type waits for another. A task has at most one waiting job of a type and one
 * that is being handled; a wake-up that comes meanwhile is handled after it. Who is served first is not decided here: a job says that there is something to do.
 * `wake` throws `redis_down` within two seconds. A handler's error brings its job back, first after a second, then
 * after twice as long each time up to a minute, or when the `Problem` says; ten times, then the job is dropped.
 */
export function createRunQueue(options: RunQueueOptions): RunQueue & AsyncDisposable {
  const prefix = jobsPrefix(options.instance);
  const producer =
    options.cluster?.prompt() ??
    new Redis(options.url, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: wakeTimeoutMs,
      retryStrategy: reconnectMs,
    });
  producer.on('error', options.onError);
  const queues = new Map<string, Queue<Data>>();
  const open = (type: Job['type'], at: EngineId | undefined) => {
    const name = queueName(type, at);
    const known = queues.get(name);
    if (known !== undefined) return known;
    const queue = new Queue<Data>(name, { connection: producer, prefix });
    queue.on('error', options.onError);
    queues.set(name, queue);
    return queue;
  };

  return {
    wake: (job, { delayMs = 0, unlessWaiting = false, at } = {}) =>
      inTime(`wake task ${job.task}`, async () => {
        const queue = open(job.type, at);
        const sooner = !unlessWaiting && (await isSooner(queue, job.task, delayMs));
        await queue.add(
          job.type,
          { task: job.task },
          {
            delay: delayMs,
            deduplication: { id: job.task, keepLastIfActive: true, reschedule: sooner },
            attempts: maxAttempts,
            backoff: { type: 'custom' },
            removeOnComplete: true,
            removeOnFail: { count: 1_000, age: 7 * 24 * 3_600 },
          },
        );
      }),

    async work(type, handle, { concurrency, signal, room = boundless, at }) {
      if (signal.aborted) return;
      // BullMQ's blocking reads must wait for as long as Redis is away.
      const connection =
        options.cluster?.patient() ??
        new Redis(options.url, { maxRetriesPerRequest: null, retryStrategy: reconnectMs });
      connection.on('error', options.onError);
      const handling = new Set<Promise<void>>();
      const worker = new Worker<Data>(
        queueName(type, at),
        async (job, token, cancelled) => {
          if (!room.isFree()) {
            // Whoever has room for it may have it.
            leave().catch((error: Error) => options.onError(error));
            await job.moveToWait(token);
            throw new WaitingError();
          }
          const told = data.safeParse(job.data);
          const task = told.success ? parseTaskId(told.data.task) : undefined;
          if (task === undefined)
            throw new UnrecoverableError('This job is none of ours: it does not name a task alone.');
          const handled = handle({ type, task }, cancelled ? AbortSignal.any([signal, cancelled]) : signal).catch(
            (error: unknown) => {
              throw withoutSecrets(error, options.redact);
            },
          );
          handling.add(handled);
          await handled.finally(() => handling.delete(handled));
          if (!room.isFree()) leave().catch((error: Error) => options.onError(error));
        },
        {
          connection,
          prefix,
          concurrency,
          lockDuration: lockMs,
          stalledInterval: stalledMs,
          // A crash of the worker is not the job's fault, however often it comes.
          maxStalledCount: Number.MAX_SAFE_INTEGER,
          runRetryDelay: 1_000,
          settings: { backoffStrategy: (attempt, _type, error) => backoffMs(attempt, error) },
        },
      );
      let isLeaving = false;
      // The next job is asked for as soon as a handler has ended: the worker has to be paused before.
      const leave = async () => {
        if (isLeaving) return;
        isLeaving = true;
        await worker.pause(true);
        await room.freed(signal);
        isLeaving = false;
        if (!signal.aborted) await worker.resume();
      };
      worker.on('error', options.onError);
      worker.on('failed', (job, error) => options.onError(error, job === undefined ? {} : { task: job.data.task }));
      // Another worker has the job by now; what this one still does for it would be done twice.
      worker.on('lockRenewalFailed', (ids) => {
        for (const id of ids) worker.cancelJob(id, 'the lock on this job was lost');
      });
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      await worker.pause(true);
      await Promise.allSettled(handling);
      // Closing tells Redis how the last jobs ended, and would wait for ever for one that is away.
      // Asked, not looked up: a connection that just broke still counts as ready.
      const pinged = connection.ping().then(
        () => true,
        () => false,
      );
      const away = !(await Promise.race([pinged, wait(pingTimeoutMs, false, { ref: false })]));
      await Promise.race([worker.close(away), wait(closeTimeoutMs, undefined, { ref: false })]);
      connection.disconnect();
    },

    async [Symbol.asyncDispose]() {
      await Promise.allSettled(Array.from(queues.values(), (queue) => queue.close()));
      producer.disconnect();
    },
  };
}

const boundless: Room = { isFree: () => true, freed: async () => undefined };

/** BullMQ keeps the words and the stack of what failed. */
function withoutSecrets(error: unknown, redact: RunQueueOptions['redact']): unknown {
  if (redact === undefined || !(error instanceof Error)) return error;
  error.message = redact(error.message);
  if (error.stack !== undefined) error.stack = redact(error.stack);
  return error;
}

/** Whether a delayed job of this task would come later than the new one; the earlier wake-up wins. */
async function isSooner(queue: Queue<Data>, task: TaskId, delayMs: number): Promise<boolean> {
  if (delayMs === 0) return true;
  const id = await queue.getDeduplicationJobId(task);
  const waiting = id === null ? undefined : await queue.getJob(id);
  return waiting !== undefined && Date.now() + delayMs < waiting.timestamp + waiting.delay;
}

function backoffMs(attempt: number, error: Error | undefined): number {
  const known = error instanceof Problem && error.retryAt !== null ? error.retryAt - Date.now() : 0;
  return Math.max(known, Math.min(1_000 * 2 ** (attempt - 1), longestBackoffMs));
}

function reconnectMs(times: number): number {
  return Math.min(50 * 2 ** Math.min(times, 6), 1_000);
}

/** BullMQ waits for a connection as long as it takes; whoever wakes a task does not. */
async function inTime<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${wakeTimeoutMs} ms`)), wakeTimeoutMs);
  });
  try {
    return await Promise.race([work(), late]);
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new Problem(
      {
        code: 'redis_down',
        sentence: `Errand could not ${what}: its queue (Redis) does not take it (${found}).`,
        next: 'Try again in a minute. The operator finds the reason in the log and with `npm run doctor`.',
      },
      { retry: true, cause },
    );
  } finally {
    clearTimeout(timer);
  }
}
