import { narrate } from '../../src/app/narrate.ts';
import { createRunQueue } from '../../src/queue/run-queue.ts';
import { openRedis, waitForRedis } from '../../src/store/connection.ts';
import { createKeys } from '../../src/store/keys.ts';
import { bringUpToDate } from '../../src/store/migrate.ts';
import { createStore } from '../../src/store/store.ts';
import { type TaskId, toTaskId } from '../../src/task/ids.ts';
import { startRedis } from '../support/redis.ts';
import * as example from '../task/example.ts';
import { type Figures, toFigures } from './figures.ts';

/** How many tasks are stored on each side. */
export const sizes = [1_000, 100_000] as const;

export const operations = {
  enqueue: 'Enqueue: store a task, wake a worker',
  list: 'List: the newest twenty, what is open, who waits',
  fold: 'Fold: apply an event to a task',
} as const;

export type Operation = keyof typeof operations;

export interface Stored {
  readonly few: Readonly<Record<Operation, Figures>>;
  readonly many: Readonly<Record<Operation, Figures>>;
  /** What one stored task takes up, in bytes. */
  readonly bytesATask: number;
}

const times = 300;
const batch = 1_000;

/** What the store costs with few and with many tasks in it, in turns, on a Redis of its own each. */
export async function measureStored(say: (line: string) => void): Promise<Stored> {
  await using few = await openSide(sizes[0], say);
  await using many = await openSide(sizes[1], say);
  say('Measuring the store …');
  for (let time = 0; time < times; time += 1) {
    for (const side of time % 2 === 0 ? [few, many] : [many, few]) await side.once(time);
  }
  return { few: few.figures(), many: many.figures(), bytesATask: many.bytesATask };
}

async function openSide(size: number, say: (line: string) => void) {
  await using opened = new AsyncDisposableStack();
  const server = opened.use(await startRedis());
  const onError = (error: Error) => say(error.message);
  const redis = openRedis(server.url, { name: 'bench', onError });
  opened.defer(() => redis.disconnect());
  await waitForRedis(redis, 5_000);
  await bringUpToDate(redis);
  const store = createStore(redis, { narrate, clock: { now: () => Date.now() } });
  const queue = opened.use(createRunQueue({ url: server.url, onError }));
  const memory = async () => Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1]);
  const before = await memory();
  say(`Storing ${size.toLocaleString('en')} tasks …`);
  await redis.config('SET', 'appendfsync', 'no');
  await fill(redis, store, size);
  await redis.config('SET', 'appendfsync', 'always');
  const bytesATask = Math.round(((await memory()) - before) / size);
  const taken: Record<Operation, number[]> = { enqueue: [], list: [], fold: [] };
  const timed = async (operation: Operation, act: () => Promise<unknown>) => {
    const startedAt = performance.now();
    await act();
    taken[operation].push(performance.now() - startedAt);
  };
  const kept = opened.move();
  return {
    bytesATask,
    figures: () => ({ enqueue: toFigures(taken.enqueue), list: toFigures(taken.list), fold: toFigures(taken.fold) }),
    async once(time: number) {
      const task = example.task({ id: idOf(size + time), createdAt: Date.now() });
      await timed('enqueue', async () => {
        await store.tasks.create(task, narrate(task, { type: 'task_created', at: task.createdAt }, task));
        await queue.wake({ type: 'run', task: task.id });
      });
      await timed('list', () => Promise.all([store.tasks.recent(20), store.tasks.unsettled(), store.tasks.line()]));
      await timed('fold', () =>
        store.tasks.apply(task.id, { type: 'run_delayed', reason: 'Measured.', at: Date.now() }),
      );
      await store.tasks.apply(task.id, { type: 'stopped', by: example.alice, at: Date.now() });
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** One task that ended is stored as Errand does it, and then copied under other names: Errand itself would take minutes for so many. */
async function fill(
  redis: ReturnType<typeof openRedis>,
  store: ReturnType<typeof createStore>,
  size: number,
): Promise<void> {
  const { prefix, recentTasks, settledTasks } = createKeys('default');
  const model = idOf(0);
  const task = example.task({
    id: model,
    spec: [example.message(1, { text: 'Fix the flaky checkout test. '.repeat(12) })],
  });
  await store.tasks.create(task, narrate(task, { type: 'task_created', at: 1 }, task));
  const run = example.runId(1, model);
  const { repository, report, sha, pull } = example;
  const changed = { type: 'changed', changes: [{ repository, head: sha('a'), report }], missing: [] } as const;
  await store.tasks.apply(model, { at: 2, type: 'run_started', run, number: 1, engine: example.engine });
  await store.tasks.apply(model, { at: 3, type: 'messages_taken', run, taken: 1 });
  await store.tasks.apply(model, { at: 4, type: 'pull_request_opened', repository, pull });
  await store.tasks.apply(model, { at: 5, type: 'run_finished', run, outcome: changed });
  await store.tasks.apply(model, { at: 6, type: 'pull_request_merged', repository, commit: sha('c'), by: null });
  const lane = await store.outbox.take(model);
  for (const row of lane?.rows ?? []) if (lane) await store.outbox.delivered(lane, row, null);
  if (lane) await store.outbox.release(lane);
  const [hash, events, rows] = await Promise.all([
    redis.hgetall(`${prefix}task:${model}`),
    redis.xrange(`${prefix}events:${model}`, '-', '+'),
    redis.hgetall(`${prefix}lane:${model}`),
  ]);
  for (let at = 1; at < size; at += batch) {
    const step = redis.pipeline();
    for (let index = at; index < Math.min(size, at + batch); index += 1) {
      const id = idOf(index);
      const renamed = (text: string) => text.replaceAll(model, id);
      step.hset(`${prefix}task:${id}`, 'version', hash.version ?? '', 'json', renamed(hash.json ?? ''));
      for (const [, [, event = '']] of events) step.xadd(`${prefix}events:${id}`, '*', 'event', renamed(event));
      step.hset(`${prefix}lane:${id}`, ...Object.entries(rows).flatMap(([field, value]) => [field, renamed(value)]));
      step.set(`${prefix}origin:mention:${id}`, id);
      step.zadd(recentTasks, index, id).zadd(settledTasks, index, id);
    }
    await step.exec();
  }
}

function idOf(index: number): TaskId {
  return toTaskId(Uint8Array.from({ length: 6 }, (_, digit) => Math.floor(index / 32 ** (5 - digit)) % 32));
}
