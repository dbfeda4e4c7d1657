import { parseTaskId } from '../task/ids.ts';
import { Problem } from '../task/problem.ts';
import type { Task } from '../task/task.ts';
import { currentRun } from '../task/transition.ts';
import type { Connection } from './connection.ts';
import { formatOpen, isSettled } from './indexes.ts';
import type { Keys } from './keys.ts';
import { formatPlace, placeLua } from './line.ts';
import { parseTask } from './schema.ts';
import { createScript } from './script.ts';

const batch = 200;

// Whoever writes the task meanwhile puts it where it belongs. When an index named it already, that is when it got there.
const indexTask = createScript(`
local prefix, id, version, createdAt, settled, open, on, place, now = unpack(ARGV)
${placeLua}
if redis.call('HGET', prefix .. 'task:' .. id, 'version') ~= version then return 0 end
redis.call('ZADD', prefix .. 'tasks:recent', 'NX', createdAt, id)
if settled == '1' then
  redis.call('ZREM', prefix .. 'tasks:unsettled', id)
  redis.call('ZADD', prefix .. 'tasks:settled', 'NX', createdAt, id)
else
  redis.call('ZADD', prefix .. 'tasks:unsettled', createdAt, id)
  redis.call('ZREM', prefix .. 'tasks:settled', id)
end
if open == '' then redis.call('HDEL', prefix .. 'tasks:open', id) else redis.call('HSET', prefix .. 'tasks:open', id, open) end
if on ~= '' then redis.call('SADD', prefix .. 'tasks:on:' .. on, id) end
putInPlace(id, place, now)
return 1
`);

/**
 * Puts each of these tasks where the indexes have it, by what it is now. Beside an Errand that works, and as often as one likes. One
 * that can't be read stays where it is: whoever reads it says so.
 */
export async function indexTasks(redis: Connection, keys: Keys, ids: readonly string[]): Promise<void> {
  for (let at = 0; at < ids.length; at += batch) {
    await Promise.all(ids.slice(at, at + batch).map((id) => indexOne(redis, keys, id)));
  }
}

async function indexOne(redis: Connection, keys: Keys, text: string): Promise<void> {
  const id = parseTaskId(text);
  if (id === undefined) return;
  const [version, json] = await redis.hmget(keys.task(id), 'version', 'json');
  if (!version || !json) return;
  const task = readable(json);
  if (task === undefined) return;
  const settled = isSettled(task) ? '1' : '0';
  const on = currentRun(task.run)?.engine ?? '';
  const values = [keys.prefix, id, version, task.createdAt, settled, formatOpen(task), on, formatPlace(task), 0];
  await indexTask(redis, [keys.task(id)], values);
}

function readable(json: string): Task | undefined {
  try {
    return parseTask(json);
  } catch (error) {
    if (error instanceof Problem) return undefined;
    throw error;
  }
}
