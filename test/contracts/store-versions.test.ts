import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { narrate } from '../../src/app/narrate.ts';
import { openRedis, waitForRedis } from '../../src/store/connection.ts';
import { checkStore } from '../../src/store/consistency/check-store.ts';
import { createKeys } from '../../src/store/keys.ts';
import { bringUpToDate, restoring, storeVersion } from '../../src/store/migrate.ts';
import { createStore } from '../../src/store/store.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import * as example from '../task/example.ts';

let server: TestRedis;
let redis: Redis;
let number = 0;

beforeAll(async () => {
  server = await startRedis();
  redis = openRedis(server.url, { name: 'test', onError: () => undefined });
  await waitForRedis(redis, 5_000);
});

afterAll(async () => {
  redis.disconnect();
  await server[Symbol.asyncDispose]();
});

const line = z.tuple([z.string(), z.string(), z.int(), z.array(z.string())]);

/** What an Errand of version 1 stored of five tasks: queued, running, open, merged and stopped; one of those two is on no list. */
async function versionOne() {
  const instance = `version${++number}`;
  const { prefix } = createKeys(instance);
  const written = readFileSync(join(import.meta.dirname, '../store/version-1.jsonl'), 'utf8')
    .trim()
    .split('\n');
  for (const [name, type, expires, values] of written.map((json) => line.parse(JSON.parse(json)))) {
    const key = `${prefix}${name}`;
    if (type === 'string') await redis.set(key, values[0] ?? '');
    if (type === 'hash') await redis.hset(key, ...values);
    if (type === 'set') await redis.sadd(key, ...values);
    if (type === 'zset') {
      for (let at = 0; at < values.length; at += 2) await redis.zadd(key, values[at + 1] ?? '', values[at] ?? '');
    }
    if (type === 'stream') for (const json of values) await redis.xadd(key, '*', 'event', json);
    if (expires === 1) await redis.expire(key, 3_600);
  }
  return { instance, keys: createKeys(instance) };
}

const [queued, running, open, merged, stopped] = [1, 2, 3, 4, 5].map((n) => example.taskId(`t00000${n}`));

describe('a store of the version before', () => {
  it('is read as it is once it was brought up to date, and nothing in it is wrong', async () => {
    const { instance, keys } = await versionOne();
    expect((await checkStore(redis, { instance })).map(({ found }) => found)).toContain(`${merged} is missing`);
    expect(await bringUpToDate(redis, { instance })).toEqual({ from: 1 });
    expect(await checkStore(redis, { instance })).toEqual([]);
    const { tasks } = createStore(redis, { instance, narrate, clock: { now: () => Date.now() } });
    expect(await tasks.unsettled()).toEqual([queued, running, open]);
    expect((await tasks.recent(9)).map(({ id }) => id)).toEqual([stopped, merged, open, running, queued]);
    expect(await redis.get(keys.schema)).toBe(String(storeVersion));
    expect(await bringUpToDate(redis, { instance })).toEqual({ from: storeVersion });
  });

  it('keeps when each task was settled, and counts the others from when they were made', async () => {
    const { instance, keys } = await versionOne();
    const before = await redis.zscore(keys.settledTasks, stopped ?? '');
    await bringUpToDate(redis, { instance });
    expect(await redis.zscore(keys.settledTasks, stopped ?? '')).toBe(before);
    expect(await redis.zscore(keys.settledTasks, merged ?? '')).toBe('1700000004000');
  });

  it('is brought up to date once, though two processes begin at once', async () => {
    const { instance } = await versionOne();
    await Promise.all([bringUpToDate(redis, { instance }), bringUpToDate(redis, { instance })]);
    expect(await checkStore(redis, { instance })).toEqual([]);
  });

  it('is brought up to date around a task that can’t be read', async () => {
    const { instance, keys } = await versionOne();
    await redis.hset(keys.task(open ?? example.taskId()), 'json', '{}');
    await bringUpToDate(redis, { instance });
    expect(new Set((await checkStore(redis, { instance })).map(({ key }) => key))).toContain(`task:${open}`);
    expect(await redis.zscore(keys.settledTasks, merged ?? '')).not.toBeNull();
  });
});

describe('a store', () => {
  it('that is new is of this version', async () => {
    expect(await bringUpToDate(redis, { instance: 'new' })).toEqual({ from: storeVersion });
    expect(await redis.get(createKeys('new').schema)).toBe(String(storeVersion));
  });

  it.each([
    ['of a newer Errand', String(storeVersion + 1), 'store_newer'],
    ['of which nobody knows whose it is', 'seven', 'store_newer'],
    ['that is half restored', restoring, 'store_restoring'],
  ])('%s is refused, and left as it is', async (_, version, code) => {
    const instance = `refused${++number}`;
    await redis.set(createKeys(instance).schema, version);
    await expect(bringUpToDate(redis, { instance })).rejects.toMatchObject({ failure: { code }, retry: false });
    expect(await redis.get(createKeys(instance).schema)).toBe(version);
  });
});
