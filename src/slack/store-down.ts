import type { ReceiverEvent } from '@slack/bolt';
import { goalBlock } from './blocks/form.ts';
import type { Wording } from './blocks/parts.ts';
import { render } from './blocks/render.ts';
import type { Connection } from './connection.ts';
import { decodeText } from './decode.ts';
import { typedValue } from './listeners/typed.ts';
import { origin } from './origin.ts';
import { commandPayload, viewSubmission } from './payloads.ts';
import { postToResponseUrl } from './response-url.ts';

const storeDown = {
  sentence: "Errand can't reach its store, so nothing was done.",
  next: 'Try again in a minute; whoever runs Errand finds the reason in its log.',
};

/**
 * What Slack sends only once is answered without the store, with all that was typed: a form stays open, a command comes back with a
 * button that holds it. False for events, which Slack sends again.
 */
export async function refuseStoreDown(
  event: ReceiverEvent,
  { wording, connection, fetch }: { wording: Wording; connection: Connection; fetch?: typeof globalThis.fetch },
): Promise<boolean> {
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
