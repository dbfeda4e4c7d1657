import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { narrate } from '../../src/app/narrate.ts';
import { createRunQueue } from '../../src/queue/run-queue.ts';
import { checkRedis } from '../../src/store/check-redis.ts';
import { connect, openCluster, openPatientCluster } from '../../src/store/connection.ts';
import { checkStore } from '../../src/store/consistency/check-store.ts';
import { bringUpToDate } from '../../src/store/migrate.ts';
import { createStore } from '../../src/store/store.ts';
import type { TaskId } from '../../src/task/ids.ts';
import { startCluster, type TestCluster } from '../support/redis-cluster.ts';
import * as example from '../task/example.ts';

let cluster: TestCluster;
const onError = () => undefined;

beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster[Symbol.asyncDispose]());

async function open(instance: string) {
  const redis = await connect(cluster.url, { name: 'test', onError, timeoutMs: 5_000 });
  const ways = {
    prompt: () => openCluster(cluster.url, { name: 'test', onError }),
    patient: () => openPatientCluster(cluster.url),
  };
  const queue = createRunQueue({ url: cluster.url, cluster: ways, instance, onError });
  return {
    ...createStore(redis, { instance, narrate, clock: { now: () => Date.now() } }),
    redis,
    queue,
    async [Symbol.asyncDispose]() {
      await queue[Symbol.asyncDispose]();
      redis.disconnect();
    },
  };
}

describe('a Redis Cluster of three nodes', () => {
  // Names that hash to each of the nodes: each Errand lives on one of them, whichever it was asked for first.
  it.each(['one', 'two', 'three', 'four'])('has all of the Errand that is called %s', async (instance) => {
    await using here = await open(instance);
    await checkRedis(here.redis);
    await bringUpToDate(here.redis, { instance });
    const task = example.task();
    expect(await here.tasks.create(task, [])).toMatchObject({ created: true });
    const ended = new AbortController();
    const [seen, changed]: [TaskId[], TaskId[]] = [[], []];
    const watching = here.tasks.watch((id) => changed.push(id), ended.signal);
    const work = here.queue.work('run', async (job) => void seen.push(job.task), {
      concurrency: 1,
      signal: ended.signal,
    });
    await here.queue.wake({ type: 'run', task: task.id });
    await vi.waitFor(() => expect(seen).toEqual([task.id]), 10_000);
    await vi.waitFor(() => expect(changed).toEqual([task.id]), 10_000);
    const stopped = { at: 1, type: 'stopped', by: example.alice } as const;
    expect(await here.tasks.apply(task.id, stopped)).toMatchObject({ type: 'applied' });
    await vi.waitFor(() => expect(changed).toHaveLength(2), 10_000);
    ended.abort();
    await Promise.all([watching, work]);
    expect(await checkStore(here.redis, { instance })).toEqual([]);
  });
});
