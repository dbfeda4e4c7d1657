import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { checkRedis } from '../../src/store/check-redis.ts';
import { openRedis, waitForRedis } from '../../src/store/connection.ts';
import { checkStore } from '../../src/store/consistency/check-store.ts';
import { createFileStore } from '../../src/store/files.ts';
import { createKeys } from '../../src/store/keys.ts';
import { createStore, type Store } from '../../src/store/store.ts';
import { fileLimits } from '../../src/task/files.ts';
import type { TaskId } from '../../src/task/ids.ts';
import type { Narrator } from '../../src/task/ports/task-store.ts';
import type { OutboxRow } from '../../src/task/said.ts';
import type { Task } from '../../src/task/task.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import * as example from '../task/example.ts';

let server: TestRedis;
let number = 0;
const open: Disposable[] = [];

beforeAll(async () => {
  server = await startRedis();
});

afterAll(async () => {
  for (const each of open.splice(0)) each[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

function row(lane: string, key: string, text: string): OutboxRow {
  return {
    lane,
    key,
    effect: {
      type: 'message',
      channel: example.channel,
      thread: { type: 'own' },
      said: { type: 'sentence', sentence: text, next: null, kept: null },
    },
  };
}

const narrate: Narrator = (task, event) => [
  row(task.id, 'root', task.run.type),
  ...(event.type === 'message_added' ? [row(task.id, event.message.key, event.message.text)] : []),
];

/** A store as another process would have it: its own connection to the same Redis. */
async function connect(instance: string, clock = { now: () => Date.now() }, url = server.url): Promise<Store> {
  const redis = openRedis(url, { name: 'test', onError: () => undefined });
  open.push({ [Symbol.dispose]: () => redis.disconnect() });
  await waitForRedis(redis, 5_000);
  return createStore(redis, { instance, narrate, clock });
}

async function openTo(url: string) {
  const redis = openRedis(url, { name: 'test', onError: () => undefined });
  open.push({ [Symbol.dispose]: () => redis.disconnect() });
  await waitForRedis(redis, 5_000);
  return redis;
}

function newInstance(): string {
  number += 1;
  return `test${number}`;
}

async function stored(store: Store, more: Partial<Task> = {}): Promise<Task> {
  const task = example.task(more);
  await store.tasks.create(task, [row(task.id, 'root', 'queued')]);
  return task;
}

const id = example.taskId();
const started = { at: 100, type: 'run_started', run: example.runId(1), number: 1, engine: example.engine } as const;

describe('tasks', () => {
  it('come back as they were stored', async () => {
    const store = await connect(newInstance());
    const task = example.task({
      run: example.runStates.waiting,
      pull: example.pullStates.merging,
      results: [{ run: 1, head: example.sha('a'), by: 'run', report: example.report }],
    });
    await store.tasks.create(task, []);
    expect(await store.tasks.find(id)).toEqual(task);
  });

  it('are made once for one request, also when two processes make them at once', async () => {
    const instance = newInstance();
    const stores = await Promise.all([connect(instance), connect(instance)]);
    const origin = { ...example.task().origin, key: 'mention:C1:1.1' };
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) => {
        const own = example.taskId(`t0000${String(index + 10)}`);
        return stores[index % 2]?.tasks.create(example.task({ id: own, origin }), [row(own, 'root', 'queued')]);
      }),
    );
    expect(results.filter((result) => result?.created)).toHaveLength(1);
    expect(new Set(results.map((result) => result?.task.id)).size).toBe(1);
    expect(await stores[1]?.tasks.findByOrigin(origin.key)).toEqual(results[0]?.task);
    expect(await stores[1]?.tasks.findByOrigin('mention:C1:1.2')).toBeUndefined();
    expect(await stores[0]?.tasks.unsettled()).toHaveLength(1);
    expect(await stores[1]?.outbox.dirty()).toHaveLength(1);
  });

  it('refuse an id that another task has', async () => {
    const store = await connect(newInstance());
    const task = await stored(store);
    const other = { ...task, origin: { ...task.origin, key: 'another' } };
    await expect(store.tasks.create(other, [])).rejects.toMatchObject({
      failure: { code: 'task_id_taken' },
      retry: true,
    });
  });

  it('keep every one of fifty events that five processes apply at once', async () => {
    const instance = newInstance();
    const stores = await Promise.all(Array.from({ length: 5 }, () => connect(instance)));
    const [first] = stores;
    if (!first) throw new Error('no store');
    await stored(first);
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        stores[index % 5]?.tasks.apply(id, {
          at: index,
          type: 'message_added',
          message: example.message(index + 10),
        }),
      ),
    );
    expect(results.map((result) => result?.type)).toEqual(Array.from({ length: 50 }, () => 'applied'));
    const task = await first.tasks.find(id);
    expect(new Set(task?.spec.map((message) => message.key)).size).toBe(51);
    expect(await first.tasks.events(id)).toHaveLength(51);
    const lane = await first.outbox.take(id);
    expect(lane?.rows).toHaveLength(51);
  });

  it('are claimed by one of many who claim at once', async () => {
    const instance = newInstance();
    const stores = await Promise.all(Array.from({ length: 4 }, () => connect(instance)));
    await stored(stores[0] ?? (await connect(instance)));
    const results = await Promise.all(stores.map((store) => store.tasks.apply(id, started)));
    expect(results.map((result) => (result.type === 'refused' ? result.reason : result.type)).sort()).toEqual([
      'applied',
      'not_queued',
      'not_queued',
      'not_queued',
    ]);
  });

  it('refuse a writer whose claim is an older one', async () => {
    const store = await connect(newInstance());
    await stored(store);
    await store.tasks.apply(id, started);
    const failed = {
      at: 200,
      type: 'run_failed',
      run: example.runId(1),
      problem: example.failure,
      retry: true,
    } as const;
    await store.tasks.apply(id, failed, { epoch: 1 });
    await store.tasks.apply(id, { ...started, run: example.runId(2), number: 2 });
    const late = { at: 300, type: 'pull_request_opened', repository: example.repository, pull: example.pull } as const;
    expect(await store.tasks.apply(id, late, { epoch: 1 })).toMatchObject({ type: 'refused', reason: 'stale_epoch' });
    expect(await store.tasks.apply(id, late, { epoch: 2 })).toMatchObject({ type: 'applied' });
  });

  it('that nobody knows refuse every event', async () => {
    const store = await connect(newInstance());
    expect(await store.tasks.apply(id, started)).toEqual({ type: 'refused', reason: 'unknown_task', task: undefined });
  });

  it('tell what happened in order, progress left out', async () => {
    const store = await connect(newInstance());
    await stored(store);
    await store.tasks.apply(id, started);
    const progress = { steps: [], activity: 'Reading' };
    await store.tasks.apply(id, { at: 101, type: 'progressed', run: example.runId(1), progress });
    await store.tasks.apply(id, { at: 102, type: 'stopped', by: example.alice });
    expect((await store.tasks.events(id)).map((event) => event.type)).toEqual([
      'task_created',
      'run_started',
      'stopped',
    ]);
  });

  it('change nothing and say nothing for an event that is refused', async () => {
    const store = await connect(newInstance());
    const task = await stored(store);
    await store.tasks.apply(id, { at: 5, type: 'retried', by: example.alice });
    expect(await store.tasks.find(id)).toEqual(task);
    expect(await store.tasks.events(id)).toHaveLength(1);
  });

  it('are unsettled while somebody has to see to them, oldest first', async () => {
    const store = await connect(newInstance());
    const [one, two] = [example.taskId('t000002'), example.taskId('t000003')];
    await stored(store, { id: one, createdAt: 20 });
    await stored(store, { id: two, createdAt: 10 });
    expect(await store.tasks.unsettled()).toEqual([two, one]);
    await store.tasks.apply(two, { at: 1, type: 'stopped', by: example.alice });
    expect(await store.tasks.unsettled()).toEqual([one]);
    await store.tasks.apply(two, {
      at: 2,
      type: 'pull_request_opened',
      repository: example.repository,
      pull: example.pull,
    });
    expect(await store.tasks.unsettled()).toEqual([two, one]);
    await store.tasks.apply(two, { at: 3, type: 'pull_request_closed', repository: example.repository });
    expect(await store.tasks.unsettled()).toEqual([one]);
    expect((await store.tasks.recent(1)).map((task) => task.id)).toEqual([one]);
    expect((await store.tasks.recent(9)).map((task) => task.id)).toEqual([one, two]);
  });

  it('are found by their thread, the newest of several', async () => {
    const store = await connect(newInstance());
    await stored(store);
    const next = await stored(store, { id: example.taskId('t000002'), follows: id });
    expect((await store.tasks.findByThread(example.channel, example.ts(1)))?.id).toBe(next.id);
    expect(await store.tasks.findByThread(example.channel, example.ts(2))).toBeUndefined();
  });

  it('are watched from other processes, and what changed unseen is told on connection', async () => {
    const instance = newInstance();
    const [writer, reader] = await Promise.all([connect(instance), connect(instance)]);
    await stored(writer);
    const ended = new AbortController();
    const seen: TaskId[] = [];
    const watching = reader.tasks.watch((changed) => seen.push(changed), ended.signal);
    await vi.waitFor(() => expect(seen).toEqual([id]));
    await writer.tasks.apply(id, started);
    await vi.waitFor(() => expect(seen).toEqual([id, id]));
    ended.abort();
    await watching;
  });

  it('stay as they were when the narrator is at fault, and its error comes through as it is', async () => {
    const instance = newInstance();
    const redis = openRedis(server.url, { name: 'test', onError: () => undefined });
    open.push({ [Symbol.dispose]: () => redis.disconnect() });
    await waitForRedis(redis, 5_000);
    const broken = () => {
      throw new TypeError('no such word');
    };
    const store = createStore(redis, { instance, narrate: broken, clock: { now: () => 1 } });
    const task = await stored(store);
    await expect(store.tasks.apply(id, started)).rejects.toThrow(TypeError);
    expect(await store.tasks.find(id)).toEqual(task);
  });

  it('of an unreadable form are reported, not guessed at', async () => {
    const store = await connect(newInstance());
    const instance = `test${number}`;
    const redis = openRedis(server.url, { name: 'test', onError: () => undefined });
    await waitForRedis(redis, 5_000);
    await stored(store);
    await redis.hset(`{errand:${instance}}:task:${id}`, 'json', '{"schema":2,"task":{}}');
    redis.disconnect();
    await expect(store.tasks.find(id)).rejects.toMatchObject({ failure: { code: 'stored_data' } });
  });

  it('keep how far the records of a run were folded, and facts for other processes', async () => {
    const store = await connect(newInstance());
    expect(await store.tasks.cursor(example.runId(1))).toBeNull();
    await store.tasks.saveCursor(example.runId(1), 12);
    expect(await store.tasks.cursor(example.runId(1))).toBe(12);
    expect(await store.tasks.recall('slack_url')).toBeNull();
    await store.tasks.remember('slack_url', 'https://acme.example');
    expect(await store.tasks.recall('slack_url')).toBe('https://acme.example');
  });
});

