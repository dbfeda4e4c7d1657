import { z } from 'zod';
import { windowMs } from '../task/intake.ts';
import type { Turnstile } from '../task/ports/turnstile.ts';
import { type Connection, guarded } from './connection.ts';
import type { Keys } from './keys.ts';
import { createScript } from './script.ts';

/*
 * A sorted set a person and a channel: the keys of what they sent within the window, by when. Both are looked at before either is
 * written, so that what one holds back costs nothing at the other.
 */
const passThrough = createScript(`
local prefix, key, now = ARGV[1], ARGV[2], tonumber(ARGV[3])
local doors = {{'person', ARGV[4], ARGV[5]}, {'channel', ARGV[6], ARGV[7]}}
for _, door in ipairs(doors) do
  door.set = prefix .. 'sent:' .. door[1] .. ':' .. door[2]
  redis.call('ZREMRANGEBYSCORE', door.set, '-inf', now - ${windowMs})
  if redis.call('ZSCORE', door.set, key) then return {'', '0'} end
end
for _, door in ipairs(doors) do
  if door[3] ~= '' and redis.call('ZCARD', door.set) >= tonumber(door[3]) then
    local oldest = redis.call('ZRANGE', door.set, 0, 0, 'WITHSCORES')
    return {door[1], oldest[2] or ARGV[3]}
  end
end
for _, door in ipairs(doors) do
  redis.call('ZADD', door.set, now, key)
  redis.call('PEXPIRE', door.set, ${windowMs})
end
return {'', '0'}
`);

const answer = z.tuple([z.enum(['', 'person', 'channel']), z.coerce.number()]);

export function createTurnstile(redis: Connection, keys: Keys): Turnstile {
  return {
    pass: ({ key, by, channel, at }, { personRequests, channelRequests }) =>
      guarded('count a request', async () => {
        const [held, oldest] = answer.parse(
          await passThrough(
            redis,
            [keys.sent('person', by)],
            [keys.prefix, key, at, by, personRequests ?? '', channel, channelRequests ?? ''],
          ),
        );
        return held === '' ? null : { by: held, until: oldest + windowMs };
      }),
  };
}
