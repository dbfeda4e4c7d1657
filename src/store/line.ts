import { z } from 'zod';
import { type ChannelId, type EngineId, parseRepositoryName, parseTaskId, type UserId } from '../task/ids.ts';
import { type Held, keyOf, type Line, partiesOf, toParties, type WaitingTask } from '../task/line.ts';
import type { TaskStore } from '../task/ports/task-store.ts';
import type { Task } from '../task/task.ts';
import { type Connection, guarded } from './connection.ts';
import type { Keys } from './keys.ts';
import { parseTask, turnSchema } from './schema.ts';
import { createScript } from './script.ts';

/**
 * Lua that keeps the waiting line with each write of a task; part of every script that writes one. `tasks:waiting` has what decides on the
 * turn of each queued task. `tasks:running:<party>` are the ids of the runs that count among a person's, a channel's or a repository's, and
 * `tasks:served` is when each of them last had one. Expects `prefix`. Ids whose task runs no more, as an older Errand leaves
 * them, are taken out when they are counted.
 */
export const placeLua = `
local function runsOf(party, id)
  local key, count = prefix .. 'tasks:running:' .. party, 0
  for _, each in ipairs(redis.call('SMEMBERS', key)) do
    local state = each ~= id and redis.call('HGET', prefix .. 'tasks:open', each)
    if state and not string.find(state, ' queued$') then count = count + 1 else redis.call('SREM', key, each) end
  end
  return count
end
local function hasRoom(id, place)
  for _, limit in ipairs(cjson.decode(place).within) do
    if runsOf(limit[1], id) >= limit[2] then return false end
  end
  return true
end
local function putInPlace(id, place, now)
  local at = cjson.decode(place)
  if at.waiting == '' then redis.call('HDEL', prefix .. 'tasks:waiting', id)
  else redis.call('HSET', prefix .. 'tasks:waiting', id, at.waiting) end
  for _, party in ipairs(at.parties) do
    local key, changed = prefix .. 'tasks:running:' .. party, 0
    if at.runs then changed = redis.call('SADD', key, id) else changed = redis.call('SREM', key, id) end
    if changed == 1 then redis.call('ZADD', prefix .. 'tasks:served', now, party) end
  end
end
`;

/** Where a task is in the line, as the scripts take it; `within` are the limits that a run which starts must keep. */
export function formatPlace(task: Task, within: readonly Held[] = []): string {
  const { run } = task;
  return JSON.stringify({
    waiting: run.type === 'queued' ? formatEntry(task, run) : '',
    runs: run.type === 'running' || run.type === 'waiting',
    parties: partiesOf(toParties(task)),
    within: within.map(({ by, name, most }) => [keyOf(by, name), most]),
  });
}

function formatEntry(task: Task, { since, notBefore = 0, turn }: Extract<Task['run'], { type: 'queued' }>): string {
  return JSON.stringify({ ...toParties(task), since, notBefore, home: task.home ?? null, told: turn ?? null });
}

const entry = z.looseObject({
  requester: z.string(),
  channel: z.string(),
  repositories: z.array(z.string()),
  since: z.number(),
  notBefore: z.number(),
  home: z.string().nullable(),
  told: turnSchema.nullable(),
});

const countRuns = createScript(`
local prefix, counts = ARGV[1], {}
${placeLua}
for at = 2, #ARGV do counts[at - 1] = runsOf(ARGV[at], '') end
return counts
`);

// Whoever writes the task meanwhile puts it where it belongs.
const leaveLine = createScript(`
local prefix, id, version = unpack(ARGV)
if (redis.call('HGET', prefix .. 'task:' .. id, 'version') or '') ~= version then return 0 end
return redis.call('HDEL', prefix .. 'tasks:waiting', id)
`);

const runs = z.array(z.int());
const times = z.array(z.string().nullable());

/** Reads the line: what waits, then what is known of those who wait. */
export function createLine(redis: Connection, keys: Keys): Pick<TaskStore, 'line' | 'leaveLine' | 'forgetTurns'> {
  return {
    line: (also) =>
      guarded('look who waits for a worker', async (): Promise<Line> => {
        const waiting = Object.entries(await redis.hgetall(keys.waitingTasks)).flatMap(([id, json]) =>
          toWaiting(id, json),
        );
        const parties = [...new Set([...waiting, ...(also === undefined ? [] : [also])].flatMap(partiesOf))];
        if (parties.length === 0) return { waiting, running: new Map(), served: new Map() };
        const [counted, served] = await Promise.all([
          countRuns(redis, [keys.waitingTasks], [keys.prefix, ...parties]),
          redis.zmscore(keys.servedParties, ...parties),
        ]);
        const running = runs.parse(counted);
        const lately = times.parse(served);
        return {
          waiting,
          running: new Map(parties.map((party, at) => [party, running[at] ?? 0])),
          served: new Map(parties.map((party, at) => [party, Number(lately[at] ?? 0)])),
        };
      }),

    leaveLine: (id) =>
      guarded(`take task ${id} out of the line`, async () => {
        const [version, json] = await redis.hmget(keys.task(id), 'version', 'json');
        if (json && parseTask(json).run.type === 'queued') return;
        await leaveLine(redis, [keys.task(id)], [keys.prefix, id, version ?? '']);
      }),

    forgetTurns: (before) =>
      guarded('forget whose turn was last', async () => {
        await redis.zremrangebyscore(keys.servedParties, '-inf', `(${before}`);
      }),
  };
}

function toWaiting(text: string, json: string): WaitingTask[] {
  const id = parseTaskId(text);
  const read = entry.safeParse(JSON.parse(json));
  if (id === undefined || !read.success) return [];
  const { requester, channel, repositories, home, ...rest } = read.data;
  return [
    {
      ...rest,
      id,
      requester: requester as UserId,
      channel: channel as ChannelId,
      repositories: repositories.flatMap((name) => parseRepositoryName(name) ?? []),
      home: home === null ? null : (home as EngineId),
    },
  ];
}
