import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import type { ChannelId, MessageTs } from '../../task/ids.ts';
import { messageTs } from '../ids.ts';

export const metadataType = 'errand';

/** What each message carries, unseen, so that it is found again when the note of its delivery was lost. */
export interface Mark {
  readonly lane: string;
  readonly key: string;
  readonly revision: number;
}

const marked = z.object({
  ts: messageTs,
  user: z.string().optional(),
  bot_id: z.string().optional(),
  metadata: z.object({
    event_type: z.literal(metadataType),
    event_payload: z.object({ lane: z.string(), key: z.string(), revision: z.int() }),
  }),
});

/** A post that lost its note is at most this many messages back, or it is posted again. */
const pages = 5;
const perPage = 200;

/**
 * Looks in a thread, or for a root in the channel, for a message that was posted before: the same row, by this bot.
 * Rejects with the library's errors.
 */
export async function findPosted(
  reader: WebClient,
  place: { channel: ChannelId; thread: MessageTs | null; botUserId: string },
  wanted: Omit<Mark, 'revision'>,
): Promise<{ ts: MessageTs; revision: number } | undefined> {
  const { channel, thread } = place;
  let cursor: string | undefined;
  for (let page = 0; page < pages; page++) {
    const query = { channel, limit: perPage, include_all_metadata: true, ...(cursor === undefined ? {} : { cursor }) };
    const answer =
      thread === null
        ? await reader.conversations.history(query)
        : await reader.conversations.replies({ ...query, ts: thread });
    for (const message of answer.messages ?? []) {
      const { data } = marked.safeParse(message);
      if (data === undefined || (data.user !== undefined && data.user !== place.botUserId)) continue;
      const { lane, key, revision } = data.metadata.event_payload;
      if (lane === wanted.lane && key === wanted.key) return { ts: data.ts, revision };
    }
    cursor = answer.response_metadata?.next_cursor;
    if (cursor === undefined || cursor === '') return undefined;
  }
  return undefined;
}
