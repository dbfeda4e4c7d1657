import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { ChannelId, MessageTs } from '../task/ids.ts';
import type { Clock } from '../task/ports/clock.ts';
import type { Lane, Outbox, PendingRow } from '../task/ports/outbox.ts';
import { Problem } from '../task/problem.ts';
import { type Connection, guarded } from './connection.ts';
import type { Keys } from './keys.ts';
import { rowValues, upsertRowsLua } from './rows.ts';
import { parseEffect } from './schema.ts';
import { createScript } from './script.ts';
import { watch } from './watch.ts';

/** How long a lane stays with a process that says nothing; each delivery begins it anew. */
export const laneHeldMs = 15_000;
/** How long a delivered lane that is no task's is kept: as long as Slack may repeat its request. */
const keptSeconds = 24 * 3_600;

const addRows = createScript(`
local prefix, now = unpack(ARGV, 1, 2)
${upsertRowsLua}
upsertRows(4, now)
`);

const takeLane = createScript(`
local prefix, lane, token = unpack(ARGV)
local hash = prefix .. 'lane:' .. lane
if not redis.call('SET', hash .. ':lock', token, 'NX', 'PX', ${laneHeldMs}) then return false end
return {redis.call('ZSCORE', prefix .. 'lanes:dirty', lane) or '', redis.call('HGETALL', hash)}
`);

const heldLua = `
local function held(hash, token)
  if redis.call('GET', hash .. ':lock') ~= token then return 0 end
  redis.call('PEXPIRE', hash .. ':lock', ${laneHeldMs})
  return 1
end
`;

const attemptRow = createScript(`
local prefix, lane, key, token, now = unpack(ARGV)
${heldLua}
local hash = prefix .. 'lane:' .. lane
if held(hash, token) == 0 then return 0 end
redis.call('HSETNX', hash, 'a:' .. key, now)
return 1
`);

// A delivery is recorded even where the lane was lost meanwhile: the message stands in Slack all the same.
const recordDelivery = createScript(`
local prefix, lane, key, revision, token, ts, message, binding = unpack(ARGV)
${heldLua}
local hash = prefix .. 'lane:' .. lane
local isTask = redis.call('EXISTS', prefix .. 'task:' .. lane) == 1
if tonumber(revision) > tonumber(redis.call('HGET', hash, 'd:' .. key) or 0) then
  redis.call('HSET', hash, 'd:' .. key, revision)
end
if ts ~= '' then
  -- Of a message that was gone and had to be posted anew, the old one leads nowhere any more.
  local before = redis.call('HGET', hash, 't:' .. key)
  if before and before ~= ts then redis.call('DEL', string.sub(message, 1, -#ts - 1) .. before) end
  redis.call('HSET', hash, 't:' .. key, ts)
  redis.call('SET', message, binding)
  if not isTask then redis.call('EXPIRE', message, ${keptSeconds}) end
end
if redis.call('HGET', hash, 'r:' .. key) == revision then
  redis.call('SREM', hash .. ':pending', key)
  if redis.call('SCARD', hash .. ':pending') == 0 then
    redis.call('ZREM', prefix .. 'lanes:dirty', lane)
    if not isTask then redis.call('EXPIRE', hash, ${keptSeconds}) end
  end
end
return held(hash, token)
`);

// Rows that came while the lane was held were announced in vain: nobody else could take it.
const releaseLane = createScript(`
local prefix, lane, token, revisions = unpack(ARGV)
local hash = prefix .. 'lane:' .. lane
if redis.call('GET', hash .. ':lock') == token then redis.call('DEL', hash .. ':lock') end
if redis.call('SCARD', hash .. ':pending') == 0 then
  redis.call('ZREM', prefix .. 'lanes:dirty', lane)
elseif redis.call('HGET', hash, 'x') ~= revisions then
  redis.call('PUBLISH', prefix .. 'changed:lanes', lane)
end
`);

const taken = z.tuple([z.string(), z.array(z.string())]).nullable();
const binding = z.tuple([z.string(), z.string()]);

