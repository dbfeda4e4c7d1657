import type { WebClient } from '@slack/web-api';
import type { ChannelId, MessageTs } from '../../task/ids.ts';
import { Problem } from '../../task/problem.ts';
import type { Effect, Said } from '../../task/said.ts';
import { maxTextLength, type Rendered, section, type Wording } from '../blocks/parts.ts';
import { render, renderPlain } from '../blocks/render.ts';
import { messageTs } from '../ids.ts';
import { cut, oneLine } from '../plain.ts';
import { postToResponseUrl } from '../response-url.ts';
import { type Mark, metadataType } from './find-posted.ts';
import { toSlackFailure } from './slack-error.ts';

export interface Caller {
  readonly client: WebClient;
  readonly wording: Wording;
  readonly fetch?: typeof fetch;
}

/** Slack fetches nothing that a message names, and makes no link or mention of what only looks like one. */
const unread = { parse: 'none', link_names: false } as const;
const quiet = { ...unread, unfurl_links: false, unfurl_media: false } as const;

/** Posts a message and returns its `ts`. Rejects with the library's errors. */
export async function post(
  caller: Caller,
  place: { channel: ChannelId; thread: MessageTs | null },
  said: Said,
  mark: Mark,
): Promise<MessageTs> {
  const thread = place.thread === null ? {} : { thread_ts: place.thread };
  const metadata = { event_type: metadataType, event_payload: { ...mark } };
  const answer = await withFallback(
    caller,
    () => unnamed(said),
    mark.revision,
    ({ text, blocks }) =>
      caller.client.chat.postMessage({ channel: place.channel, ...thread, ...quiet, text, blocks, metadata }),
  );
  return messageTs.parse(answer.ts);
}

export async function update(
  caller: Caller,
  message: { channel: ChannelId; ts: MessageTs },
  said: Said,
  mark: Mark,
): Promise<void> {
  const metadata = { event_type: metadataType, event_payload: { ...mark } };
  await withFallback(
    caller,
    () => unnamed(said),
    mark.revision,
    ({ text, blocks }) => caller.client.chat.update({ ...message, ...unread, text, blocks, metadata }),
  );
}

/**
 * Tells one person alone. Of a task, it says why it comes here, and leaves out what is only of use in the thread. `channel` is the
 * person's id where their conversation with the bot can't be asked for. Rejects with the library's errors.
 */
export async function postDirect(caller: Caller, channel: string, said: Said, mark: Mark): Promise<void> {
  const head =
    'task' in said
      ? `Slack takes no more messages where task ${said.task.id} was asked for, so this comes here.`
      : null;
  const metadata = { event_type: metadataType, event_payload: { ...mark } };
  await withFallback(
    caller,
    () => said,
    mark.revision,
    ({ text, blocks }) =>
      caller.client.chat.postMessage({
        channel,
        ...quiet,
        text: head === null ? text : cut(`${head}\n${text}`, maxTextLength),
        blocks: head === null ? blocks : [section(head), ...blocks.filter(({ type }) => type !== 'actions')],
        metadata,
      }),
  );
}

/**
 * Through the address that came with the person's act while it works, else beside them in the channel. False where the bot is not, or
 * they are not: nothing was said then.
 */
export async function whisper(
  caller: Caller,
  effect: Extract<Effect, { type: 'ephemeral' }>,
  mark: Mark,
): Promise<boolean> {
  const { thread, said, responseUrl } = effect;
  if (responseUrl !== null) {
    try {
      const message = drawn(() => render(said, caller.wording, mark.revision));
      await postToResponseUrl(responseUrl, { ...message, thread }, caller.fetch);
      return true;
    } catch (error) {
      if (toSlackFailure(error).type !== 'hopeless') throw error;
    }
  }
  try {
    return await beside(caller, effect, thread, mark);
  } catch (error) {
    // Beside a message that was deleted nobody would see it; in the channel they do.
    if (thread === null || toSlackFailure(error).type !== 'thread_gone') throw error;
    return beside(caller, effect, null, mark);
  }
}

async function beside(
  caller: Caller,
  { channel, user, said }: Extract<Effect, { type: 'ephemeral' }>,
  thread: MessageTs | null,
  { revision }: Mark,
): Promise<boolean> {
  const place = { channel, user, ...(thread === null ? {} : { thread_ts: thread }) };
  try {
    await withFallback(
      caller,
      () => said,
      revision,
      ({ text, blocks }) => caller.client.chat.postEphemeral({ ...place, ...unread, text, blocks }),
    );
    return true;
  } catch (error) {
    if (toSlackFailure(error).type !== 'not_a_member') throw error;
    return false;
  }
}

/** Makes the reaction be there, or not be there. */
export async function react(client: WebClient, effect: Extract<Effect, { type: 'reaction' }>): Promise<void> {
  const { channel, ts: timestamp, name, present } = effect;
  await (present
    ? client.reactions.add({ channel, timestamp, name })
    : client.reactions.remove({ channel, timestamp, name }));
}

/** Says in Slack's own list how a task stands. Rejects with the library's errors, where the workspace has no such list too. */
export async function setSession(
  client: WebClient,
  { channel, status, title, initiator }: Extract<Effect, { type: 'session' }>,
  thread: MessageTs,
): Promise<void> {
  await client.agents.sessions.setStatus({
    channel_id: channel,
    thread_ts: thread,
    status,
    title: oneLine(title, maxSessionTitle),
    initiator_user_id: initiator,
  });
}

const maxSessionTitle = 200;

/** A sentence names people where one person alone reads it; in public, where it might quote somebody, it names nobody. */
function unnamed(said: Said): Said {
  if (said.type !== 'sentence') return said;
  const bare = (text: string) => text.replaceAll(/<@([UW][A-Z0-9]+)>/g, '$1');
  return { ...said, sentence: bare(said.sentence), next: said.next === null ? null : bare(said.next) };
}

async function withFallback<Result>(
  { wording }: Caller,
  said: () => Said,
  revision: number,
  send: (message: Rendered) => Promise<Result>,
): Promise<Result> {
  const message = drawn(() => render(said(), wording, revision));
  try {
    return await send(message);
  } catch (error) {
    if (toSlackFailure(error).type !== 'blocks') throw error;
    return send(drawn(() => renderPlain(said(), wording, revision)));
  }
}

/** What another version of Errand stored may have a shape that this one has no words for: that row is hopeless, and no other. */
function drawn(draw: () => Rendered): Rendered {
  try {
    return draw();
  } catch (cause) {
    throw new Problem(
      {
        code: 'message_unreadable',
        sentence: 'A stored message could not be put into words.',
        next: 'Run the version of Errand that wrote it, or report this as a defect.',
      },
      { cause },
    );
  }
}
