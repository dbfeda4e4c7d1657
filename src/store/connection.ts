import { Redis } from 'ioredis';
import { Problem } from '../task/problem.ts';

/**
 * A connection that fails fast: a command on a Redis that is away is refused within two seconds rather than kept, because
 * whoever waits for it (Slack's acknowledgement) gives up at three. `url` is `redis://…`, `rediss://…` or a socket's path.
 */
export function openRedis(url: string, options: { name: string; onError: (error: Error) => void }): Redis {
  const redis = new Redis(url, {
    connectionName: options.name,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    // A write whose answer was lost may have happened; sending it again behind the caller's back would hide that.
    autoResendUnfulfilledCommands: false,
    commandTimeout: 2_000,
    connectTimeout: 2_000,
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 6), 1_000),
  });
  redis.on('error', options.onError);
  return redis;
}

/** Waits until Redis takes commands; throws `redis_down` when it doesn't within `timeoutMs`. */
export async function waitForRedis(redis: Redis, timeoutMs: number): Promise<void> {
  if (redis.status === 'ready') return;
  await new Promise<void>((resolve, reject) => {
    const ready = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(() => {
      redis.off('ready', ready);
      reject(redisDown('connect', new Error(`not ready after ${timeoutMs} ms`)));
    }, timeoutMs);
    redis.once('ready', ready);
  });
}

/** Runs commands and turns what Redis or the way to it refuses into a `Problem`; `what` says what was attempted. */
export async function guarded<Result>(what: string, commands: () => Promise<Result>): Promise<Result> {
  try {
    return await commands();
  } catch (error) {
    if (error instanceof Problem || !(error instanceof Error)) throw error;
    const text = error.message;
    if (/^OOM /.test(text)) throw redisFull(what, error);
    if (/^(LOADING|MISCONF|READONLY|CLUSTERDOWN|MASTERDOWN|BUSY) /.test(text)) throw redisDown(what, error);
    if (error.name === 'ReplyError') throw redisRefused(what, text, error);
    throw isAway(error) ? redisDown(what, error) : error;
  }
}

/** What ioredis says of a server that can't be reached, went away, or keeps silent. */
function isAway(error: Error): boolean {
  const known = /Connection is closed|Stream isn't writeable|Command timed out|max retries per request/;
  return known.test(error.message) || ('syscall' in error && 'code' in error);
}

function redisDown(what: string, cause: unknown): Problem {
  return new Problem(
    {
      code: 'redis_down',
      sentence: `Errand could not ${what}: its store (Redis) does not answer.`,
      next: 'Try again in a minute. The operator finds the reason in the log and with `npm run doctor`.',
    },
    { retry: true, cause },
  );
}

function redisFull(what: string, cause: unknown): Problem {
  return new Problem(
    {
      code: 'redis_full',
      sentence: `Errand could not ${what}: its store (Redis) has reached its memory limit.`,
      next: 'The operator raises `maxmemory` or removes what else is stored there.',
    },
    { retry: true, cause },
  );
}

function redisRefused(what: string, found: string, cause: unknown): Problem {
  return new Problem(
    {
      code: 'redis_refused',
      sentence: `Errand could not ${what}: Redis answered “${found}”.`,
      next: 'Check the user and the commands it may use with `npm run doctor`.',
    },
    { cause },
  );
}
