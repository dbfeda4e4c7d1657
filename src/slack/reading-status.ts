import type { WebClient } from '@slack/web-api';
import type { ChannelId, MessageTs } from '../task/ids.ts';
import type { Answer } from '../task/use-cases.ts';
import type { Latches } from './latches.ts';
import type { Log } from './log.ts';

const method = 'assistant.threads.setStatus';
/** Later it would stand below what was posted meanwhile. */
const setWithinMs = 1_000;

export interface ReadingStatusOptions {
  readonly client: WebClient;
  readonly latches: Latches;
  readonly log: Log;
}

export type WhileReading = (channel: ChannelId, thread: MessageTs, act: () => Promise<Answer>) => Promise<Answer>;

/**
 * Shows “is reading your request…” below a message while `act` makes something of it. Slack takes it away with the next post
 * in that thread, or after two minutes; where the answer is no post, it is taken away here. Its failure stops nothing.
 */
export function createWhileReading({ client, latches, log }: ReadingStatusOptions): WhileReading {
  const set = async (channel: ChannelId, thread: MessageTs, status: string): Promise<void> => {
    if (latches.isOff(method)) return;
    const asked = client.assistant.threads
      .setStatus({ channel_id: channel, thread_ts: thread, status })
      .catch((error: unknown) => {
        if (!latches.refuse(method, error)) log.debug({ channel, err: error }, 'A status of a thread was not shown');
      });
    const tooLong = Promise.withResolvers<void>();
    const timer = setTimeout(tooLong.resolve, setWithinMs);
    await Promise.race([asked, tooLong.promise]).finally(() => clearTimeout(timer));
  };
  return async (channel, thread, act) => {
    await set(channel, thread, 'is reading your request…');
    const answer = await act();
    if (answer.type !== 'silent') await set(channel, thread, '');
    return answer;
  };
}
