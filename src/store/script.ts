import { createHash } from 'node:crypto';
import type { Connection } from './connection.ts';

/** Lets a script write although Redis has reached its `maxmemory`; from Redis 7.0 on. */
const mayExceed = '#!lua flags=allow-oom\n';

/**
 * A Lua script by its digest, sent whole only where Redis doesn't know it (first use, after a restart). It writes to a full Redis as well, so
 * that what was begun gets to its end; `refusable` is what begins something, or can be done without.
 */
export function createScript(
  body: string,
  options: { refusable?: true } = {},
): (redis: Connection, keys: string[], values: (string | number)[]) => Promise<unknown> {
  const lua = options.refusable ? body : `${mayExceed}${body}`;
  const digest = createHash('sha1').update(lua).digest('hex');
  return async (redis, keys, values) => {
    try {
      return await redis.evalsha(digest, keys.length, ...keys, ...values);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return await redis.eval(lua, keys.length, ...keys, ...values);
    }
  };
}

/** SET with its options, on a full Redis as well. */
export const setAlways = createScript(`return redis.call('SET', KEYS[1], unpack(ARGV))`);
