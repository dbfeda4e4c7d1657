import { fileLimits } from '../task/files.ts';
import type { Clock } from '../task/ports/clock.ts';
import type { FileStore } from '../task/ports/files.ts';
import { type Connection, guarded } from './connection.ts';
import type { Keys } from './keys.ts';
import { createScript } from './script.ts';

// What is kept is added up as it comes and goes. All of it goes when nothing came for as long as a file is kept.
const reserve = createScript(
  `
local untils, sizes, sum = unpack(KEYS)
local id, bytes, now, most = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
for _, gone in ipairs(redis.call('ZRANGE', untils, '-inf', now, 'BYSCORE')) do
  redis.call('DECRBY', sum, redis.call('HGET', sizes, gone) or 0)
  redis.call('HDEL', sizes, gone)
  redis.call('ZREM', untils, gone)
end
local more = bytes - (redis.call('HGET', sizes, id) or 0)
if (redis.call('GET', sum) or 0) + more > most then return 0 end
redis.call('INCRBY', sum, more)
redis.call('HSET', sizes, id, bytes)
redis.call('ZADD', untils, now + ${fileLimits.keptSeconds * 1000}, id)
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, ${fileLimits.keptSeconds}) end
return 1
`,
  { refusable: true },
);

/**
 * Attached files, whole, each under its own id until it expires, and no more than `mostBytes` of them. What is in them is nobody's
 * business here.
 */
export function createFileStore(
  redis: Connection,
  keys: Keys,
  clock: Clock,
  mostBytes: number = fileLimits.bytesInAll,
): FileStore {
  const counted = [keys.filesUntil, keys.fileSizes, keys.fileSum];
  return {
    put: (id, bytes) =>
      guarded('keep an attached file', async () => {
        if ((await reserve(redis, counted, [id, bytes.length, clock.now(), mostBytes])) !== 1) return false;
        await redis.set(keys.file(id), Buffer.from(bytes), 'EX', fileLimits.keptSeconds);
        return true;
      }),
    get: (id) => guarded('read an attached file', () => redis.getBuffer(keys.file(id))),
  };
}
