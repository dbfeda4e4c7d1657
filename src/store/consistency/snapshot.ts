import { z } from 'zod';
import { Problem } from '../../task/problem.ts';
import { type Connection, guarded } from '../connection.ts';
import type { Keys } from '../keys.ts';
import { globOf } from '../scan.ts';
import { createScript } from '../script.ts';

/** What one key held; `name` without the instance's prefix. */
export interface Entry {
  readonly name: string;
  readonly type: string;
  readonly expires: boolean;
  /** A string's one value, a hash's and a sorted set's pairs one after the other, a stream's entries; nothing of bulky ones. */
  readonly values: readonly string[];
}

export type Snapshot = ReadonlyMap<string, Entry>;

/** Redis answers nobody else while it is taken. */
const mostKeys = 20_000;

// Files and the queue's own stream are as bulky as they are beside the point.
const readAll = createScript(`
local prefix, pattern, most = unpack(ARGV)
local found = {}
local names = redis.call('KEYS', pattern)
if #names > tonumber(most) then return {tostring(#names)} end
for _, key in ipairs(names) do
  local name, type, values = string.sub(key, #prefix + 1), redis.call('TYPE', key)['ok'], {}
  local bulky = string.sub(name, 1, 5) == 'file:' or string.sub(name, 1, 5) == 'jobs:'
  if type == 'string' then
    if not bulky then values = {redis.call('GET', key)} end
    if string.match(name, '^jobs:.*:d[en]:') then values = {redis.call('GET', key)} end
  elseif type == 'hash' then
    values = redis.call('HGETALL', key)
  elseif type == 'set' then
    values = redis.call('SMEMBERS', key)
  elseif type == 'list' then
    values = redis.call('LRANGE', key, 0, -1)
  elseif type == 'zset' then
    values = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  elseif type == 'stream' and not bulky then
    for _, entry in ipairs(redis.call('XRANGE', key, '-', '+')) do table.insert(values, entry[2][2]) end
  end
  table.insert(found, {name, type, redis.call('PTTL', key) >= 0 and 1 or 0, values})
end
return found
`);

const entries = z.array(z.tuple([z.string(), z.string(), z.int(), z.array(z.string())]));

/** Everything of one Errand at one moment. Throws `store_large` beyond twenty thousand keys: looking would hold Redis up. */
export function takeSnapshot(redis: Connection, keys: Keys): Promise<Snapshot> {
  return guarded('look at all that is stored', async () => {
    const pattern = `${globOf(keys.prefix)}*`;
    const found = await readAll(redis, [keys.recentTasks], [keys.prefix, pattern, mostKeys]);
    const many = z.tuple([z.string()]).safeParse(found);
    if (many.success) throw tooMany(many.data[0]);
    return new Map(
      entries
        .parse(found)
        .map(([name, type, expires, values]) => [name, { name, type, expires: expires === 1, values }]),
    );
  });
}

function tooMany(count: string): Problem {
  return new Problem({
    code: 'store_large',
    sentence: `Errand did not look at all that is stored: ${count} keys are more than it holds Redis up for.`,
    next: 'Restore a backup into a Redis of its own and look there.',
  });
}
