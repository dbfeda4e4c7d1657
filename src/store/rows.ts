import type { OutboxRow } from '../task/said.ts';

/**
 * Lua that puts rows into their lanes; part of every script that makes rows, so that a task never changes without what is to
 * be said of it. Expects `prefix`, and calls `upsertRows(first, now)` with the index of `rowValues` in ARGV.
 *
 * A lane is one hash. Per row key: `e:` effect, `r:` revision, `d:` delivered revision, `t:` ts, `a:` attempted, `o:` order;
 * and for the lane `n`, the number of rows, `x`, the sum of revisions, and `s`, since when it may have been posted to
 * by an Errand that it was restored from a backup of. Beside it stands the set of undelivered keys.
 */
export const upsertRowsLua = `
local function upsertRow(lane, key, effect, now)
  local hash = prefix .. 'lane:' .. lane
  if redis.call('HGET', hash, 'e:' .. key) == effect then return end
  redis.call('HSET', hash, 'e:' .. key, effect)
  redis.call('HINCRBY', hash, 'x', 1)
  if redis.call('HINCRBY', hash, 'r:' .. key, 1) == 1 then
    redis.call('HSET', hash, 'o:' .. key, redis.call('HINCRBY', hash, 'n', 1))
  end
  redis.call('PERSIST', hash)
  redis.call('SADD', hash .. ':pending', key)
  redis.call('ZADD', prefix .. 'lanes:dirty', 'NX', now, lane)
  redis.call('PUBLISH', prefix .. 'changed:lanes', lane)
end
local function upsertRows(first, now)
  for at = first, first + 3 * tonumber(ARGV[first - 1]) - 1, 3 do
    upsertRow(ARGV[at], ARGV[at + 1], ARGV[at + 2], now)
  end
end
`;

/** Rows as script arguments, led by their number. */
export function rowValues(rows: readonly OutboxRow[]): (string | number)[] {
  return [rows.length, ...rows.flatMap((row) => [row.lane, row.key, JSON.stringify(row.effect)])];
}