describe('outbox', () => {
  it('hands out rows in the order they first came, the newest content of each', async () => {
    const { outbox } = await connect(newInstance());
    await outbox.add([row('lane', 'b', 'one'), row('lane', 'a', 'two'), row('lane', 'b', 'three')]);
    const lane = await outbox.take('lane');
    expect(lane?.rows).toMatchObject([
      { ...row('lane', 'b', 'three'), revision: 2, deliveredRevision: 0, attemptedAt: null, ts: null },
      { ...row('lane', 'a', 'two'), revision: 1 },
    ]);
  });

  it('gives a lane to one of two deliverers', async () => {
    const instance = newInstance();
    const [one, two] = await Promise.all([connect(instance), connect(instance)]);
    await one.outbox.add([row('lane', 'a', 'one')]);
    const lanes = await Promise.all([one.outbox.take('lane'), two.outbox.take('lane')]);
    const held = lanes.find((lane) => lane !== null);
    expect(lanes.filter((lane) => lane !== null)).toHaveLength(1);
    if (held) await one.outbox.release(held);
    expect(await two.outbox.take('lane')).not.toBeNull();
  });

  it('is done with a lane once all was delivered, and finds each row by its message', async () => {
    const { outbox, tasks } = await connect(newInstance());
    const task = example.task({ origin: { ...example.task().origin, thread: null } });
    await tasks.create(task, [row(id, 'root', 'queued')]);
    const lane = await outbox.take(id);
    const [root] = lane?.rows ?? [];
    if (!lane || !root) throw new Error('nothing to deliver');
    expect(await tasks.deliveredTs(id, 'root')).toBeNull();
    await outbox.delivered(lane, root, example.ts(5));
    await outbox.release(lane);
    expect(await outbox.dirty()).toEqual([]);
    expect(await tasks.deliveredTs(id, 'root')).toBe(example.ts(5));
    expect(await outbox.findMessage(example.channel, example.ts(5))).toEqual({
      lane: id,
      key: 'root',
      row: row(id, 'root', 'queued'),
    });
    expect((await tasks.findByThread(example.channel, example.ts(5)))?.id).toBe(id);
    expect(await outbox.findMessage(example.channel, example.ts(6))).toBeUndefined();
  });

  it('keeps a row dirty that changed while it was delivered, and tells of it', async () => {
    const instance = newInstance();
    const [one, two] = await Promise.all([connect(instance), connect(instance)]);
    await one.outbox.add([row('lane', 'a', 'one')]);
    const lane = await one.outbox.take('lane');
    const [taken] = lane?.rows ?? [];
    if (!lane || !taken) throw new Error('nothing to deliver');
    await two.outbox.add([row('lane', 'a', 'two')]);
    const ended = new AbortController();
    const seen: string[] = [];
    const watching = two.outbox.watch((name) => seen.push(name), ended.signal);
    await vi.waitFor(() => expect(seen).toEqual(['lane']));
    await one.outbox.delivered(lane, taken, example.ts(5));
    expect(await two.outbox.dirty()).toEqual(['lane']);
    await one.outbox.release(lane);
    await vi.waitFor(() => expect(seen).toEqual(['lane', 'lane']));
    ended.abort();
    await watching;
    expect((await two.outbox.take('lane'))?.rows).toMatchObject([
      { revision: 2, deliveredRevision: 1, ts: example.ts(5), effect: row('lane', 'a', 'two').effect },
    ]);
  });

  it('says the same thing once', async () => {
    const { outbox } = await connect(newInstance());
    await outbox.add([row('lane', 'a', 'one')]);
    const lane = await outbox.take('lane');
    const [taken] = lane?.rows ?? [];
    if (!lane || !taken) throw new Error('nothing to deliver');
    await outbox.delivered(lane, taken, null);
    await outbox.release(lane);
    await outbox.add([row('lane', 'a', 'one')]);
    expect(await outbox.dirty()).toEqual([]);
  });

  it('remembers that a post was begun, for whoever finds it after a crash', async () => {
    const { outbox } = await connect(newInstance());
    await outbox.add([row('lane', 'a', 'one')]);
    const lane = await outbox.take('lane');
    const [taken] = lane?.rows ?? [];
    if (!lane || !taken) throw new Error('nothing to deliver');
    await outbox.attempting(lane, taken);
    await outbox.release(lane);
    expect((await outbox.take('lane'))?.rows).toMatchObject([{ attemptedAt: expect.any(Number), ts: null }]);
  });

  it('records a delivery by a process that lost the lane, and tells it so', async () => {
    const instance = newInstance();
    const [one, two] = await Promise.all([connect(instance), connect(instance)]);
    await one.outbox.add([row('lane', 'a', 'one')]);
    const lost = await one.outbox.take('lane');
    const [taken] = lost?.rows ?? [];
    if (!lost || !taken) throw new Error('nothing to deliver');
    await one.outbox.release(lost);
    const held = await two.outbox.take('lane');
    await expect(one.outbox.attempting(lost, taken)).rejects.toMatchObject({ failure: { code: 'lane_lost' } });
    await expect(one.outbox.delivered(lost, taken, example.ts(5))).rejects.toMatchObject({
      failure: { code: 'lane_lost' },
    });
    await one.outbox.release(lost);
    expect(await one.outbox.take('lane')).toBeNull();
    if (held) await two.outbox.release(held);
    expect((await one.outbox.take('lane'))?.rows).toMatchObject([{ deliveredRevision: 1, ts: example.ts(5) }]);
  });
});

