import { WebAPIPlatformError, type WebClient } from '@slack/web-api';
import { z } from 'zod';
import type { ChannelId, MessageTs } from '../task/ids.ts';
import type { ThreadMessage, ThreadReader } from '../task/ports/thread-reader.ts';
import { Problem } from '../task/problem.ts';
import { decodeText } from './decode.ts';
import { messageTs, userId } from './ids.ts';
import { offeredFiles } from './payloads.ts';
import { oneLine } from './plain.ts';

const maxMessages = 200;

const attachment = z.object({ text: z.string().optional(), fallback: z.string().optional() });
const said = z.object({
  user: userId.optional(),
  ts: messageTs,
  thread_ts: messageTs.optional(),
  text: z.string().default(''),
  username: z.string().optional(),
  bot_id: z.string().optional(),
  bot_profile: z.object({ name: z.string().optional() }).optional(),
  /** Where most apps put what they have to say. */
  attachments: z.array(attachment).default([]),
  files: offeredFiles,
});

/** Reads at most 200 messages of a thread, oldest first. Throws `Problem` when Slack can't be asked. */
export function createThreadReader(reader: WebClient): ThreadReader {
  return {
    async thread(channel, thread) {
      const read = () => reader.conversations.replies({ channel, ts: thread, limit: maxMessages });
      const answer = await read()
        .catch(async (error: unknown) => {
          if (!isRefusal(error)) throw error;
          // Into a public channel the bot may let itself; it has to be there anyway, to tell how it goes.
          await reader.conversations.join({ channel });
          return read();
        })
        .catch((error: unknown) => {
          throw unreadable(error);
        });
      return (answer.messages ?? []).flatMap((message) => toMessage(message) ?? []);
    },
    async message(channel, ts) {
      const answer = await reader.conversations
        .replies({ channel, ts, oldest: ts, latest: ts, inclusive: true, limit: 2 })
        .catch((error: unknown) => {
          if (isRefusal(error)) return null;
          throw unreadable(error);
        });
      const found = answer?.messages?.map(toMessage).find((message) => message?.ts === ts);
      return found ?? null;
    },
  };
}

function toMessage(message: unknown): ThreadMessage | undefined {
  const parsed = said.safeParse(message);
  if (!parsed.success) return undefined;
  const { user, ts, thread_ts, text, username, bot_id, bot_profile, attachments, files } = parsed.data;
  const words = text.trim() === '' ? attachments.map((each) => each.text ?? each.fallback ?? '').join('\n\n') : text;
  return {
    author: user ?? null,
    name: oneLine(username ?? bot_profile?.name ?? user ?? 'an app', 80),
    ts,
    thread: thread_ts ?? ts,
    text: decodeText(words),
    bot: bot_id !== undefined,
    files,
  };
}

function isRefusal(error: unknown): boolean {
  const final = [
    'channel_not_found',
    'not_in_channel',
    'thread_not_found',
    'message_not_found',
    'missing_scope',
    'is_archived',
    'method_not_supported_for_channel_type',
  ];
  return error instanceof WebAPIPlatformError && final.includes(error.data.error);
}

function unreadable(cause: unknown): Problem {
  return new Problem(
    {
      code: 'thread_unreadable',
      sentence: 'Errand could not read the thread that this stands in.',
      next: 'Invite it to the channel, or write the request in one message.',
    },
    { retry: !isRefusal(cause), cause },
  );
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
