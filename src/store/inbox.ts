import { z } from 'zod';
import type { Clock } from '../task/ports/clock.ts';
import type { Inbox } from '../task/ports/inbox.ts';
import { type Connection, guarded } from './connection.ts';
import type { Keys } from './keys.ts';
import { createScript } from './script.ts';

/** Slack repeats an event for minutes, people press the same button for longer. */
const knownSeconds = 24 * 3_600;
/** How many envelopes are handed out at once. */
const batch = 100;

const putEnvelope = createScript(`
local prefix, key, envelope, now = unpack(ARGV)
if not redis.call('SET', prefix .. 'inbox:' .. key, envelope, 'NX') then return 0 end
redis.call('ZADD', prefix .. 'inbox-unsettled', now, key)
return 1
`);

const settleEnvelope = createScript(`
local prefix, key = unpack(ARGV)
redis.call('SET', prefix .. 'inbox:' .. key, '', 'XX', 'EX', ${knownSeconds})
redis.call('ZREM', prefix .. 'inbox-unsettled', key)
redis.call('HDEL', prefix .. 'inbox-attempts', key)
`);

// Handing out counts as storing anew, so that the next sweep, or another process, leaves it alone for as long again.
const claimEnvelopes = createScript(`
local prefix, before, now, most = unpack(ARGV)
local claimed = {}
for _, key in ipairs(redis.call('ZRANGE', prefix .. 'inbox-unsettled', '-inf', before, 'BYSCORE', 'LIMIT', 0, most)) do
  redis.call('ZADD', prefix .. 'inbox-unsettled', now, key)
  local attempts = redis.call('HINCRBY', prefix .. 'inbox-attempts', key, 1)
  table.insert(claimed, {key, redis.call('GET', prefix .. 'inbox:' .. key) or 'null', attempts})
end
return claimed
`);

const claimed = z.array(z.tuple([z.string(), z.string(), z.int()]));

/** `unsettled` hands out at most a hundred envelopes, oldest first; each comes again only after `olderThanMs` more. */
export function createInbox(redis: Connection, keys: Keys, clock: Clock): Inbox {
  const one = [keys.inboxUnsettled];
  return {
    put: (key, envelope) =>
      guarded('store what Slack sent', async () => {
        const stored = await putEnvelope(redis, one, [keys.prefix, key, JSON.stringify(envelope), clock.now()]);
        return stored === 1;
      }),

    settle: (key) =>
      guarded('settle what Slack sent', async () => {
        await settleEnvelope(redis, one, [keys.prefix, key]);
      }),

    unsettled: (olderThanMs, atMost = batch) =>
      guarded('list what is left of what Slack sent', async () => {
        const now = clock.now();
        const rows = claimed.parse(await claimEnvelopes(redis, one, [keys.prefix, now - olderThanMs, now, atMost]));
        return rows.map(([key, json, attempts]) => ({ key, envelope: JSON.parse(json) as unknown, attempts }));
      }),
  };
}
