import type { Redis } from 'ioredis';
import { Cluster } from 'ioredis';
import type { Connection } from './connection.ts';

/** Of a Redis with a memory limit: from here on no new task, so that those there have room to end. */
const fullShare = 0.9;

/** Lua that looks whether a new task still has room. */
export const fullLua = `
local function isFull()
  local memory = redis.call('INFO', 'memory')
  local most = tonumber(string.match(memory, '\\nmaxmemory:(%d+)'))
  return most > 0 and tonumber(string.match(memory, 'used_memory:(%d+)')) > ${fullShare} * most
end
`;

/** How much of its limit Redis uses; 0 without a limit. Of a cluster, the node that is fullest. */
export async function usedShare(redis: Connection): Promise<number> {
  const nodes: Redis[] = redis instanceof Cluster ? redis.nodes('master') : [redis];
  const shares = nodes.map(async (node) => {
    const memory = await node.info('memory');
    const bytes = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(memory)?.[1] ?? 0);
    return bytes('maxmemory') === 0 ? 0 : bytes('used_memory') / bytes('maxmemory');
  });
  return Math.max(...(await Promise.all(shares)));
}
