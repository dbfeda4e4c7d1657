import { createHmac } from 'node:crypto';
import type { Clock } from '../../task/ports/clock.ts';
import type { Ack, Delivery } from './delivery.ts';
import { limits } from './limits.ts';
import type { LooseObject } from './workspace.ts';

/** Signed requests to one URL, as an app without Socket Mode gets them: JSON for events, forms for the rest. */
export function createHttpDelivery(options: {
  url: string;
  signingSecret: string;
  clock: Clock;
  signal: AbortSignal;
}): Delivery {
  const { url, signingSecret, clock, signal } = options;
  return {
    ways: 2,
    async send(kind, payload, retry) {
      const [type, body] = encode(kind, payload);
      const timestamp = String(Math.floor(clock.now() / 1000));
      const headers = {
        'content-type': type,
        'user-agent': 'Slackbot 1.0 (+https://api.slack.com/robots)',
        'x-slack-request-timestamp': timestamp,
        'x-slack-signature': sign(signingSecret, timestamp, body),
        ...(retry && { 'x-slack-retry-num': String(retry.num), 'x-slack-retry-reason': retry.reason }),
      };
      try {
        const timeout = AbortSignal.any([signal, AbortSignal.timeout(limits.ackMs)]);
        const response = await fetch(url, { method: 'POST', headers, body, signal: timeout, redirect: 'error' });
        const text = await response.text();
        if (response.status !== 200) {
          return { ok: false, reason: 'http_error', noRetry: response.headers.get('x-slack-no-retry') === '1' };
        }
        return { ok: true, body: toBody(text) };
      } catch (error) {
        const timedOut = error instanceof DOMException && error.name === 'TimeoutError';
        return { ok: false, reason: timedOut ? 'timeout' : 'connection_failed', noRetry: false } satisfies Ack;
      }
    },
  };
}

/** Slack's `v0` signature over timestamp and raw body. */
export function sign(secret: string, timestamp: string, body: string): string {
  return `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')}`;
}

function encode(kind: string, payload: LooseObject): [type: string, body: string] {
  if (kind === 'events_api') return ['application/json', JSON.stringify(payload)];
  const fields = kind === 'slash_commands' ? payload : { payload: JSON.stringify(payload) };
  const form = new URLSearchParams(
    Object.entries(fields).map(([key, value]): [string, string] => [key, String(value)]),
  );
  return ['application/x-www-form-urlencoded', form.toString()];
}

function toBody(text: string): LooseObject | null {
  if (text.trim() === '') return null;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return { ...value };
    return { text };
  } catch {
    return { text };
  }
}