describe('inbox', () => {
  it('takes an envelope once, however many processes get it', async () => {
    const instance = newInstance();
    const stores = await Promise.all([connect(instance), connect(instance)]);
    const taken = await Promise.all(
      Array.from({ length: 20 }, (_, index) => stores[index % 2]?.inbox.put('C1:1.1', { index })),
    );
    expect(taken.filter((each) => each === true)).toHaveLength(1);
  });

  it('hands out again what nobody settled, not before its time, and counts', async () => {
    let now = 1_000;
    const { inbox } = await connect(newInstance(), { now: () => now });
    await inbox.put('key', { text: 'hello', list: [] });
    expect(await inbox.unsettled(30_000)).toEqual([]);
    now += 30_000;
    expect(await inbox.unsettled(30_000)).toEqual([{ key: 'key', envelope: { text: 'hello', list: [] }, attempts: 1 }]);
    expect(await inbox.unsettled(30_000)).toEqual([]);
    now += 30_000;
    expect(await inbox.unsettled(30_000)).toMatchObject([{ attempts: 2 }]);
  });

  it('knows a settled key for a day, and forgets what it held', async () => {
    const store = await connect(newInstance());
    const instance = `test${number}`;
    await store.inbox.put('key', { secret: 'text' });
    await store.inbox.settle('key');
    expect(await store.inbox.put('key', {})).toBe(false);
    expect(await store.inbox.unsettled(-1)).toEqual([]);
    const redis = openRedis(server.url, { name: 'test', onError: () => undefined });
    await waitForRedis(redis, 5_000);
    expect(await redis.get(`{errand:${instance}}:inbox:key`)).toBe('');
    expect(await redis.ttl(`{errand:${instance}}:inbox:key`)).toBeGreaterThan(86_000);
    redis.disconnect();
  });
});

