import type { Redis } from 'ioredis';
import { Cluster } from 'ioredis';
import type { Connection } from './connection.ts';

/** Of a Redis with a memory limit: from here on no new task, so that those there have room to end. */
export const fullShare = 0.9;

/** Lua that looks whether a new task still has room. */
export const fullLua = `
local function isFull()
  local memory = redis.call('INFO', 'memory')
  local most = tonumber(string.match(memory, '\\nmaxmemory:(%d+)'))
  return most > 0 and tonumber(string.match(memory, 'used_memory:(%d+)')) > ${fullShare} * most
end
`;

/** What Redis uses, and may use (0 without a limit); of a cluster, each node that holds a part. */
export async function usedMemory(redis: Connection): Promise<readonly { usedBytes: number; limitBytes: number }[]> {
  const nodes: Redis[] = redis instanceof Cluster ? redis.nodes('master') : [redis];
  return await Promise.all(
    nodes.map(async (node) => {
      const memory = await node.info('memory');
      const bytes = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(memory)?.[1] ?? 0);
      return { usedBytes: bytes('used_memory'), limitBytes: bytes('maxmemory') };
    }),
  );
}

/** How much of its limit Redis uses; 0 without a limit. Of a cluster, the node that is fullest. */
export async function usedShare(redis: Connection): Promise<number> {
  const nodes = await usedMemory(redis);
  return Math.max(...nodes.map(({ usedBytes, limitBytes }) => (limitBytes === 0 ? 0 : usedBytes / limitBytes)));
}
