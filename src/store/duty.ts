import type { Duty } from '../task/ports/duty.ts';
import { type Connection, guarded } from './connection.ts';
import type { Keys } from './keys.ts';
import { setAlways } from './script.ts';

/** Shares out by keys that lapse: whoever dies with a duty keeps it from the others no longer than that. */
export function createDuty(redis: Connection, keys: Keys): Duty {
  return {
    take: (name, forMs) =>
      guarded(
        'see whose turn it is',
        async () =>
          (await setAlways(redis, [keys.duty(name)], ['1', 'PX', Math.max(1, Math.round(forMs)), 'NX'])) === 'OK',
      ),
  };
}
