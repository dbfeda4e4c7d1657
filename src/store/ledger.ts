import { z } from 'zod';
import { parseRepositoryName, parseRunId, type UserId } from '../task/ids.ts';
import type { Amount, Grant } from '../task/money.ts';
import type { Clock } from '../task/ports/clock.ts';
import type { DaySpent, Ledger, Spender, Standing } from '../task/ports/ledger.ts';
import { Problem } from '../task/problem.ts';
import { type Connection, guarded } from './connection.ts';
import type { Keys } from './keys.ts';
import { createScript } from './script.ts';

const keptSeconds = 90 * 24 * 3_600;
const maxRaces = 200;
/** Dollars are counted in whole millionths: sums of them are exact. */
const micro = 1e6;

/*
 * One hash a day, `spending:day:<day>`: a field for each person, repository, agent and count. `spending:run:<run>` has what of a run was
 * counted to a day already. `spending:reserved` has one JSON a run under way. Every change of these raises `spending:version`, and
 * what was decided on an older one is not written.
 */
const readAccounts = createScript(`
local prefix, day = unpack(ARGV)
return {
  redis.call('GET', prefix .. 'spending:version') or '0',
  redis.call('HGETALL', prefix .. 'spending:reserved'),
  redis.call('HGETALL', prefix .. 'spending:day:' .. day),
}
`);

const writeReservation = createScript(`
local prefix, version, run, reservation = unpack(ARGV, 1, 4)
if (redis.call('GET', prefix .. 'spending:version') or '0') ~= version then return 0 end
for at = 5, #ARGV do redis.call('HDEL', prefix .. 'spending:reserved', ARGV[at]) end
redis.call('HSET', prefix .. 'spending:reserved', run, reservation)
redis.call('INCR', prefix .. 'spending:version')
return 1
`);

const bookRun = createScript(`
local prefix, day, run, spender = unpack(ARGV, 1, 4)
local booked, account = prefix .. 'spending:run:' .. run, prefix .. 'spending:day:' .. day
local more = {}
for at = 5, #ARGV, 2 do
  local count, now = ARGV[at], tonumber(ARGV[at + 1])
  more[count] = now - tonumber(redis.call('HGET', booked, count) or 0)
  if more[count] > 0 then
    redis.call('HSET', booked, count, ARGV[at + 1])
    redis.call('HINCRBY', account, spender .. ' ' .. count, string.format('%d', more[count]))
  end
end
redis.call('EXPIRE', booked, ${keptSeconds})
redis.call('EXPIRE', account, ${keptSeconds})
local found = redis.call('HGET', prefix .. 'spending:reserved', run)
if found then
  local left = cjson.decode(found)
  left.usd = math.max(0, left.usd - math.max(0, more.held))
  left.tokens = math.max(0, left.tokens - math.max(0, more.input) - math.max(0, more.output))
  redis.call('HSET', prefix .. 'spending:reserved', run, cjson.encode(left))
end
redis.call('INCR', prefix .. 'spending:version')
`);

const releaseRun = createScript(`
local prefix, run = unpack(ARGV)
if redis.call('HDEL', prefix .. 'spending:reserved', run) == 1 then redis.call('INCR', prefix .. 'spending:version') end
`);

const read = z.tuple([z.string(), z.array(z.string()), z.array(z.string())]);
const share = z.object({ amount: z.number(), by: z.enum(['task', 'person', 'everybody']) }).nullable();
const reservationSchema = z.object({
  person: z.string(),
  /** Micro-dollars and tokens that it may still spend; nothing where nothing limits it. */
  usd: z.number(),
  tokens: z.number(),
  /** Epoch milliseconds. */
  until: z.number(),
  grant: z.string(),
});
const grantSchema = z.object({ usd: share, tokens: share });

type Reservation = z.infer<typeof reservationSchema>;

/** The counts of a day's field: tokens, micro-dollars of known prices, those held against limits, and tokens without a price. */
const counts = ['input', 'output', 'usd', 'held', 'unpriced'] as const;
type Counts = Record<(typeof counts)[number], number>;

