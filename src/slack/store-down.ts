import type { ReceiverEvent } from '@slack/bolt';
import { z } from 'zod';
import { goalBlock } from './blocks/form.ts';
import type { Wording } from './blocks/parts.ts';
import { render } from './blocks/render.ts';
import type { Connection } from './connection.ts';
import { decodeText, splitMention } from './decode.ts';
import { typedValue } from './listeners/typed.ts';
import type { Log } from './log.ts';
import { origin } from './origin.ts';
import { commandPayload, messageEvent, viewSubmission } from './payloads.ts';
import { postToResponseUrl } from './response-url.ts';

const storeDown = {
  sentence: "Errand can't reach its store, so nothing was done.",
  next: 'Try again in a minute; whoever runs Errand finds the reason in its log.',
};

const comesAgain = {
  sentence: "Errand can't reach its store just now, so nothing was done yet with your message.",
  next: 'Slack sends it to me again in the next minutes, and I look for it when the store is back: there is no need to write it anew.',
};

/** How many messages it is remembered of that their senders were told. */
const rememberedMessages = 1_000;

/**
 * What Slack sends only once is answered without the store, with all that was typed: a form stays open, a command comes back with a
 * button that holds it. False for events, which Slack sends again: whoever spoke to Errand is told so, once.
 */
export function createStoreDown(options: StoreDownOptions): (event: ReceiverEvent) => Promise<boolean> {
  const told = new Set<string>();
  return async (event) => {
    if (await refuse(event, options)) return true;
    const message = spokenTo(event.body, options.connection.userId);
    if (message === null || told.has(message.key)) return false;
    for (const oldest of told) {
      if (told.size < rememberedMessages) break;
      told.delete(oldest);
    }
    told.add(message.key);
    const { text, blocks } = render({ type: 'sentence', ...comesAgain, kept: null }, options.wording);
    const { channel, user, thread } = message;
    const place = { channel, user, ...(thread === undefined ? {} : { thread_ts: thread }) };
    await options.connection.client.chat
      .postEphemeral({ ...place, text, blocks })
      .catch((error: unknown) =>
        options.log.warn({ ...place, err: error }, 'Nobody could be told that the store is away'),
      );
    return false;
  };
}

export interface StoreDownOptions {
  readonly wording: Wording;
  readonly connection: Connection;
  readonly log: Log;
  readonly fetch?: typeof globalThis.fetch;
}

const eventOf = z.object({ event: messageEvent });

/** A message whose sender waits for an answer: a mention, or one in a direct message. */
function spokenTo(body: unknown, self: string) {
  const { data } = eventOf.safeParse(body);
  if (data === undefined || data.event.user === self) return null;
  const { channel, ts, user, thread_ts: thread, text, channel_type } = data.event;
  const addressed = channel_type === 'im' || splitMention(text, self).mentioned;
  return addressed ? { key: `${channel}:${ts}`, channel, user, thread } : null;
}

async function refuse(event: ReceiverEvent, { wording, connection, fetch }: StoreDownOptions): Promise<boolean> {
  const { body } = event;
  if (viewSubmission.safeParse(body).success) {
    const errors = { [goalBlock(0)]: `${storeDown.sentence} ${storeDown.next}` };
    await event.ack({ response_action: 'errors', errors });
    return true;
  }
  const command = commandPayload.safeParse(body);
  if (command.success) {
    const typed = decodeText(command.data.text).trim();
    const kept = `${command.data.command} ${typed}`.trim();
    const again = { draft: typedValue(typed), repositories: [] };
    const { text, blocks } = render({ type: 'sentence', ...storeDown, kept, again }, wording);
    await event.ack({ response_type: 'ephemeral', text, blocks });
    return true;
  }
  const from = isEvent(body) ? null : origin(body);
  if (from === null) return false;
  await event.ack();
  const { text, blocks } = render({ type: 'sentence', ...storeDown, kept: null }, wording);
  if (from.responseUrl !== null) {
    await postToResponseUrl(from.responseUrl, { text, blocks, thread: from.thread }, fetch);
  } else await connection.client.chat.postMessage({ channel: from.channel, text, blocks });
  return true;
}

function isEvent(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'event' in body;
}
