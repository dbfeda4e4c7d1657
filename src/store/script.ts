import { createHash } from 'node:crypto';
import type { Connection } from './connection.ts';

/** A Lua script by its digest, sent whole only where Redis doesn't know it (first use, after a restart). */
export function createScript(
  lua: string,
): (redis: Connection, keys: string[], values: (string | number)[]) => Promise<unknown> {
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
