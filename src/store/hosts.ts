import { z } from 'zod';
import type { Host } from '../task/hosts.ts';
import type { EngineId } from '../task/ids.ts';
import type { Beat, Claim, Hosts } from '../task/ports/hosts.ts';
import { type Connection, guarded } from './connection.ts';
import type { Keys } from './keys.ts';
import { createScript } from './script.ts';

/** Whoever leads and falls silent is followed by the next that says something. */
const leadMs = 15_000;
const forgottenMs = 7 * 24 * 3_600_000;

/*
 * One hash, a field an engine: `<beat> <at> <holder> <state> <facts as JSON>`. Time is Redis' own, so that no two clocks are compared.
 */
const clockLua = `
local time = redis.call('TIME')
local now = string.format('%d%03d', tonumber(time[1]), math.floor(tonumber(time[2]) / 1000))
`;

const beatLua = createScript(`
${clockLua}
local prefix, engine, holder, facts, over = unpack(ARGV)
local hosts, lead = prefix .. 'hosts', prefix .. 'hosts:lead'
local found = redis.call('HGET', hosts, engine)
local count = 0
if found then
  local beat, at, by, state = string.match(found, '^(%d+) (%d+) (%S+) (%S+)')
  if by ~= holder and state ~= 'leaving' and beat ~= over then return {'taken', found, now} end
  count = tonumber(beat)
end
redis.call('HSET', hosts, engine, string.format('%d %s %s serving %s', count + 1, now, holder, facts))
local leads = redis.call('GET', lead)
if not leads or leads == holder then
  redis.call('SET', lead, holder, 'PX', ${leadMs})
  return {'leads', '', now}
end
return {'held', '', now}
`);

const leaveLua = createScript(`
local prefix, engine, holder = unpack(ARGV)
local hosts, lead = prefix .. 'hosts', prefix .. 'hosts:lead'
local found = redis.call('HGET', hosts, engine)
if found then
  local beat, at, by, state, facts = string.match(found, '^(%d+) (%d+) (%S+) (%S+) (.*)$')
  if by == holder then redis.call('HSET', hosts, engine, table.concat({beat, at, by, 'leaving', facts}, ' ')) end
end
if redis.call('GET', lead) == holder then redis.call('DEL', lead) end
`);

const listLua = createScript(`
${clockLua}
local prefix, engine = unpack(ARGV)
if engine == '' then return {now, redis.call('HGETALL', prefix .. 'hosts')} end
local found = redis.call('HGET', prefix .. 'hosts', engine)
return {now, found and {engine, found} or {}}
`);

const beaten = z.tuple([z.enum(['held', 'leads', 'taken']), z.string(), z.string()]);
const listed = z.tuple([z.string(), z.array(z.string())]);
const row = /^(?<beat>\d+) (?<at>\d+) \S+ (?<state>\S+) (?<facts>.*)$/s;
const rowSchema = z.object({
  beat: z.coerce.number(),
  at: z.coerce.number(),
  state: z.enum(['serving', 'leaving']),
  facts: z.string(),
});
const factsSchema = z.object({
  name: z.string(),
  instance: z.string(),
  // An older Errand's worker doesn't say.
  process: z.object({ boot: z.string(), pids: z.string(), pid: z.number(), startedAt: z.string() }).optional(),
  slots: z.number(),
  running: z.number(),
  ready: z.boolean(),
});

export function createHosts(redis: Connection, keys: Keys): Hosts {
  async function look(engine: EngineId | ''): Promise<Host[]> {
    const [now, fields] = listed.parse(await listLua(redis, [keys.hosts], [keys.prefix, engine]));
    return Array.from({ length: fields.length / 2 }, (_, at) => {
      return toHost((fields[2 * at] ?? '') as EngineId, fields[2 * at + 1] ?? '', Number(now));
    });
  }

  return {
    beat: ({ engine, holder, over, ...facts }: Claim) =>
      guarded('say that this machine works', async (): Promise<Beat> => {
        const last = over === null ? '' : String(over);
        const values = [keys.prefix, engine, holder, JSON.stringify(facts), last];
        const [type, found, now] = beaten.parse(await beatLua(redis, [keys.hosts], values));
        if (type === 'taken') return { type, by: toHost(engine, found, Number(now)) };
        return { type: 'held', leads: type === 'leads' };
      }),

    leave: (engine, holder) =>
      guarded('say that this machine’s worker goes', async () => {
        await leaveLua(redis, [keys.hosts], [keys.prefix, engine, holder]);
      }),

    find: (engine) => guarded('look for a machine', async () => (await look(engine))[0]),

    list: () =>
      guarded('list the machines', async () => {
        const all = await look('');
        const old = all.filter(({ silentMs }) => silentMs >= forgottenMs).map(({ engine }) => engine);
        if (old.length > 0) await redis.hdel(keys.hosts, ...old);
        return all.filter(({ silentMs }) => silentMs < forgottenMs);
      }),
  };
}

function toHost(engine: EngineId, text: string, nowMs: number): Host {
  const { beat, at, state, facts } = rowSchema.parse(row.exec(text)?.groups);
  const stands = factsSchema.parse(JSON.parse(facts));
  return { engine, ...stands, state, beat, silentMs: Math.max(0, nowMs - at) };
}