export function createLedger(redis: Connection, keys: Keys, clock: Clock): Ledger {
  const key = [keys.spendingVersion];

  async function look(day: string) {
    const [version, reserved, spent] = read.parse(await readAccounts(redis, key, [keys.prefix, day]));
    const reservations = new Map(
      pairs(reserved).map(([run, json]) => [run, reservationSchema.parse(JSON.parse(json))] as const),
    );
    return { version, reservations, spent: toDay(day, spent) };
  }

  function standing({ reservations, spent }: Awaited<ReturnType<typeof look>>, person: UserId): Standing {
    const now = clock.now();
    const live = [...reservations.values()].filter(({ until }) => until > now);
    return {
      person: account(
        spent.filter((each) => each.person === person),
        live.filter((each) => each.person === person),
      ),
      everybody: account(spent, live),
    };
  }

  return {
    standing: (day, person) => guarded('look up what was spent today', async () => standing(await look(day), person)),

    reserve: (order, decide) =>
      guarded(`reserve what run ${order.run} may spend`, async () => {
        for (let race = 0; race < maxRaces; race += 1) {
          const accounts = await look(order.day);
          const own = accounts.reservations.get(order.run);
          if (own !== undefined && own.until > clock.now())
            return { type: 'granted', grant: grantSchema.parse(JSON.parse(own.grant)) };
          const decision = decide(standing(accounts, order.person));
          if (decision.type !== 'granted') return decision;
          const lapsed = Array.from(accounts.reservations).flatMap(([run, { until }]) =>
            until > clock.now() ? [] : [run],
          );
          const written = await writeReservation(redis, key, [
            keys.prefix,
            accounts.version,
            order.run,
            JSON.stringify(toReservation(order, decision.grant)),
            ...lapsed,
          ]);
          if (written === 1) return decision;
        }
        throw new Problem(
          {
            code: 'ledger_contended',
            sentence: `Errand could not reserve what run ${order.run} may spend: others reserved ${maxRaces} times meanwhile.`,
            next: 'Nothing to do: Errand tries again by itself.',
          },
          { retry: true },
        );
      }),

    book: ({ run, day, spender, spent }) =>
      guarded(`count what run ${run} spent`, async () => {
        const { inputTokens: input, outputTokens: output, usd, usdAtMost } = spent;
        const now: Counts = {
          input,
          output,
          usd: Math.round((usd ?? 0) * micro),
          held: Math.ceil(usdAtMost * micro),
          unpriced: usd === null ? input + output : 0,
        };
        const field = JSON.stringify([spender.person, spender.repository, spender.agent]);
        const values = counts.flatMap((count) => [count, now[count]]);
        await bookRun(redis, key, [keys.prefix, day, run, field, ...values]);
      }),

    release: (run) =>
      guarded(`give back what run ${run} did not spend`, async () => {
        await releaseRun(redis, key, [keys.prefix, run]);
      }),

    reserved: () =>
      guarded('list what is reserved', async () =>
        (await redis.hkeys(keys.spendingReserved)).flatMap((run) => parseRunId(run) ?? []),
      ),

    days: (days) =>
      guarded('look up what was spent', async () => {
        const found = await Promise.all(days.map((day) => redis.hgetall(keys.spendingDay(day))));
        return found.flatMap((fields, index) => toDay(days[index] ?? '', Object.entries(fields).flat()));
      }),
  };
}

function toReservation(order: { person: UserId; until: number }, grant: Grant): Reservation {
  return {
    person: order.person,
    usd: Math.round((grant.usd?.amount ?? 0) * micro),
    tokens: Math.round(grant.tokens?.amount ?? 0),
    until: order.until,
    // As text: the script that takes off what was spent writes only what it must.
    grant: JSON.stringify(grant),
  };
}

function account(spent: readonly DaySpent[], reserved: readonly Reservation[]): Standing['person'] {
  const sum = <Of>(all: readonly Of[], amountOf: (each: Of) => Amount): Amount =>
    all.map(amountOf).reduce((one, other) => ({ usd: one.usd + other.usd, tokens: one.tokens + other.tokens }), {
      usd: 0,
      tokens: 0,
    });
  return {
    used: sum(spent, ({ usdAtMost, inputTokens, outputTokens }) => ({
      usd: usdAtMost,
      tokens: inputTokens + outputTokens,
    })),
    reserved: sum(reserved, ({ usd, tokens }) => ({ usd: usd / micro, tokens })),
  };
}

const spenderSchema = z.tuple([z.string(), z.string(), z.string()]);

function toDay(day: string, fields: readonly string[]): DaySpent[] {
  const rows = new Map<string, Partial<Counts>>();
  for (const [field, value] of pairs(fields)) {
    const at = field.lastIndexOf(' ');
    const spender = field.slice(0, at);
    rows.set(spender, { ...rows.get(spender), [field.slice(at + 1)]: Number(value) });
  }
  return Array.from(rows).flatMap(([spender, { input = 0, output = 0, usd = 0, held = 0, unpriced = 0 }]) => {
    const who = toSpender(spender);
    if (who === undefined) return [];
    const spent = { inputTokens: input, outputTokens: output, usdAtMost: held / micro };
    return [{ day, ...who, ...spent, usd: usd / micro, unpricedTokens: unpriced }];
  });
}

function toSpender(json: string): Spender | undefined {
  const [person, name, agent] = spenderSchema.parse(JSON.parse(json));
  const repository = parseRepositoryName(name);
  return repository === undefined ? undefined : { person: person as UserId, repository, agent };
}

function pairs(flat: readonly string[]): [string, string][] {
  return Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at] ?? '', flat[2 * at + 1] ?? '']);
}
