import { z } from 'zod';
import { actionIds } from './blocks/parts.ts';
import { type EmojiNames, emojiName } from './emoji.ts';
import {
  buttonPress,
  commandPayload,
  globalShortcut,
  type Message,
  messageEvent,
  messageShortcut,
  type Reaction,
  reactionEvent,
  sessionStopped,
  viewSubmission,
} from './payloads.ts';

const eventBody = z.object({
  type: z.literal('event_callback'),
  team_id: z.string().default(''),
  event: z.union([messageEvent, reactionEvent, sessionStopped]),
});

const body = z.union([eventBody, buttonPress, viewSubmission, messageShortcut, globalShortcut, commandPayload]);

/** Who Errand is in this workspace, and which reactions mean something to it. */
export interface Self {
  readonly userId: string;
  readonly emoji: EmojiNames;
}

/**
 * The name of the act that a payload reports, the same in each delivery of it: one message is one act though Slack sends it as
 * `message` and as `app_mention`, under two event ids. Null for what is not Errand's business, which is then not stored.
 */
export function naturalKey(payload: unknown, self: Self): string | null {
  const parsed = body.safeParse(payload);
  if (!parsed.success) return null;
  const { data } = parsed;
  if ('command' in data) return `command:${data.trigger_id}`;
  // A form that came back with errors is sent again under the same id: the trigger tells the sendings apart.
  if ('view' in data) return `view:${data.view.id}:${data.trigger_id}`;
  if ('callback_id' in data) return `shortcut:${data.trigger_id}`;
  if ('actions' in data) {
    const { user, channel, message, actions } = data;
    if (actionIds.link.test(actions.action_id)) return null;
    return `action:${channel.id}:${message.ts}:${user.id}:${actions.action_id}:${actions.action_ts}`;
  }
  if (data.event.type === 'agent_session_stopped') {
    const { channel, thread_ts, user, event_ts } = data.event;
    return `${data.event.type}:${channel}:${thread_ts}:${user}:${event_ts}`;
  }
  return 'item' in data.event ? reactionKey(data.event, self) : messageKey(data.event, data.team_id, self);
}

function messageKey(message: Message, team: string, self: Self): string | null {
  if (message.user === self.userId) return null;
  const inThread = message.thread_ts !== undefined && message.thread_ts !== message.ts;
  const addressed = message.type === 'app_mention' || message.channel_type === 'im' || mentions(message.text, self);
  return inThread || addressed ? `message:${team}:${message.channel}:${message.ts}` : null;
}

function reactionKey(event: Reaction, { emoji, userId }: Self): string | null {
  const name = emojiName(event.reaction);
  if (event.user === userId) return null;
  const approves = name === emoji.approve && event.item_user === userId;
  const added = event.type === 'reaction_added';
  // Taken off they do nothing, but the next one is a new one then.
  const acts = name === emoji.stop || name === emoji.retry;
  // Errand's own messages are no requests.
  const starts = added && name === emoji.start && event.item_user !== userId;
  if (!approves && !acts && !starts) return null;
  const { item, user, type, event_ts } = event;
  return `${type}:${item.channel}:${item.ts}:${user}:${name}:${event_ts}`;
}

function mentions(text: string, { userId }: Self): boolean {
  return text.includes(`<@${userId}>`) || text.includes(`<@${userId}|`);
}
