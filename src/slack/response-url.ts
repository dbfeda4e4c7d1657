import type { KnownBlock } from '@slack/types';
import type { MessageTs } from '../task/ids.ts';
import { Problem } from '../task/problem.ts';

export interface EphemeralMessage {
  readonly text: string;
  readonly blocks: readonly KnownBlock[];
  readonly thread: MessageTs | null;
}

/**
 * Answers a person alone through the address that came with their act. It works for thirty minutes, five times, and where the
 * bot is no member of the channel. Throws `Problem`; `retry` unless Slack says the address is used up.
 */
export async function postToResponseUrl(
  url: string,
  { text, blocks, thread }: EphemeralMessage,
  fetch: typeof globalThis.fetch = globalThis.fetch,
): Promise<void> {
  await send(
    url,
    {
      response_type: 'ephemeral',
      replace_original: false,
      unfurl_links: false,
      unfurl_media: false,
      text,
      blocks,
      ...(thread === null ? {} : { thread_ts: thread }),
    },
    fetch,
  );
}

/** Removes the message that a button was pressed on, by the address that came with the press. Throws `Problem`. */
export async function takeBack(url: string, fetch: typeof globalThis.fetch = globalThis.fetch): Promise<void> {
  await send(url, { delete_original: true }, fetch);
}

async function send(url: string, body: object, fetch: typeof globalThis.fetch): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify(body),
    redirect: 'error',
    signal: AbortSignal.timeout(10_000),
  }).catch((error: unknown) => {
    throw failed('the address could not be reached', true, error);
  });
  if (!response.ok) {
    const retry = response.status >= 500 || response.status === 429;
    throw failed(`Slack answered ${response.status} ${(await response.text()).slice(0, 100)}`, retry, undefined);
  }
}

function failed(found: string, retry: boolean, cause: unknown): Problem {
  return new Problem(
    {
      code: 'response_url',
      sentence: `An answer could not be given through Slack's response address: ${found}.`,
      next: '',
    },
    { retry, cause },
  );
}
