import { narrate } from '../app/narrate.ts';
import type { Config } from '../config.ts';
import { createRunQueue } from '../queue/run-queue.ts';
import type { Places } from '../setup/places.ts';
import { checkRedis } from '../store/check-redis.ts';
import { openRedis, waitForRedis } from '../store/connection.ts';
import { createStore } from '../store/store.ts';
import type { Clock } from '../task/ports/clock.ts';
import type { Outbox } from '../task/ports/outbox.ts';
import type { TaskStore } from '../task/ports/task-store.ts';
import type { OutboxRow } from '../task/said.ts';
import type { Task } from '../task/task.ts';
import type { ProcessScope } from './process.ts';

const redisStartsWithinMs = 10_000;

export const systemClock: Clock = { now: () => Date.now() };

/** Store and queue on the configured Redis, or on Errand's own. Throws `Problem` when it could lose what it acknowledged. */
export async function openStore(config: Config, places: Places, { log, redactor }: ProcessScope, name: string) {
  const url = config.redis.url ?? places.redisSocket;
  const onError = (error: Error) => log.warn({ err: error }, 'Redis');
  const redis = openRedis(url, { name: `errand-${name}`, onError });
  await waitForRedis(redis, redisStartsWithinMs);
  await checkRedis(redis);
  const queue = createRunQueue({ url, onError, redact: redactor.text });
  const store = createStore(redis, { narrate, clock: systemClock });
  const { tasks, outbox } = store;
  return {
    ...store,
    // Whatever came from outside (a program's words, an answer that repeats what it was asked with) goes no further with a secret in it.
    tasks: {
      ...tasks,
      create: (task: Task, rows: readonly OutboxRow[]) => tasks.create(redactor.value(task), redactor.value(rows)),
      apply: (...[id, event, options]: Parameters<TaskStore['apply']>) =>
        tasks.apply(id, redactor.value(event), options),
    } satisfies TaskStore,
    outbox: { ...outbox, add: (rows: readonly OutboxRow[]) => outbox.add(redactor.value(rows)) } satisfies Outbox,
    queue,
    async [Symbol.asyncDispose]() {
      await queue[Symbol.asyncDispose]();
      redis.disconnect();
    },
  };
}