describe('a Redis that goes away', () => {
  it('loses nothing that was acknowledged when it is killed, and is found again', async () => {
    await using own = await startRedis();
    const store = await connect('crash', undefined, own.url);
    const acknowledged: TaskId[] = [];
    const ended = new AbortController();
    const seen = new Set<TaskId>();
    const watching = store.tasks.watch((changed) => seen.add(changed), ended.signal);
    let killed: Promise<void> | undefined;
    for (let index = 10; killed === undefined; index += 1) {
      const task = example.task({ id: example.taskId(`t0000${index}`) });
      const creating = store.tasks.create(task, [row(task.id, 'root', 'queued')]);
      if (index === 60) killed = own.stop('SIGKILL');
      await creating.then(
        () => acknowledged.push(task.id),
        () => undefined,
      );
    }
    await killed;
    await expect(store.inbox.put('late', {})).rejects.toMatchObject({ failure: { code: 'redis_down' }, retry: true });
    seen.clear();
    await own.start();
    await vi.waitFor(() => expect([...seen]).toEqual(expect.arrayContaining(acknowledged)), { timeout: 10_000 });
    // What was refused while Redis was away must not be written behind the caller's back.
    expect(await store.inbox.put('late', {})).toBe(true);
    expect(acknowledged.length).toBeGreaterThanOrEqual(50);
    expect(await store.tasks.unsettled()).toEqual(expect.arrayContaining(acknowledged));
    const [first] = acknowledged;
    if (first) expect(await store.tasks.apply(first, started)).toMatchObject({ type: 'applied' });
    ended.abort();
    await watching;
  });

  it('that is full takes no new task, and lets those it has come to their end', async () => {
    await using own = await startRedis();
    const store = await connect('full', undefined, own.url);
    const task = await stored(store);
    const redis = await openTo(own.url);
    await redis.config('SET', 'maxmemory', '1');
    const origin = { ...task.origin, key: 'another' };
    const another = store.tasks.create({ ...task, id: example.taskId('t000002'), origin }, []);
    await expect(another).rejects.toMatchObject({ failure: { code: 'redis_full' }, retry: true });
    await expect(store.files.put('F1', new Uint8Array(9))).rejects.toMatchObject({ failure: { code: 'redis_full' } });
    // What is said in its thread still comes in, and what it came to still goes out.
    expect(await store.inbox.put('key', {})).toBe(true);
    await store.inbox.settle('key');
    expect(await store.tasks.apply(id, started)).toMatchObject({ type: 'applied' });
    await store.tasks.saveCursor(example.runId(1), 3);
    const stopped = { at: 200, type: 'stopped', by: example.alice } as const;
    expect(await store.tasks.apply(id, stopped, { epoch: 1 })).toMatchObject({ type: 'applied' });
    const lane = await store.outbox.take(id);
    const [root] = lane?.rows ?? [];
    if (!lane || !root) throw new Error('nothing to deliver');
    await store.outbox.attempting(lane, root);
    await store.outbox.delivered(lane, root, example.ts(5));
    await store.outbox.release(lane);
    expect(await store.outbox.dirty()).toEqual([]);
    expect(await store.tasks.forget(Date.now() + 1)).toBe(1);
    expect(await checkStore(redis, { instance: 'full', atRest: true })).toEqual([]);
  });

  it('that is nearly full takes no new task either, so that the queue still has room', async () => {
    await using own = await startRedis();
    const store = await connect('nearly', undefined, own.url);
    const redis = await openTo(own.url);
    const used = Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1]);
    await redis.config('SET', 'maxmemory', String(Math.ceil(used / 0.93)));
    await expect(stored(store)).rejects.toMatchObject({ failure: { code: 'redis_full' } });
    await redis.config('SET', 'maxmemory', String(Math.ceil(used / 0.5)));
    await stored(store);
  });

  it('that is short of memory forgets settled tasks before their time, the oldest first, and none that is fresh', async () => {
    await using own = await startRedis();
    let now = 1_000;
    const store = await connect('short', { now: () => now }, own.url);
    const text = 'x'.repeat(20_000);
    for (let n = 0; n < 250; n += 1) {
      now += 1_000;
      const origin = { ...example.task().origin, key: `key${n}`, thread: null };
      const task = {
        id: example.taskId(`t${String(n).padStart(6, '0')}`),
        origin,
        spec: [example.message(1, { text })],
      };
      await store.tasks.create(example.task(task), []);
      await store.tasks.apply(task.id, { at: 1, type: 'stopped', by: example.alice });
      const lane = await store.outbox.take(task.id);
      for (const each of lane?.rows ?? []) if (lane) await store.outbox.delivered(lane, each, null);
    }
    const redis = await openTo(own.url);
    const used = Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1]);
    await redis.config('SET', 'maxmemory', String(Math.ceil(used / 0.65)));
    expect(await store.tasks.makeRoom()).toBe(0);
    now += 24 * 3_600_000;
    expect(await store.tasks.makeRoom()).toBe(100);
    const [newest] = await store.tasks.recent(1);
    expect(newest?.id).toBe('t000249');
    expect(await store.tasks.find(example.taskId('t000099'))).toBeUndefined();
    expect(await store.tasks.find(example.taskId('t000100'))).toBeDefined();
  });

  it('that hangs is given up within the time Slack waits', async () => {
    await using own = await startRedis();
    const store = await connect('hang', undefined, own.url);
    own.freeze();
    await expect(store.inbox.put('key', {})).rejects.toMatchObject({ failure: { code: 'redis_down' } });
  });
});

