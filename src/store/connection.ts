import { Cluster, Redis } from 'ioredis';
import { Problem } from '../task/problem.ts';

/** One Redis, or a cluster of them, of which a store and its queue use one slot. */
export type Connection = Redis | Cluster;

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
    retryStrategy: reconnectMs,
  });
  redis.on('error', options.onError);
  return redis;
}

/**
 * The same for a cluster, of which `url` names one node. Its client finds the others; whoever waits is answered as soon as on one Redis,
 * and no write is sent twice when a node goes away.
 */
export function openCluster(url: string, options: { name: string; onError: (error: Error) => void }): Cluster {
  const { host, port, ...others } = nodeOf(url);
  const cluster = new Cluster([{ host, port }], {
    enableOfflineQueue: false,
    retryDelayOnFailover: 0,
    clusterRetryStrategy: reconnectMs,
    redisOptions: { ...others, connectionName: options.name, commandTimeout: 2_000, connectTimeout: 2_000 },
  });
  cluster.on('error', options.onError);
  return cluster;
}

/** For those who wait as long as a cluster is away: BullMQ's blocking reads. */
export function openPatientCluster(url: string): Cluster {
  const { host, port, ...others } = nodeOf(url);
  return new Cluster([{ host, port }], {
    clusterRetryStrategy: reconnectMs,
    redisOptions: { ...others, maxRetriesPerRequest: null },
  });
}

/**
 * A connection that is ready, to one Redis or, where it is a node of one, to its whole cluster. Throws `redis_down` when there is none within
 * `timeoutMs`.
 */
export async function connect(
  url: string,
  options: { name: string; onError: (error: Error) => void; timeoutMs: number },
): Promise<Connection> {
  const redis = openRedis(url, options);
  try {
    await waitForRedis(redis, options.timeoutMs);
    if (!(await guarded('ask Redis what it is', () => isOfCluster(redis)))) return redis;
  } catch (error) {
    redis.disconnect();
    throw error;
  }
  redis.disconnect();
  const cluster = openCluster(url, options);
  try {
    await waitForRedis(cluster, options.timeoutMs);
    return cluster;
  } catch (error) {
    cluster.disconnect();
    throw error;
  }
}

async function isOfCluster(redis: Redis): Promise<boolean> {
  return /^cluster_enabled:1\r?$/m.test(await redis.info('cluster'));
}

function nodeOf(url: string) {
  const { protocol, hostname, port, username, password } = new URL(url);
  return {
    host: hostname,
    port: Number(port || 6379),
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
    ...(protocol === 'rediss:' && { tls: {} }),
  };
}

function reconnectMs(times: number): number {
  return Math.min(50 * 2 ** Math.min(times, 6), 1_000);
}

/** Waits until Redis takes commands; throws `redis_down` when it doesn't within `timeoutMs`. */
export async function waitForRedis(redis: Connection, timeoutMs: number): Promise<void> {
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
    if (error.name === 'ClusterAllFailedError') throw redisDown(what, error);
    if (error.name === 'ReplyError') throw redisRefused(what, text, error);
    throw isAway(error) ? redisDown(what, error) : error;
  }
}

/** What ioredis says of a server that can't be reached, went away, or keeps silent. */
function isAway(error: Error): boolean {
  const known =
    /Connection is closed|Stream isn't writeable|Command timed out|max retries per request|Cluster isn't ready|slots cache|all startup nodes/;
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

export function redisFull(what: string, cause?: unknown): Problem {
  return new Problem(
    {
      code: 'redis_full',
      sentence: `Errand could not ${what}: its store (Redis) has reached its memory limit.`,
      next: 'Whoever runs Errand raises `maxmemory` or removes what else is stored there; what was accepted before goes on.',
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
