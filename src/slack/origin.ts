import { z } from 'zod';
import { type Draft, toDraft } from '../task/draft.ts';
import type { ChannelId, MessageTs, UserId } from '../task/ids.ts';
import { decodeText } from './decode.ts';
import { readForm } from './form-state.ts';
import { directTo } from './ids.ts';
import {
  buttonPress,
  commandPayload,
  globalShortcut,
  messageEvent,
  messageShortcut,
  reactionEvent,
  viewSubmission,
} from './payloads.ts';

/** Who did something and where, to answer them: `draft` is what they typed, null where they typed nothing. */
export interface ActOrigin {
  readonly by: UserId;
  readonly channel: ChannelId;
  readonly thread: MessageTs | null;
  readonly draft: Draft | null;
  readonly responseUrl: string | null;
}

/** Null for an act that nobody waits to hear of. */
export function origin(body: unknown): ActOrigin | null {
  const command = commandPayload.safeParse(body);
  if (command.success) {
    const { user_id: by, channel_id: channel, text, response_url: responseUrl } = command.data;
    return { by, channel, thread: null, draft: toDraft(decodeText(text), { channel }), responseUrl };
  }
  const press = buttonPress.safeParse(body);
  if (press.success) {
    const { user, channel, message, response_url: responseUrl } = press.data;
    return { by: user.id, channel: channel.id, thread: message.thread_ts ?? null, draft: null, responseUrl };
  }
  const form = viewSubmission.safeParse(body);
  if (form.success) {
    const by = form.data.user.id;
    const { draft } = readForm(form.data.view);
    const channel = draft.about?.channel ?? draft.channel ?? directTo(by);
    const responseUrl = form.data.response_urls[0]?.response_url ?? null;
    return { by, channel, thread: threadBeside(draft), draft, responseUrl };
  }
  const onMessage = messageShortcut.safeParse(body);
  if (onMessage.success) {
    const { user, channel, message, response_url: responseUrl } = onMessage.data;
    return { by: user.id, channel: channel.id, thread: message.thread_ts ?? null, draft: null, responseUrl };
  }
  const shortcut = globalShortcut.safeParse(body);
  if (shortcut.success) {
    const by = shortcut.data.user.id;
    return { by, channel: directTo(by), thread: null, draft: null, responseUrl: null };
  }
  const event = messageEvent.safeParse(
    typeof body === 'object' && body !== null && 'event' in body ? body.event : null,
  );
  if (!event.success) return null;
  const { user: by, channel, thread_ts: thread = null, ts, text } = event.data;
  const about = { channel, message: ts, thread: thread ?? ts };
  return { by, channel, thread, draft: toDraft(decodeText(text), { channel, about }), responseUrl: null };
}

const reactionBody = z.object({ event: reactionEvent });

/** The same of an emoji that somebody put on a message of Errand's, or took off it; null for any other. */
export function reactionOrigin(body: unknown, self: string): ActOrigin | null {
  const { data } = reactionBody.safeParse(body);
  if (data === undefined || data.event.item_user !== self) return null;
  const { user: by, item } = data.event;
  return { by, channel: item.channel, thread: null, draft: null, responseUrl: null };
}

/** The thread in which a person sees an answer: Slack shows none beside a message that has no thread yet. */
export function threadBeside({ about }: Draft): MessageTs | null {
  return about === null || about.thread === about.message ? null : about.thread;
}