describe('the crew', () => {
  it('counts who is alive, each once, and forgets who is silent', async () => {
    let now = 1_000_000;
    const { crew } = await connect('crew', { now: () => now });
    expect(await crew.beat('one')).toBe(1);
    expect(await crew.beat('two')).toBe(2);
    now += 15_000;
    expect(await crew.beat('one')).toBe(2);
    now += 15_000;
    expect(await crew.beat('one')).toBe(1);
  });
});

describe('attached files', () => {
  it('come back byte for byte, and expire', async () => {
    const { files } = await connect('files');
    const bytes = Uint8Array.from({ length: 256 }, (_, n) => n);
    await files.put('F1', bytes);
    expect(await files.get('F1')).toEqual(Buffer.from(bytes));
    expect(await files.get('F2')).toBeNull();
    const redis = openRedis(server.url, { name: 'ttl', onError: () => undefined });
    open.push({ [Symbol.dispose]: () => redis.disconnect() });
    await waitForRedis(redis, 5_000);
    const [key = ''] = await redis.keys('*:file:F1');
    expect(await redis.ttl(key)).toBeGreaterThan(0);
  });

  it('are kept up to a sum, of which each is a part until it expires', async () => {
    let now = 1_000_000;
    const redis = openRedis(server.url, { name: 'sum', onError: () => undefined });
    open.push({ [Symbol.dispose]: () => redis.disconnect() });
    await waitForRedis(redis, 5_000);
    const files = createFileStore(redis, createKeys('sum'), { now: () => now }, 10);
    const bytes = new Uint8Array(4);
    expect(await files.put('F1', bytes)).toBe(true);
    expect(await files.put('F1', bytes)).toBe(true);
    now += fileLimits.keptSeconds * 500;
    expect(await files.put('F2', bytes)).toBe(true);
    expect(await files.put('F3', bytes)).toBe(false);
    expect(await files.get('F3')).toBeNull();
    now += fileLimits.keptSeconds * 500;
    expect(await files.put('F3', bytes)).toBe(true);
    expect(await files.put('F4', bytes)).toBe(false);
  });
});

