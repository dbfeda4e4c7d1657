import { z } from 'zod';
import type { HealthNotes, StoreFigures } from '../task/ports/health.ts';
import { type Connection, guarded } from './connection.ts';
import type { Keys } from './keys.ts';
import { usedMemory } from './room.ts';
import { createScript } from './script.ts';

const keptMs = 24 * 3_600_000;

// Redis's own time: of several machines each has a clock of its own.
const timeLua = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

const leaveNote = createScript(`
local prefix, id, note = unpack(ARGV)
${timeLua}
redis.call('HSET', prefix .. 'health:notes', id, note)
redis.call('ZADD', prefix .. 'health:heard', now, id)
for _, old in ipairs(redis.call('ZRANGE', prefix .. 'health:heard', '-inf', now - ${keptMs}, 'BYSCORE')) do
  redis.call('ZREM', prefix .. 'health:heard', old)
  redis.call('HDEL', prefix .. 'health:notes', old)
end
`);

const withdrawNote = createScript(`
local prefix, id = unpack(ARGV)
redis.call('HDEL', prefix .. 'health:notes', id)
redis.call('ZREM', prefix .. 'health:heard', id)
`);

const readNotes = createScript(`
local prefix = unpack(ARGV)
${timeLua}
local heard = redis.call('ZRANGE', prefix .. 'health:heard', 0, -1, 'WITHSCORES')
local found = {}
for at = 1, #heard, 2 do
  table.insert(found, {heard[at], tonumber(heard[at + 1]), redis.call('HGET', prefix .. 'health:notes', heard[at]) or ''})
end
return {now, found}
`);

const read = z.tuple([z.number(), z.array(z.tuple([z.string(), z.number(), z.string()]))]);
const noteSchema = z.object({
  process: z.enum(['bot', 'worker']),
  id: z.string(),
  host: z.string(),
  troubles: z.array(z.object({ code: z.string(), sentence: z.string(), since: z.number().nullable() })),
});

/** The notes on Redis, each kept for a day after it was last left. */
export function createHealthNotes(redis: Connection, keys: Keys): HealthNotes {
  const one = [keys.healthNotes];
  return {
    leave: (note) =>
      guarded('say how this process is', async () => {
        await leaveNote(redis, one, [keys.prefix, note.id, JSON.stringify(note)]);
      }),
    withdraw: (id) =>
      guarded('say that this process ends', async () => {
        await withdrawNote(redis, one, [keys.prefix, id]);
      }),
    all: () =>
      guarded('ask how the processes are', async () => {
        const [now, found] = read.parse(await readNotes(redis, one, [keys.prefix]));
        const notes = found.flatMap(([, at, json]) => {
          // What another version left may have another shape.
          const note = noteSchema.safeParse(parsed(json));
          return note.success ? [{ ...note.data, at }] : [];
        });
        return { now, notes };
      }),
  };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

/** Counts what waits and what is used, on all nodes of a cluster; costs the same however much is stored. */
export function createFigures(redis: Connection, keys: Keys): () => Promise<StoreFigures> {
  return () =>
    guarded('look at what the store holds', async () => {
      const [undelivered, unsettled, used] = await Promise.all([
        redis.zcard(keys.dirtyLanes),
        redis.zcard(keys.inboxUnsettled),
        usedMemory(redis),
      ]);
      const limited = used.every(({ limitBytes }) => limitBytes > 0);
      return {
        undelivered,
        unsettled,
        usedBytes: used.reduce((sum, { usedBytes }) => sum + usedBytes, 0),
        limitBytes: limited ? used.reduce((sum, { limitBytes }) => sum + limitBytes, 0) : null,
        usedShare: Math.max(
          ...used.map(({ usedBytes, limitBytes }) => (limitBytes === 0 ? 0 : usedBytes / limitBytes)),
        ),
      };
    });
}
