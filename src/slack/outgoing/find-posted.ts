import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import type { MessageTs } from '../../task/ids.ts';
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

/** More than so many messages since the attempt, and the post is made again. */
const pages = 10;
const perPage = 200;
/** Slack's clock and this one differ. */
const clockSlackMs = 10 * 60_000;

/**
 * Looks in a thread, or for a root in the channel, for a message that was posted since a moment (epoch milliseconds): the same row, by
 * this bot, the newest where there are several, and not the one that `except` names. Rejects with the library's errors.
 */
export async function findPosted(
  reader: WebClient,
  place: { channel: string; thread: MessageTs | null; botUserId: string },
  wanted: Omit<Mark, 'revision'>,
  { sinceMs, except = null }: { sinceMs: number; except?: MessageTs | null },
): Promise<{ ts: MessageTs; revision: number } | undefined> {
  const { channel, thread } = place;
  const oldest = (Math.max(0, sinceMs - clockSlackMs) / 1_000).toFixed(6);
  let newest: { ts: MessageTs; revision: number } | undefined;
  let cursor: string | undefined;
  for (let page = 0; page < pages; page++) {
    const next = cursor === undefined ? {} : { cursor };
    const query = { channel, oldest, limit: perPage, include_all_metadata: true, ...next };
    const answer =
      thread === null
        ? await reader.conversations.history(query)
        : await reader.conversations.replies({ ...query, ts: thread });
    for (const message of answer.messages ?? []) {
      const { data } = marked.safeParse(message);
      if (data === undefined || (data.user !== undefined && data.user !== place.botUserId)) continue;
      const { lane, key, revision } = data.metadata.event_payload;
      if (lane !== wanted.lane || key !== wanted.key || data.ts === except) continue;
      if (newest === undefined || Number(data.ts) > Number(newest.ts)) newest = { ts: data.ts, revision };
    }
    cursor = answer.response_metadata?.next_cursor;
    if (cursor === undefined || cursor === '') break;
  }
  return newest;
}
