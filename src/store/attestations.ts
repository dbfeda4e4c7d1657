import { z } from 'zod';
import type { Attestations } from '../task/ports/attestations.ts';
import { type Connection, guarded } from './connection.ts';
import type { Keys } from './keys.ts';
import { setAlways } from './script.ts';

const holdsForSeconds = 15 * 60;

const stored = z.object({
  type: z.enum(['member', 'guest', 'bot', 'stranger', 'deactivated']),
  groups: z.array(z.string()),
});

/** One key a person, which Redis forgets by itself. What can't be read counts as not there. */
export function createAttestations(redis: Connection, keys: Keys): Attestations {
  return {
    attest: ({ person, type, groups }) =>
      guarded('note who somebody is', async () => {
        await setAlways(redis, [keys.attested(person)], [JSON.stringify({ type, groups }), 'EX', holdsForSeconds]);
      }),
    find: (person) =>
      guarded('look up who somebody is', async () => {
        const found = stored.safeParse(parseJson(await redis.get(keys.attested(person))));
        return found.success ? { person, ...found.data } : undefined;
      }),
  };
}

function parseJson(json: string | null): unknown {
  try {
    return json === null ? undefined : JSON.parse(json);
  } catch {
    return undefined;
  }
}
