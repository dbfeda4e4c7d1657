import { existsSync } from 'node:fs';
import type { Config } from '../../config.ts';
import type { Places } from '../../setup/places.ts';
import { checkRedis } from '../../store/check-redis.ts';
import { type Connection, connect } from '../../store/connection.ts';
import { causeOf, checked, type Finding, fail, ok, skip, warn } from '../finding.ts';

const name = 'Redis';

/** That the store answers and loses nothing. */
export function checkStore({ redis }: Config, places: Places): Promise<readonly Finding[]> {
  return checked(name, 10_000, async () => {
    if (redis.url === null && !existsSync(places.redisSocket)) {
      return skip(name, 'Errand’s own, not started yet.', 'npm start starts it; set REDIS_URL to use one of yours.');
    }
    return await look(redis.url ?? places.redisSocket, redis.url === null);
  });
}

async function look(url: string, own: boolean): Promise<Finding> {
  let last: Error | undefined;
  const onError = (error: Error) => {
    last = error;
  };
  const where = own ? 'Errand’s own' : url.startsWith('/') ? url : new URL(url).host;
  const redis = await connect(url, { name: 'errand-doctor', onError, timeoutMs: 3_000 }).catch(() => null);
  if (redis === null) {
    const why = last === undefined ? 'no answer within 3 s' : causeOf(last);
    const next = own
      ? 'Start Errand again with npm start; Redis’s own log is logs/redis.log in the data folder.'
      : 'Start it, or correct the address, user and password in REDIS_URL.';
    return fail(name, `${where} can’t be used: ${why}.`, next);
  }
  try {
    await checkRedis(redis);
    return await describe(redis, where);
  } finally {
    redis.disconnect();
  }
}

async function describe(redis: Connection, where: string): Promise<Finding> {
  const info = await redis.info();
  const value = (key: string) => new RegExp(`^${key}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  const used = Number(value('used_memory'));
  const limit = Number(value('maxmemory'));
  const memory = `${value('used_memory_human')} used${limit === 0 ? '' : ` of ${value('maxmemory_human')}`}`;
  const found = `${where}: Redis ${value('redis_version')}, every write on disk, ${memory}.`;
  if (limit > 0 && used > limit * 0.8) {
    return warn(name, found, 'It is nearly full, and then Errand refuses requests: raise maxmemory.');
  }
  return ok(name, found);
}
