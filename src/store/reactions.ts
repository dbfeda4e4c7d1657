import { z } from 'zod';
import type { UserId } from '../task/ids.ts';
import type { Reacted, Reactions } from '../task/ports/reactions.ts';
import { type Connection, guarded } from './connection.ts';
import type { Keys } from './keys.ts';
import { createScript } from './script.ts';

/** After the last look, or act, at a message: as long as somebody may still mean what they reacted to. */
const keptSeconds = 90 * 24 * 3_600;

const fieldSchema = z.tuple([z.string().transform((id) => id as UserId), z.string()]);

const noteReaction = createScript(`
local added = redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ${keptSeconds})
return added
`);

/** One hash a message, which Redis forgets by itself. */
export function createReactions(redis: Connection, keys: Keys): Reactions {
  const field = ({ by, name }: Pick<Reacted, 'by' | 'name'>) => `${by} ${name}`;
  return {
    known: (channel, message) =>
      guarded('look up what was reacted to', async () => {
        const key = keys.reactions(channel, message);
        // What is still asked about is still of use: a task may be open for longer than this is kept.
        await redis.expire(key, keptSeconds);
        const fields = await redis.hkeys(key);
        return fields.map((each) => {
          const [by, name] = fieldSchema.parse(each.split(' '));
          return { by, name };
        });
      }),

    covers: (reacted, at) =>
      guarded('look up a reaction', async () => {
        const until = await redis.hget(keys.reactions(reacted.channel, reacted.message), field(reacted));
        return until !== null && at < Number(until);
      }),

    note: (reacted, until) =>
      guarded('note a reaction', async () => {
        const key = keys.reactions(reacted.channel, reacted.message);
        return (await noteReaction(redis, [key], [field(reacted), until])) === 1;
      }),

    forget: (reacted) =>
      guarded('forget a reaction', async () => {
        await redis.hdel(keys.reactions(reacted.channel, reacted.message), field(reacted));
      }),
  };
}
