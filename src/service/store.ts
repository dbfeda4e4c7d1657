import { narrate } from '../app/narrate.ts';
import type { Config } from '../config.ts';
import { createRunQueue } from '../queue/run-queue.ts';
import type { Places } from '../setup/places.ts';
import { checkRedis } from '../store/check-redis.ts';
import { openRedis, waitForRedis } from '../store/connection.ts';
import { createStore } from '../store/store.ts';
import type { Clock } from '../task/ports/clock.ts';
import type { ProcessScope } from './process.ts';

const redisStartsWithinMs = 10_000;

export const systemClock: Clock = { now: () => Date.now() };

/** Store and queue on the configured Redis, or on Errand's own. Throws `Problem` when it could lose what it acknowledged. */
export async function openStore(config: Config, places: Places, { log }: ProcessScope, name: string) {
  const url = config.redis.url ?? places.redisSocket;
  const onError = (error: Error) => log.warn({ err: error }, 'Redis');
  const redis = openRedis(url, { name: `errand-${name}`, onError });
  await waitForRedis(redis, redisStartsWithinMs);
  await checkRedis(redis);
  const queue = createRunQueue({ url, onError });
  const store = createStore(redis, { narrate, clock: systemClock });
  return {
    ...store,
    queue,
    async [Symbol.asyncDispose]() {
      await queue[Symbol.asyncDispose]();
      redis.disconnect();
    },
  };
}
