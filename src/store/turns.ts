import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Turns } from '../task/ports/turns.ts';
import { turns } from '../task/turns.ts';
import { type Connection, guarded } from './connection.ts';
import type { Keys } from './keys.ts';
import { createScript, setAlways } from './script.ts';

const heldMs = 30_000;
const renewEveryMs = 10_000;
const lookAgainMs = 50;

const renewTurn = createScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('PEXPIRE', KEYS[1], ${heldMs}) end
`);
const endTurn = createScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
`);

/** Those of one process come in order; of several, one after the other. */
export function createTurns(redis: Connection, keys: Keys): Turns {
  const here = turns<string>();
  return {
    inTurn: (name, work) =>
      here(name, async () => {
        const key = keys.turn(name);
        const token = randomUUID();
        const take = () => guarded('wait for a turn', () => setAlways(redis, [key], [token, 'PX', heldMs, 'NX']));
        while ((await take()) === null) await delay(lookAgainMs);
        // A turn that could not be renewed, or ended, ends by itself.
        const renewing = setInterval(() => renewTurn(redis, [key], [token]).catch(() => undefined), renewEveryMs);
        try {
          return await work();
        } finally {
          clearInterval(renewing);
          await endTurn(redis, [key], [token]).catch(() => undefined);
        }
      }),
  };
}
