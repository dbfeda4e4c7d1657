import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { narrate } from '../../src/app/narrate.ts';
import { type BackupRow, backUp } from '../../src/store/backup.ts';
import { proveBackup, readBackup, writeBackup } from '../../src/store/backup-file.ts';
import { openRedis, waitForRedis } from '../../src/store/connection.ts';
import { checkStore } from '../../src/store/consistency/check-store.ts';
import { bringUpToDate, storeVersion } from '../../src/store/migrate.ts';
import { restore } from '../../src/store/restore.ts';
import { createStore, type Store } from '../../src/store/store.ts';
import type { TaskId } from '../../src/task/ids.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import * as example from '../task/example.ts';

let server: TestRedis;
let redis: Redis;
let folder: string;
let number = 0;

beforeAll(async () => {
  server = await startRedis();
  redis = await open('test');
  folder = await mkdtemp(join(tmpdir(), 'errand-backup-'));
});

afterAll(async () => {
  redis.disconnect();
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function open(name: string): Promise<Redis> {
  const opened = openRedis(server.url, { name, onError: () => undefined });
  await waitForRedis(opened, 5_000);
  return opened;
}

function storeOf(instance: string): Store {
  return createStore(redis, { instance, narrate, clock: { now: () => Date.now() } });
}

const id = (n: number) => example.taskId(`t${String(n).padStart(6, '0')}`);
const whole = { version: storeVersion, madeAt: 1_000, replace: false };

/** What the bot does with one request: stored, made a task of, settled. */
async function request(store: Store, n: number): Promise<void> {
  const key = `mention:${n}`;
  await store.inbox.put(key, { n });
  const origin = { ...example.task().origin, key, thread: example.ts(n % 90) };
  const task = example.task({ id: id(n), createdAt: n, origin });
  await store.tasks.create(task, narrate(task, { type: 'task_created', at: n }, task));
  await store.inbox.settle(key);
}

async function deliver(store: Store, lane: string): Promise<void> {
  const taken = await store.outbox.take(lane);
  for (const [at, row] of taken?.rows.entries() ?? []) {
    if (taken !== null && row.effect.type === 'message') await store.outbox.delivered(taken, row, example.ts(at + 20));
    else if (taken !== null) await store.outbox.delivered(taken, row, null);
  }
  if (taken !== null) await store.outbox.release(taken);
}

async function full() {
  const instance = `full${++number}`;
  const store = storeOf(instance);
  await bringUpToDate(redis, { instance });
  for (const n of [1, 2, 3]) await request(store, n);
  await store.tasks.apply(id(1), { at: 5, type: 'stopped', by: example.alice });
  await deliver(store, id(1));
  const run = example.runId(1, id(2));
  await store.tasks.apply(id(2), { at: 6, type: 'run_started', run, number: 1, engine: example.engine });
  await store.tasks.saveCursor(run, 7);
  await store.inbox.put('late', { n: 4 });
  await store.files.put('F1', Uint8Array.from([0, 255, 128]));
  await store.drafts.remember(example.alice, { repository: 'acme/shop', base: null, agent: null, channel: null });
  return { instance, store };
}

async function* of(rows: readonly BackupRow[]) {
  yield* rows;
}

async function kept(instance: string): Promise<BackupRow[]> {
  return Array.fromAsync(backUp(redis, { instance }));
}

describe('a backup', () => {
  it('brings back all tasks, what is to be said and what is to be looked at, and nothing in it is wrong', async () => {
    const { instance, store } = await full();
    expect(await restore(redis, of(await kept(instance)), { ...whole, instance: 'again' })).toBe(3);
    const again = storeOf('again');
    expect(await checkStore(redis, { instance: 'again' })).toEqual([]);
    expect(await again.tasks.recent(9)).toEqual(await store.tasks.recent(9));
    for (const n of [1, 2, 3]) {
      expect(await again.tasks.events(id(n))).toEqual(await store.tasks.events(id(n)));
      expect((await again.tasks.findByOrigin(`mention:${n}`))?.id).toBe(id(n));
    }
    expect((await again.outbox.dirty()).toSorted()).toEqual([id(2), id(3)]);
    expect(await again.inbox.unsettled(0)).toMatchObject([{ key: 'late', envelope: { n: 4 } }]);
    expect(await again.inbox.put('mention:1', {})).toBe(false);
    expect(await again.tasks.cursor(example.runId(1, id(2)))).toBe(7);
    expect(await again.files.get('F1')).toEqual(Buffer.from([0, 255, 128]));
    expect(await again.drafts.choices(example.alice)).toMatchObject({ repository: 'acme/shop' });
    expect(await bringUpToDate(redis, { instance: 'again' })).toEqual({ from: storeVersion });
  });

  it('lets every first post be looked for in Slack, which may have had it since', async () => {
    const { instance } = await full();
    await restore(redis, of(await kept(instance)), { ...whole, instance: 'posts' });
    const rows = (await storeOf('posts').outbox.take(id(3)))?.rows;
    expect(rows?.map(({ attemptedAt }) => attemptedAt)).toEqual(rows?.map(() => whole.madeAt));
  });

  it('that is made while tasks come in loses none of those whose request it has', async () => {
    const instance = 'busy';
    const store = storeOf(instance);
    await bringUpToDate(redis, { instance });
    let came = 0;
    let done = false;
    const coming = (async () => {
      while (!done) await request(store, ++came);
    })();
    while (came < 40) await request(store, 900_000 + came);
    const rows = await kept(instance);
    done = true;
    await coming;
    await restore(redis, of(rows), { ...whole, instance: 'busy-again' });
    expect(await checkStore(redis, { instance: 'busy-again' })).toEqual([]);
    const again = storeOf('busy-again');
    const waiting = new Set((await again.inbox.unsettled(0)).map(({ key }) => key));
    const requests = rows.flatMap(({ name }) => (name.startsWith('inbox:') ? [name.slice('inbox:'.length)] : []));
    const lost: string[] = [];
    for (const key of requests) {
      if (!waiting.has(key) && (await again.tasks.findByOrigin(key)) === undefined) lost.push(key);
    }
    expect(requests.length).toBeGreaterThan(40);
    expect(lost).toEqual([]);
  });

  it('is one file that others can’t read, and is refused when it is cut off or none', async () => {
    const { instance } = await full();
    const file = join(folder, 'whole.gz');
    await writeBackup(file, whole, backUp(redis, { instance }));
    expect((await stat(file)).mode & 0o077).toBe(0);
    await proveBackup(file);
    const bytes = await readFile(file);
    for (const [name, part] of [
      ['cut', bytes.subarray(0, bytes.length - 30)],
      ['begun', bytes.subarray(0, 40)],
      ['text', Buffer.from('hello')],
      ['empty', Buffer.alloc(0)],
    ] as const) {
      await writeFile(join(folder, name), part);
      await expect(proveBackup(join(folder, name))).rejects.toMatchObject({ failure: { code: 'backup_unreadable' } });
    }
    await expect(readBackup(join(folder, 'nowhere'))).rejects.toMatchObject({ failure: { code: 'backup_unreadable' } });
  });
});

describe('restoring', () => {
  it('is refused while an Errand works on this Redis, and changes nothing', async () => {
    const { instance, store } = await full();
    const rows = await kept(instance);
    const worker = await open('errand-worker');
    const refused = restore(redis, of(rows), { ...whole, instance, replace: true });
    await expect(refused).rejects.toMatchObject({ failure: { code: 'store_in_use' } });
    worker.disconnect();
    expect(await store.tasks.recent(9)).toHaveLength(3);
  });

  it('is refused where there are tasks, unless they may go', async () => {
    const { instance, store } = await full();
    const rows = await kept(instance);
    await request(store, 9);
    const refused = restore(redis, of(rows), { ...whole, instance });
    await expect(refused).rejects.toMatchObject({ failure: { code: 'store_not_empty' } });
    await restore(redis, of(rows), { ...whole, instance, replace: true });
    expect(await store.tasks.find(id(9))).toBeUndefined();
    expect(await checkStore(redis, { instance })).toEqual([]);
  });

  it('is refused for a backup of a newer Errand', async () => {
    const newer = restore(redis, of([]), { ...whole, version: storeVersion + 1, instance: 'newer' });
    await expect(newer).rejects.toMatchObject({ failure: { code: 'store_newer' } });
  });

  it('that breaks off lets no Errand start there, and is done again', async () => {
    const { instance } = await full();
    const rows = await kept(instance);
    async function* broken() {
      yield* rows.slice(0, 5);
      throw new Error('pulled the plug');
    }
    const options = { ...whole, instance: 'broken' };
    await expect(restore(redis, broken(), options)).rejects.toThrow('pulled the plug');
    await expect(bringUpToDate(redis, options)).rejects.toMatchObject({ failure: { code: 'store_restoring' } });
    expect(await restore(redis, of(rows), options)).toBe(3);
    expect(await checkStore(redis, { instance: 'broken' })).toEqual([]);
  });

  it('goes on past a task and a message that can’t be read, names them, and keeps their requests from being taken twice', async () => {
    const { instance } = await full();
    const prefix = `{errand:${instance}}:`;
    const json = JSON.parse((await redis.hget(`${prefix}task:${id(2)}`, 'json')) ?? '');
    await redis.hset(`${prefix}task:${id(2)}`, 'json', JSON.stringify({ ...json, schema: 99 }));
    await redis.hset(`${prefix}lane:${id(1)}`, 'e:root', '{');
    const found: string[] = [];
    const options = { ...whole, instance: 'unreadable', unreadable: (key: string) => void found.push(key) };
    expect(await restore(redis, of(await kept(instance)), options)).toBe(3);
    expect(found.toSorted()).toEqual([`lane:${id(1)}`, `task:${id(2)}`]);
    const to = `{errand:unreadable}:`;
    expect(await redis.get(`${to}origin:mention:2`)).toBe(id(2));
    expect((await storeOf('unreadable').tasks.findByOrigin('mention:3'))?.id).toBe(id(3));
    expect(await bringUpToDate(redis, options)).toEqual({ from: storeVersion });
  });

  it('is one command each, after which every task is there', async () => {
    await using one = await startRedis();
    await using other = await startRedis();
    const file = join(folder, 'command.gz');
    const from = openRedis(one.url, { name: 'test', onError: () => undefined });
    await waitForRedis(from, 5_000);
    const store = createStore(from, { narrate, clock: { now: () => Date.now() } });
    await bringUpToDate(from);
    for (const n of [1, 2, 3]) await request(store, n);
    from.disconnect();
    expect(await command('backup', one.url, file)).toMatch(/keys backed up to .*command\.gz/);
    expect(await command('restore', other.url, file)).toMatch(/^3 tasks restored/);
    const to = openRedis(other.url, { name: 'test', onError: () => undefined });
    await waitForRedis(to, 5_000);
    const ids: TaskId[] = (await createStore(to, { narrate, clock: { now: () => 0 } }).tasks.recent(9)).map(
      (task) => task.id,
    );
    expect(ids).toEqual([id(3), id(2), id(1)]);
    to.disconnect();
    await expect(command('restore', other.url, file)).rejects.toThrow('this Redis has 3 tasks already');
  });
});

async function command(name: 'backup' | 'restore', url: string, file: string): Promise<string> {
  const main = resolve(import.meta.dirname, `../../src/service/${name}.ts`);
  const env = { PATH: process.env.PATH, REDIS_URL: url, ERRAND_DATA_DIR: join(folder, 'data') };
  return (await promisify(execFile)(process.execPath, [main, file], { env })).stdout;
}
