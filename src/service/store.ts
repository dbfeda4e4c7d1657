import { Cluster } from 'ioredis';
import { narrate } from '../app/narrate.ts';
import type { Config } from '../config.ts';
import { within } from '../operate/log-context.ts';
import { watchTasks } from '../operate/watch-tasks.ts';
import { openBoardQueues } from '../queue/board-queues.ts';
import { createRunQueue } from '../queue/run-queue.ts';
import type { Places } from '../setup/places.ts';
import { checkRedis } from '../store/check-redis.ts';
import { connect, openCluster, openPatientCluster } from '../store/connection.ts';
import { bringUpToDate, storeVersion } from '../store/migrate.ts';
import { createStore } from '../store/store.ts';
import type { Clock } from '../task/ports/clock.ts';
import type { Outbox } from '../task/ports/outbox.ts';
import type { RunQueue } from '../task/ports/run-queue.ts';
import type { TaskStore } from '../task/ports/task-store.ts';
import type { OutboxRow } from '../task/said.ts';
import type { Task } from '../task/task.ts';
import type { ProcessScope } from './process.ts';
import { watchedTasks } from './watched-tasks.ts';

const redisStartsWithinMs = 10_000;

export const systemClock: Clock = { now: () => Date.now() };

/** Store and queue on the configured Redis, or on Errand's own. Throws `Problem` when it could lose what it acknowledged. */
export async function openStore(config: Config, places: Places, scope: ProcessScope, name: string) {
  const { log, redactor, metrics } = scope;
  const url = config.redis.url ?? places.redisSocket;
  const onError = (error: Error, about: object = {}) => log.warn({ ...about, err: error }, 'Redis');
  const options = { name: `errand-${name}`, onError };
  const redis = await connect(url, { ...options, timeoutMs: redisStartsWithinMs });
  await checkRedis(redis);
  const { from } = await bringUpToDate(redis);
  if (from !== storeVersion) log.info({ from, to: storeVersion }, 'The store was brought up to date');
  const cluster =
    redis instanceof Cluster
      ? { prompt: () => openCluster(url, options), patient: () => openPatientCluster(url) }
      : undefined;
  const queue = createRunQueue({ url, cluster, onError, redact: redactor.text });
  const watched = watchedTasks(narrate, watchTasks(metrics, log), (error) =>
    log.error({ err: error }, 'A change was not counted'),
  );
  const store = createStore(redis, { narrate: watched.narrate, clock: systemClock });
  const { outbox } = store;
  const tasks = watched.watch(store.tasks);
  return {
    ...store,
    /** The queues as an operator's board shows them. */
    openBoardQueues: () => openBoardQueues({ url, cluster, onError, hosts: store.hosts.list }),
    // Whatever came from outside (a program's words, an answer that repeats what it was asked with) goes no further with a secret in it.
    tasks: {
      ...tasks,
      create: (task: Task, rows: readonly OutboxRow[]) => tasks.create(redactor.value(task), redactor.value(rows)),
      apply: (...[id, event, options]: Parameters<TaskStore['apply']>) =>
        tasks.apply(id, redactor.value(event), options),
    } satisfies TaskStore,
    outbox: { ...outbox, add: (rows: readonly OutboxRow[]) => outbox.add(redactor.value(rows)) } satisfies Outbox,
    queue: {
      ...queue,
      // Whatever is logged while a job is handled is about its task.
      work: (...[type, handle, options]: Parameters<RunQueue['work']>) =>
        queue.work(type, (job, signal) => within({ task: job.task }, () => handle(job, signal)), options),
    } satisfies RunQueue,
    async [Symbol.asyncDispose]() {
      await queue[Symbol.asyncDispose]();
      redis.disconnect();
    },
  };
}