describe('old tasks', () => {
  /** All keys of an instance. */
  async function keysOf(instance: string) {
    const redis = openRedis(server.url, { name: 'keys', onError: () => undefined });
    open.push({ [Symbol.dispose]: () => redis.disconnect() });
    await waitForRedis(redis, 5_000);
    const names = await redis.keys(`{errand:${instance}}:*`);
    return names.map((name) => name.slice(name.indexOf('}:') + 2));
  }

  async function settled(instance: string, clock: { now: () => number }) {
    const store = await connect(instance, clock);
    await stored(store);
    await store.tasks.apply(id, { at: 1, type: 'stopped', by: example.alice });
    return store;
  }

  async function deliver(store: Store) {
    const lane = await store.outbox.take(id);
    if (lane === null) throw new Error('the lane is taken');
    for (const each of lane.rows) await store.outbox.delivered(lane, each, example.ts(7));
    await store.outbox.release(lane);
  }

  it('leave nothing behind once they are forgotten', async () => {
    const instance = newInstance();
    const store = await settled(instance, { now: () => 1_000 });
    await deliver(store);
    expect(await store.tasks.forget(1_000)).toBe(0);
    expect(await store.tasks.forget(1_001)).toBe(1);
    expect(await keysOf(instance)).toEqual([]);
  });

  it('stay while something is still to be said', async () => {
    const store = await settled(newInstance(), { now: () => 1_000 });
    expect(await store.tasks.forget(2_000)).toBe(0);
    expect(await store.tasks.find(id)).toBeDefined();
  });

  it('stay while somebody has to see to them, however old', async () => {
    const store = await connect(newInstance(), { now: () => 1_000 });
    await stored(store);
    await deliver(store);
    expect(await store.tasks.forget(Date.now())).toBe(0);
  });

  it('count from their last change, and not at all while they are taken up again', async () => {
    let now = 1_000;
    const store = await settled(newInstance(), { now: () => now });
    await deliver(store);
    now = 5_000;
    await store.tasks.apply(id, { at: 2, type: 'message_added', message: example.message(9) });
    await deliver(store);
    expect(await store.tasks.forget(9_000)).toBe(0);
    await store.tasks.apply(id, { at: 3, type: 'stopped', by: example.alice });
    await deliver(store);
    expect(await store.tasks.forget(5_000)).toBe(0);
    expect(await store.tasks.forget(5_001)).toBe(1);
  });

  it('go in any number', async () => {
    const store = await connect(newInstance(), { now: () => 1_000 });
    for (let n = 0; n < 120; n += 1) {
      const task = example.task({
        id: example.taskId(`t${String(n).padStart(6, '0')}`),
        origin: { ...example.task().origin, key: `key${n}`, thread: null },
      });
      await store.tasks.create(task, []);
      await store.tasks.apply(task.id, { at: 1, type: 'stopped', by: example.alice });
      const lane = await store.outbox.take(task.id);
      for (const each of lane?.rows ?? []) if (lane) await store.outbox.delivered(lane, each, null);
    }
    expect(await store.tasks.forget(2_000)).toBe(120);
    expect(await store.tasks.recent(10)).toEqual([]);
  });

  it('go although more of those before them than one batch still have something to say', async () => {
    let now = 1_000;
    const store = await connect(newInstance(), { now: () => now });
    for (let n = 0; n < 130; n += 1) {
      now += 1;
      const task = example.task({
        id: example.taskId(`t${String(n).padStart(6, '0')}`),
        origin: { ...example.task().origin, key: `key${n}`, thread: null },
      });
      await store.tasks.create(task, n < 110 ? [row(task.id, 'root', 'queued')] : []);
      await store.tasks.apply(task.id, { at: 1, type: 'stopped', by: example.alice });
      const lane = n < 110 ? null : await store.outbox.take(task.id);
      for (const each of lane?.rows ?? []) if (lane) await store.outbox.delivered(lane, each, null);
    }
    expect(await store.tasks.forget(2_000)).toBe(20);
    expect(await store.tasks.recent(200)).toHaveLength(110);
  });
});

describe('the settings of Redis', () => {
  async function problemWith(settings: Record<string, string>, forbidden?: string) {
    await using own = await startRedis(settings);
    const redis = openRedis(own.url, { name: 'check', onError: () => undefined });
    await waitForRedis(redis, 5_000);
    if (forbidden) await redis.acl('SETUSER', 'default', forbidden);
    try {
      return await checkRedis(redis).then(
        () => null,
        (error: { failure: { sentence: string; next: string } }) => error.failure,
      );
    } finally {
      redis.disconnect();
    }
  }

  it('are accepted when nothing acknowledged can be lost', async () => {
    expect(await problemWith({})).toBeNull();
  });

  it.each([
    [{ appendonly: 'no' }, 'appendonly yes'],
    [{ appendfsync: 'everysec' }, 'appendfsync always'],
    [{ 'maxmemory-policy': 'allkeys-lru' }, 'maxmemory-policy noeviction'],
  ])('are refused with what to set: %o', async (settings, fix) => {
    expect((await problemWith(settings))?.next).toContain(fix);
  });

  it('are refused where they can’t be read', async () => {
    const failure = await problemWith({}, '-config');
    expect(failure?.sentence).toContain('can’t be read');
  });
});
