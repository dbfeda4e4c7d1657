import { z } from 'zod';
import { channelId, messageTs, userId } from './ids.ts';

/** A slash command. */
export const commandPayload = z.object({
  command: z.string(),
  text: z.string().default(''),
  trigger_id: z.string(),
  user_id: userId,
  channel_id: channelId,
  response_url: z.url().nullable().default(null),
});

/** A message that a person wrote; edits, deletions and what bots write have none of these shapes. */
export const messageEvent = z.object({
  type: z.enum(['message', 'app_mention']),
  subtype: z.enum(['file_share', 'thread_broadcast']).optional(),
  bot_id: z.undefined().optional(),
  user: userId,
  text: z.string().default(''),
  ts: messageTs,
  thread_ts: messageTs.optional(),
  channel: channelId,
  channel_type: z.string().optional(),
  files: z.array(z.object({ name: z.string().nullish() })).optional(),
});

export const reactionEvent = z.object({
  type: z.enum(['reaction_added', 'reaction_removed']),
  user: userId,
  reaction: z.string(),
  item_user: z.string().optional(),
  item: z.object({ type: z.literal('message'), channel: channelId, ts: messageTs }),
  event_ts: messageTs,
});

/** Slack's own Stop, pressed in the thread of an agent's session. */
export const sessionStopped = z.object({
  type: z.literal('agent_session_stopped'),
  user: userId,
  channel: channelId,
  thread_ts: messageTs,
  event_ts: messageTs,
});

/** A button that was pressed on a message. */
export const buttonPress = z.object({
  type: z.literal('block_actions'),
  user: z.object({ id: userId }),
  channel: z.object({ id: channelId }),
  message: z.object({ ts: messageTs, thread_ts: messageTs.optional() }),
  response_url: z.url().nullable().default(null),
  actions: z
    .array(z.object({ action_id: z.string(), action_ts: messageTs, value: z.string().default('') }))
    .min(1)
    .transform(([first], context) => {
      if (first === undefined) context.addIssue('a press without a button');
      return first ?? z.NEVER;
    }),
});

export type Message = z.infer<typeof messageEvent>;
export type SessionStopped = z.infer<typeof sessionStopped>;
export type Reaction = z.infer<typeof reactionEvent>;
export type Press = z.infer<typeof buttonPress>;
export type SlashCommand = z.infer<typeof commandPayload>;
