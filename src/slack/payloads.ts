import { z } from 'zod';
import type { OfferedFile } from '../task/files.ts';
import { channelId, messageTs, userId } from './ids.ts';
import { oneLine } from './plain.ts';

/** A slash command. */
export const commandPayload = z.object({
  command: z.string(),
  text: z.string().default(''),
  trigger_id: z.string(),
  user_id: userId,
  channel_id: channelId,
  response_url: z.url().nullable().default(null),
});

/** What was attached to a message. A file without an id of Slack's can't be asked for. */
export const offeredFiles = z
  .array(z.object({ id: z.string(), name: z.string().nullish(), size: z.number().nullish() }))
  .default([])
  .transform((files) =>
    files.flatMap(({ id, name, size }): OfferedFile[] =>
      /^F[A-Z0-9]{1,40}$/.test(id)
        ? [{ id, name: oneLine((name ?? 'a file').replaceAll(/[<>]/g, '_'), 100), bytes: size ?? null }]
        : [],
    ),
  );

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
  files: offeredFiles,
});

export const reactionEvent = z.object({
  type: z.enum(['reaction_added', 'reaction_removed']),
  user: userId,
  reaction: z.string(),
  item_user: z.string().optional(),
  item: z.object({ type: z.literal('message'), channel: channelId, ts: messageTs }),
  event_ts: messageTs,
  /** Set where Errand found it by looking, at that time (epoch milliseconds); Slack doesn't say when it was put there. */
  found_at: z.number().optional(),
});

/** Slack's own Stop, pressed in the thread of an agent's session. */
export const sessionStopped = z.object({
  type: z.literal('agent_session_stopped'),
  user: userId,
  channel: channelId,
  thread_ts: messageTs,
  event_ts: messageTs,
});

/** A button that was pressed on a message, or a menu of it that was chosen from. A message that one person sees comes without itself. */
export const buttonPress = z
  .object({
    type: z.literal('block_actions'),
    user: z.object({ id: userId }),
    channel: z.object({ id: channelId }),
    trigger_id: z.string().default(''),
    message: z.object({ ts: messageTs, thread_ts: messageTs.optional() }).optional(),
    container: z.object({ message_ts: messageTs, thread_ts: messageTs.optional() }).optional(),
    response_url: z.url().nullable().default(null),
    actions: z
      .array(
        z.object({
          action_id: z.string(),
          action_ts: messageTs,
          block_id: z.string().default(''),
          value: z.string().default(''),
          selected_option: z.object({ value: z.string() }).nullish(),
        }),
      )
      .min(1)
      .transform(([first], context) => {
        if (first === undefined) context.addIssue('a press without a button');
        return first ?? z.NEVER;
      }),
  })
  .transform(({ message, container, ...press }, context) => {
    const ts = message?.ts ?? container?.message_ts;
    if (ts === undefined) context.addIssue('a press on no message');
    return { ...press, message: { ts: ts ?? z.NEVER, thread_ts: message?.thread_ts ?? container?.thread_ts } };
  });

/** A shortcut of the compose box or the search bar. */
export const globalShortcut = z.object({
  type: z.literal('shortcut'),
  callback_id: z.string(),
  trigger_id: z.string(),
  user: z.object({ id: userId }),
});

/** A shortcut in a message's own menu. */
export const messageShortcut = z.object({
  type: z.literal('message_action'),
  callback_id: z.string(),
  trigger_id: z.string(),
  action_ts: messageTs,
  user: z.object({ id: userId }),
  channel: z.object({ id: channelId }),
  message_ts: messageTs,
  message: z.object({
    ts: messageTs,
    thread_ts: messageTs.optional(),
    user: userId.optional(),
    text: z.string().default(''),
    attachments: z.array(z.object({ text: z.string().optional(), fallback: z.string().optional() })).default([]),
  }),
  response_url: z.url().nullable().default(null),
});

/** A form that was sent. */
export const viewSubmission = z.object({
  type: z.literal('view_submission'),
  trigger_id: z.string(),
  user: z.object({ id: userId }),
  view: z.object({
    id: z.string(),
    callback_id: z.string(),
    private_metadata: z.string(),
    state: z.object({ values: z.unknown() }),
  }),
  response_urls: z.array(z.object({ channel_id: z.string(), response_url: z.url() })).default([]),
});

/** A field of an open form that others depend on was changed. */
export const fieldChange = z.object({
  type: z.literal('block_actions'),
  user: z.object({ id: userId }),
  trigger_id: z.string().default(''),
  view: z.object({
    id: z.string(),
    hash: z.string(),
    private_metadata: z.string(),
    state: z.object({ values: z.unknown() }),
  }),
});

/** A menu that asks what to offer for the letters that were typed into it. */
export const suggestionRequest = z.object({
  type: z.literal('block_suggestion'),
  action_id: z.string(),
  value: z.string().default(''),
});

export type Message = z.infer<typeof messageEvent>;
export type SessionStopped = z.infer<typeof sessionStopped>;
export type Reaction = z.infer<typeof reactionEvent>;
export type Press = z.infer<typeof buttonPress>;
export type MessageShortcut = z.infer<typeof messageShortcut>;
export type Submission = z.infer<typeof viewSubmission>;
export type SlashCommand = z.infer<typeof commandPayload>;
