import { existsSync } from 'node:fs';
import type { Config } from '../../config.ts';
import type { Places } from '../../setup/places.ts';
import { checkRedis } from '../../store/check-redis.ts';
import { type Connection, connect } from '../../store/connection.ts';
import { checkStore as findFlaws } from '../../store/consistency/check-store.ts';
import { versionOf } from '../../store/migrate.ts';
import { Problem } from '../../task/problem.ts';
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

async function look(url: string, own: boolean): Promise<readonly Finding[]> {
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
    return [fail(name, `${where} can’t be used: ${why}.`, next)];
  }
  try {
    await checkRedis(redis);
    await versionOf(redis);
    return [await describe(redis, where), ...(await lookInside(redis))];
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

const shown = 3;

/** What is wrong in the store itself; nothing of one that is too large to be looked at beside its work. */
async function lookInside(redis: Connection): Promise<readonly Finding[]> {
  const flaws = await findFlaws(redis).catch((error: unknown) => {
    if (error instanceof Problem && error.failure.code === 'store_large') return [];
    throw error;
  });
  if (flaws.length === 0) return [];
  const some = flaws.slice(0, shown).map(({ key, found }) => `${key}: ${found}`);
  const more = flaws.length > shown ? `; and ${flaws.length - shown} more` : '';
  const next = 'Errand goes on; back it up with npm run backup, and report this as a bug with what was done before.';
  return [warn('Stored tasks', `Not as they should be: ${some.join('; ')}${more}.`, next)];
}