/** A lane belongs to one process at a time; `attempting` and `delivered` throw `lane_lost` once it went to another. */
export function createOutbox(redis: Connection, keys: Keys, clock: Clock): Outbox {
  return {
    add: (rows) =>
      guarded('store an answer', async () => {
        if (rows.length > 0) await addRows(redis, [keys.dirtyLanes], [keys.prefix, clock.now(), ...rowValues(rows)]);
      }),

    dirty: () => guarded('list what is to be said', () => redis.zrange(keys.dirtyLanes, 0, '-1')),

    underWay: (channel) =>
      guarded('look up what is on its way', async () => {
        for (const lane of await redis.zrange(keys.dirtyLanes, 0, '-1')) {
          const rows = toRows(lane, Object.entries(await redis.hgetall(keys.lane(lane))).flat());
          if (rows.some((row) => isUnderWay(row, channel))) return true;
        }
        return false;
      }),

    take: (lane) =>
      guarded(`take up what is to be said of ${lane}`, async () => {
        const token = randomUUID();
        const found = taken.parse(await takeLane(redis, [keys.lane(lane)], [keys.prefix, lane, token]));
        if (found === null) return null;
        const [since, fields] = found;
        return { name: lane, rows: toRows(lane, fields), token, since: since === '' ? clock.now() : Number(since) };
      }),

    attempting: (lane, row) =>
      guarded(`mark a message of ${lane.name}`, async () => {
        const values = [keys.prefix, lane.name, row.key, lane.token, clock.now()];
        const held = await attemptRow(redis, [keys.lane(lane.name)], values);
        if (held !== 1) throw laneLost(lane);
      }),

    delivered: (lane, row, ts) =>
      guarded(`note a delivery of ${lane.name}`, async () => {
        const held = await recordDelivery(
          redis,
          [keys.lane(lane.name)],
          [
            keys.prefix,
            lane.name,
            row.key,
            row.revision,
            lane.token,
            ts ?? '',
            ts === null ? '' : keys.message(row.effect.channel, ts),
            JSON.stringify([lane.name, row.key]),
          ],
        );
        if (held !== 1) throw laneLost(lane);
      }),

    release: (lane) =>
      guarded(`give back ${lane.name}`, async () => {
        const revisions = lane.rows.reduce((sum, row) => sum + row.revision, 0);
        await releaseLane(redis, [keys.lane(lane.name)], [keys.prefix, lane.name, lane.token, revisions]);
      }),

    watch: (added, signal) =>
      watch(redis, keys.changedLanes, () => redis.zrange(keys.dirtyLanes, 0, '-1'), added, signal),

    findMessage: (channel, ts) =>
      guarded('find a message', async () => {
        const bound = await redis.get(keys.message(channel, ts));
        if (bound === null) return undefined;
        const [lane, key] = binding.parse(JSON.parse(bound));
        const effect = await redis.hget(keys.lane(lane), `e:${key}`);
        return effect === null ? undefined : { lane, key, row: { lane, key, effect: parseEffect(effect) } };
      }),
  };
}

function toRows(lane: string, found: readonly string[]): PendingRow[] {
  const hash = new Map<string, string>();
  for (let at = 0; at + 1 < found.length; at += 2) hash.set(found[at] ?? '', found[at + 1] ?? '');
  const number = (name: string) => Number(hash.get(name) ?? 0);
  return [...hash.keys()]
    .filter((name) => name.startsWith('e:'))
    .map((name) => name.slice(2))
    .sort((one, other) => number(`o:${one}`) - number(`o:${other}`))
    .map((key) => {
      const ts = hash.get(`t:${key}`);
      return {
        lane,
        key,
        effect: parseEffect(hash.get(`e:${key}`) ?? ''),
        revision: number(`r:${key}`),
        deliveredRevision: number(`d:${key}`),
        // What was posted after the backup that it was restored from, nobody here knows.
        attemptedAt: hash.has(`a:${key}`) ? number(`a:${key}`) : hash.has('s') ? number('s') : null,
        ts: ts === undefined ? null : (ts as MessageTs),
      };
    });
}

/** One that was posted before may be posted anew: its `ts` says nothing. */
function isUnderWay({ effect, attemptedAt, revision, deliveredRevision }: PendingRow, channel: ChannelId): boolean {
  return (
    effect.type === 'message' && effect.channel === channel && attemptedAt !== null && deliveredRevision < revision
  );
}

function laneLost(lane: Lane): Problem {
  return new Problem(
    {
      code: 'lane_lost',
      sentence: `Another process took over what is to be said of ${lane.name}, since this one was silent for too long.`,
      next: 'Nothing: the other process goes on.',
    },
    { retry: true },
  );
}
