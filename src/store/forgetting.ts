import { z } from 'zod';
import type { Clock } from '../task/ports/clock.ts';
import type { TaskStore } from '../task/ports/task-store.ts';
import { type Connection, guarded } from './connection.ts';
import type { Keys } from './keys.ts';
import { usedShare } from './room.ts';
import { createScript } from './script.ts';

/** How many tasks one call of the script removes: Redis does nothing else meanwhile. */
const batch = 100;

// Nothing here takes up memory, so that a full Redis can be emptied.
const forgetTasks = createScript(`
local prefix, before, skip = unpack(ARGV)
local settled, recent = prefix .. 'tasks:settled', prefix .. 'tasks:recent'
local function forget(id)
  local task, hash = prefix .. 'task:' .. id, prefix .. 'lane:' .. id
  if redis.call('SCARD', hash .. ':pending') > 0 then return 0 end
  local json = redis.call('HGET', task, 'json')
  if json then
    local origin = cjson.decode(json).task.origin
    redis.call('DEL', prefix .. 'origin:' .. origin.key)
    if origin.thread ~= cjson.null then
      local thread = prefix .. 'thread:' .. origin.channel .. ':' .. origin.thread
      if redis.call('GET', thread) == id then redis.call('DEL', thread) end
    end
  end
  local rows = redis.call('HGETALL', hash)
  local sent, channels = {}, {}
  for at = 1, #rows, 2 do
    local kind, key = string.match(rows[at], '^(.):(.*)$')
    if kind == 't' then sent[key] = rows[at + 1] end
    if kind == 'e' then channels[key] = cjson.decode(rows[at + 1]).channel end
  end
  for key, ts in pairs(sent) do
    if channels[key] then redis.call('DEL', prefix .. 'message:' .. channels[key] .. ':' .. ts) end
  end
  redis.call('DEL', task, prefix .. 'events:' .. id, hash, hash .. ':pending', hash .. ':lock')
  redis.call('ZREM', settled, id)
  redis.call('ZREM', recent, id)
  redis.call('HDEL', prefix .. 'tasks:waiting', id)
  return 1
end
local forgotten = 0
local due = redis.call('ZRANGE', settled, '-inf', '(' .. before, 'BYSCORE', 'LIMIT', skip, ${batch})
for _, id in ipairs(due) do forgotten = forgotten + forget(id) end
return {forgotten, #due}
`);

const counts = z.tuple([z.int(), z.int()]);

/** Above this share of Redis's memory limit, settled tasks go before their time. */
const spareShare = 0.6;
/** A thread in which somebody may still answer. */
const freshMs = 24 * 3_600_000;

/** Removes everything that is stored of tasks which were settled before a moment, in batches, and counts them. */
export function createForgetting(redis: Connection, keys: Keys, clock: Clock): Pick<TaskStore, 'forget' | 'makeRoom'> {
  /** What still waits to be said keeps its task, which stays first: the next batch is of what comes after those. */
  async function forgetUntil(before: number, isEnough: () => Promise<boolean>): Promise<number> {
    for (let sum = 0, kept = 0; ; ) {
      if (await isEnough()) return sum;
      const [forgotten, due] = counts.parse(await forgetTasks(redis, [keys.settledTasks], [keys.prefix, before, kept]));
      sum += forgotten;
      kept += due - forgotten;
      if (due < batch) return sum;
    }
  }
  return {
    forget: (before) => guarded('remove old tasks', () => forgetUntil(before, async () => false)),
    makeRoom: () =>
      guarded('make room in the store', () =>
        forgetUntil(clock.now() - freshMs, async () => (await usedShare(redis)) <= spareShare),
      ),
  };
}
