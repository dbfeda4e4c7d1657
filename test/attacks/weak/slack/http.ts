import { createHmac } from 'node:crypto';
import { text } from 'node:stream/consumers';
import type { HTTPReceiver } from '@slack/bolt';
import * as real from '../../../../src/slack/http.ts';
import { weaknessOfText } from '../act.ts';

export * from '../../../../src/slack/http.ts';

const unchecked = new Set(['any-signature', 'replays']);

/** `any-signature` and `replays`: whatever comes is signed by us, and now, before Bolt looks at it. */
export function createHttpReceiver(
  mode: real.HttpMode,
  log: Parameters<typeof real.createHttpReceiver>[1],
): HTTPReceiver {
  const receiver = real.createHttpReceiver(mode, log);
  const listener = receiver.requestListener;
  const signed: typeof listener = async (request, response) => {
    const body = await text(request);
    Object.assign(request, { rawBody: Buffer.from(body) });
    if (unchecked.has(weaknessOfText(decodeURIComponent(body)) ?? '')) {
      const at = String(Math.floor(Date.now() / 1000));
      const signature = createHmac('sha256', mode.signingSecret).update(`v0:${at}:${body}`).digest('hex');
      Object.assign(request.headers, { 'x-slack-request-timestamp': at, 'x-slack-signature': `v0=${signature}` });
    }
    return listener(request, response);
  };
  receiver.requestListener = (request, response) => {
    // What Bolt throws is an answer to it only where it is thrown at once.
    if (request.method !== 'POST') return listener(request, response);
    return Promise.resolve(signed(request, response)).catch(() => response.writeHead(404).end());
  };
  return receiver;
}
