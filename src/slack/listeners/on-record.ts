import { setTimeout as delay } from 'node:timers/promises';
import type { ChannelId, MessageTs } from '../../task/ids.ts';
import type { Outbox } from '../../task/ports/outbox.ts';
import { Problem } from '../../task/problem.ts';
import { toMs } from '../ids.ts';

const youngMs = 2 * 60_000;
const recordedWithinMs = 2_000;
const lookAgainMs = 100;

/**
 * Settles once a message of Errand's that somebody reacted to is on record, or where nothing is on its way to its channel (to a person alone, say). People see a
 * message as soon as Slack has it; where Slack's answer was lost or the bot died right then, it is found by its metadata only later. Throws
 * a `Problem` then, so that the act is dealt with again instead of counting for nothing.
 */
export async function toBeOnRecord(
  outbox: Pick<Outbox, 'findMessage' | 'underWay'>,
  { channel, ts }: { readonly channel: ChannelId; readonly ts: MessageTs },
  reactedAt: number,
  withinMs = recordedWithinMs,
): Promise<void> {
  if (reactedAt - toMs(ts) > youngMs) return;
  for (let waitedMs = 0; ; waitedMs += lookAgainMs) {
    if ((await outbox.findMessage(channel, ts)) !== undefined) return;
    if (!(await outbox.underWay(channel))) return;
    if (waitedMs >= withinMs) break;
    await delay(lookAgainMs);
  }
  throw new Problem(
    {
      code: 'message_on_its_way',
      sentence: 'Somebody reacted to a message of Errand’s whose delivery is not on record yet.',
      next: 'Nothing: it is looked at again.',
    },
    { retry: true },
  );
}
