import { z } from 'zod';
import type { Clock } from '../task/ports/clock.ts';
import type { Crew } from '../task/ports/crew.ts';
import { type Connection, guarded } from './connection.ts';
import type { Keys } from './keys.ts';
import { createScript } from './script.ts';

/** Who is silent for so long is not counted any more. */
export const crewForgetsMs = 20_000;

const beat = createScript(`
local prefix, member, now = unpack(ARGV)
local crew = prefix .. 'crew'
redis.call('ZADD', crew, now, member)
redis.call('ZREMRANGEBYSCORE', crew, '-inf', now - ${crewForgetsMs})
return redis.call('ZCARD', crew)
`);

/** Counts the processes that speak to one workspace. */
export function createCrew(redis: Connection, keys: Keys, clock: Clock): Crew {
  return {
    beat: (member) =>
      guarded('count the bots', async () =>
        z.int().parse(await beat(redis, [keys.crew], [keys.prefix, member, clock.now()])),
      ),
  };
}
