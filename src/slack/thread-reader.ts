import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import type { ChannelId, MessageTs } from '../task/ids.ts';
import type { ThreadReader } from '../task/ports.ts';
import { Problem } from '../task/problem.ts';
import { decodeText } from './decode.ts';
import { messageTs, userId } from './ids.ts';

const maxMessages = 200;

const said = z.object({
  user: userId,
  ts: messageTs,
  text: z.string().default(''),
  bot_id: z.string().optional(),
  subtype: z.string().optional(),
});

/** Reads at most 200 messages of a thread, oldest first. Throws `Problem` when Slack can't be asked. */
export function createThreadReader(reader: WebClient): ThreadReader {
  return {
    async thread(channel, thread) {
      const answer = await reader.conversations
        .replies({ channel, ts: thread, limit: maxMessages })
        .catch((error: unknown) => {
          throw new Problem(
            {
              code: 'thread_unreadable',
              sentence: 'Errand could not read the thread that it was mentioned in.',
              next: 'Invite it to the channel, or write the request in one message.',
            },
            { retry: true, cause: error },
          );
        });
      return (answer.messages ?? []).flatMap((message) => {
        const parsed = said.safeParse(message);
        if (!parsed.success) return [];
        const { user: author, ts, text, bot_id } = parsed.data;
        return [{ author, ts, text: decodeText(text), bot: bot_id !== undefined }];
      });
    },
  };
}

const parent = z.object({ thread_ts: messageTs });

/** The thread that a message stands in; null when it stands in none, or Slack can't say. */
export function createThreadOf(reader: WebClient) {
  return async (channel: ChannelId, ts: MessageTs): Promise<MessageTs | null> => {
    const answer = await reader.conversations.replies({ channel, ts, limit: 1 }).catch(() => undefined);
    const found = parent.safeParse(answer?.messages?.[0]);
    return found.success ? found.data.thread_ts : null;
  };
}
