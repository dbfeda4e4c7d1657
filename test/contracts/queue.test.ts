import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createRunQueue } from '../../src/queue/run-queue.ts';
import type { EngineId, TaskId } from '../../src/task/ids.ts';
import type { Job, RunQueue, WorkOptions } from '../../src/task/ports/run-queue.ts';
import { Problem } from '../../src/task/problem.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { failure, taskId } from '../task/example.ts';

let server: TestRedis;
let number = 0;
const worker = new URL('../support/queue-worker.ts', import.meta.url);

beforeAll(async () => {
  server = await startRedis();
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

function openQueue(url = server.url, instance = `test${++number}`) {
  return createRunQueue({ url, instance, onError: () => undefined });
}

const [one, two, three] = [taskId('t000001'), taskId('t000002'), taskId('t000003')];
const run = (task: TaskId): Job => ({ type: 'run', task });

/** Works one type until disposed; `handled` is told of each job when its handler begins. */
function working(
  queue: RunQueue,
  handle: (job: Job, signal: AbortSignal) => Promise<void>,
  { type = 'run', concurrency = 1, ...options }: { type?: Job['type'] } & Partial<WorkOptions> = {},
) {
  const ended = new AbortController();
  const done = queue.work(type, handle, { ...options, concurrency, signal: ended.signal });
  return {
    abort: () => ended.abort(),
    done,
    async [Symbol.asyncDispose]() {
      ended.abort();
      await done;
    },
  };
}

describe('the run queue', () => {
  it('hands a job to a worker once, though it was woken many times', async () => {
    await using queue = openQueue();
    await Promise.all(Array.from({ length: 10 }, () => queue.wake(run(one))));
    await queue.wake(run(two));
    const seen: TaskId[] = [];
    await using _worker = working(queue, async (job) => void seen.push(job.task));
    await vi.waitFor(() => expect(seen).toContain(two), 5_000);
    expect(seen).toEqual([one, two]);
  });

  it('does not lose a wake-up that comes while the task is being handled', async () => {
    await using queue = openQueue();
    const seen: TaskId[] = [];
    const first = Promise.withResolvers<void>();
    await using _worker = working(
      queue,
      async (job) => {
        seen.push(job.task);
        if (seen.length === 1) await first.promise;
      },
      { concurrency: 4 },
    );
    await queue.wake(run(one));
    await vi.waitFor(() => expect(seen).toEqual([one]), 5_000);
    await Promise.all([queue.wake(run(one)), queue.wake(run(one)), queue.wake(run(one))]);
    await queue.wake(run(two));
    await vi.waitFor(() => expect(seen).toEqual([one, two]), 5_000);
    first.resolve();
    await vi.waitFor(() => expect(seen).toEqual([one, two, one]), 5_000);
    await queue.wake(run(three));
    await vi.waitFor(() => expect(seen).toEqual([one, two, one, three]), 5_000);
  });

  it('leaves jobs to others while a worker has no room for them, and takes them once it has', async () => {
    await using queue = openQueue();
    const seen: string[] = [];
    const opened = Promise.withResolvers<void>();
    let free = true;
    const room = { isFree: () => free, freed: () => opened.promise };
    const handle = async ({ task }: Job) => {
      seen.push(`full ${task}`);
      free = false;
    };
    await using _full = working(queue, handle, { room });
    await queue.wake(run(one));
    await vi.waitFor(() => expect(seen).toEqual([`full ${one}`]), 5_000);
    await queue.wake(run(two));
    {
      await using _other = working(queue, async ({ task }) => void seen.push(`other ${task}`));
      await vi.waitFor(() => expect(seen).toEqual([`full ${one}`, `other ${two}`]), 5_000);
    }
    await queue.wake(run(three));
    free = true;
    opened.resolve();
    await vi.waitFor(() => expect(seen.at(-1)).toBe(`full ${three}`), 5_000);
  });

  it('gives a job back that came to a worker which had lost its room by then', async () => {
    await using queue = openQueue();
    const seen: string[] = [];
    const asked = Promise.withResolvers<void>();
    const room = {
      isFree: () => false,
      freed: async (signal: AbortSignal) => {
        asked.resolve();
        await once(signal, 'abort');
      },
    };
    await using _full = working(queue, async ({ task }) => void seen.push(`full ${task}`), { room });
    await queue.wake(run(one));
    await asked.promise;
    await using _other = working(queue, async ({ task }) => void seen.push(`other ${task}`));
    await vi.waitFor(() => expect(seen).toEqual([`other ${one}`]), 5_000);
  });

  it('wakes the workers of one engine and no others, whatever its id is made of', async () => {
    await using queue = openQueue();
    const seen: string[] = [];
    const at = 'AB12:CD34:EF56' as EngineId;
    await using _any = working(queue, async ({ task }) => void seen.push(`any ${task}`));
    await using _here = working(queue, async ({ task }) => void seen.push(`here ${task}`), { at });
    await queue.wake(run(one), { at });
    await queue.wake(run(two));
    await vi.waitFor(() => expect(seen.toSorted()).toEqual([`any ${two}`, `here ${one}`]), 5_000);
  });

  it('lets no type wait for another', async () => {
    await using queue = openQueue();
    const busy = Promise.withResolvers<void>();
    const merged: TaskId[] = [];
    await using _runs = working(queue, () => busy.promise);
    await using _merges = working(queue, async (job) => void merged.push(job.task), { type: 'merge' });
    await queue.wake(run(one));
    await queue.wake({ type: 'merge', task: one });
    await vi.waitFor(() => expect(merged).toEqual([one]), 5_000);
    busy.resolve();
  });

  it('hands over no job that somebody else put there in another form, and goes on with the next', async () => {
    await using queue = openQueue();
    const connection = new Redis(server.url, { maxRetriesPerRequest: null });
    const forged = new Queue('run', { connection, prefix: `{errand:test${number}}:jobs` });
    await forged.addBulk(
      [{ task: '../../etc' }, { task: one, epoch: 9 }, { task: [one] }, { script: 'rm -rf /' }, 'text'].map((data) => ({
        name: 'run',
        data,
        opts: { attempts: 10 },
      })),
    );
    const seen: TaskId[] = [];
    await using _worker = working(queue, async (job) => void seen.push(job.task));
    await queue.wake(run(two));
    await vi.waitFor(async () => {
      expect(seen).toEqual([two]);
      // Refused for good, and not tried ten times.
      expect(await forged.getFailedCount()).toBe(5);
    }, 10_000);
    await forged.close();
    connection.disconnect();
  });

  it('leaves no secret in Redis of what a failed job said', async () => {
    const said: Error[] = [];
    const instance = `test${++number}`;
    const redact = (text: string) => text.replaceAll('canary', '[secret]');
    await using queue = createRunQueue({
      url: server.url,
      instance,
      onError: (error) => void said.push(error),
      redact,
    });
    await using _worker = working(queue, async () => {
      throw new Error('GitHub refused the token canary');
    });
    await queue.wake(run(one));
    await vi.waitFor(
      () => expect(said.map(({ message }) => message)).toContain('GitHub refused the token [secret]'),
      5_000,
    );
    const connection = new Redis(server.url);
    const keys = await connection.keys(`{errand:${instance}}*`);
    const types = await Promise.all(keys.map((key) => connection.type(key)));
    const hashes = await Promise.all(keys.flatMap((key, n) => (types[n] === 'hash' ? [connection.hgetall(key)] : [])));
    connection.disconnect();
    expect(JSON.stringify(hashes)).toContain('GitHub refused the token [secret]');
    expect(JSON.stringify(hashes)).not.toContain('canary');
  });

  it('brings a job back whose handler threw', async () => {
    await using queue = openQueue();
    let handled = 0;
    await using _worker = working(queue, async () => {
      handled += 1;
      if (handled < 3) throw new Problem(failure, { retry: true });
    });
    await queue.wake(run(one));
    await vi.waitFor(() => expect(handled).toBe(3), 10_000);
  });

  it('waits with a job that is to come later, unless it is woken before', async () => {
    await using queue = openQueue();
    const seen: TaskId[] = [];
    await using _worker = working(queue, async (job) => void seen.push(job.task));
    await queue.wake(run(one), { delayMs: 3_600_000 });
    await queue.wake(run(two), { delayMs: 3_600_000 });
    await queue.wake(run(three));
    await vi.waitFor(() => expect(seen).toEqual([three]), 5_000);
    await queue.wake(run(one), { delayMs: 10 });
    await vi.waitFor(() => expect(seen).toEqual([three, one]), 5_000);
    await queue.wake(run(two));
    await vi.waitFor(() => expect(seen).toEqual([three, one, two]), 5_000);
  });

  it('leaves a wake-up that waits for its time as it is, when asked to, and makes one where none waits', async () => {
    await using queue = openQueue();
    const seen: TaskId[] = [];
    await using _worker = working(queue, async (job) => void seen.push(job.task));
    await queue.wake(run(one), { delayMs: 3_600_000 });
    await queue.wake(run(one), { unlessWaiting: true });
    await queue.wake(run(two), { unlessWaiting: true });
    await vi.waitFor(() => expect(seen).toEqual([two]), 5_000);
    await queue.wake(run(one));
    await vi.waitFor(() => expect(seen).toEqual([two, one]), 5_000);
  });

  it('is not put off by a later wake-up', async () => {
    await using queue = openQueue();
    const seen: TaskId[] = [];
    await queue.wake(run(one), { delayMs: 100 });
    await queue.wake(run(one), { delayMs: 3_600_000 });
    await using _worker = working(queue, async (job) => void seen.push(job.task));
    await vi.waitFor(() => expect(seen).toEqual([one]), 5_000);
  });

  it('tells running handlers to end, waits for them, and takes no more', async () => {
    await using queue = openQueue();
    const seen: TaskId[] = [];
    const told = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    const stopping = working(queue, async (job, signal) => {
      seen.push(job.task);
      signal.addEventListener('abort', () => told.resolve());
      await finish.promise;
    });
    await queue.wake(run(one));
    await vi.waitFor(() => expect(seen).toEqual([one]), 5_000);
    await queue.wake(run(two));
    stopping.abort();
    await told.promise;
    const early = await Promise.race([stopping.done.then(() => 'closed'), wait(2_500).then(() => 'waiting')]);
    expect(early).toBe('waiting');
    finish.resolve();
    await stopping.done;
    expect(seen).toEqual([one]);
    await using _next = working(queue, async (job) => void seen.push(job.task));
    await vi.waitFor(() => expect(seen).toEqual([one, two]), 5_000);
  });

  it('goes on after Redis was killed, with what was waiting', async () => {
    await using own = await startRedis();
    await using queue = openQueue(own.url);
    const seen: TaskId[] = [];
    await using _worker = working(queue, async (job) => void seen.push(job.task));
    await queue.wake(run(one));
    await vi.waitFor(() => expect(seen).toEqual([one]), 5_000);
    await queue.wake(run(two), { delayMs: 500 });
    await own.stop('SIGKILL');
    await expect(queue.wake(run(three))).rejects.toMatchObject({ failure: { code: 'redis_down' }, retry: true });
    await own.start();
    await vi.waitFor(() => expect(seen).toEqual([one, two]), 20_000);
    await queue.wake(run(three));
    await vi.waitFor(() => expect(seen).toEqual([one, two, three]), 20_000);
  });

  it('ends by itself although Redis is away', async () => {
    await using own = await startRedis();
    const instance = `test${++number}`;
    await using queue = openQueue(own.url, instance);
    const child = fork(worker, [own.url, instance]);
    await queue.wake(run(one));
    await once(child, 'message');
    await own.stop('SIGKILL');
    const exited = once(child, 'exit');
    child.send('end');
    expect(await exited).toEqual([0, null]);
  });

  it('gives the job of a killed worker to another, however often that happens', async () => {
    const instance = `test${++number}`;
    await using queue = openQueue(server.url, instance);
    await queue.wake(run(one));
    for (let kill = 0; kill < 2; kill += 1) {
      const child = fork(worker, [server.url, instance]);
      await once(child, 'message');
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    }
    const seen: TaskId[] = [];
    await using _worker = working(queue, async (job) => void seen.push(job.task));
    await vi.waitFor(() => expect(seen).toEqual([one]), 40_000);
  });
});
