import { WebAPIPlatformError, WebClient } from '@slack/web-api';
import { expect, test, vi } from 'vitest';
import { deliver } from '../../src/slack/conversation.ts';
import { Latches } from '../../src/slack/latches.ts';
import type { ChannelId, MessageTs } from '../../src/task/ids.ts';
import type { Lane, Outbox, PendingRow } from '../../src/task/ports/outbox.ts';
import type { Said } from '../../src/task/said.ts';
import { ts } from '../task/example.ts';
import { wording } from './said.ts';

const channel = 'C0DEV' as ChannelId;
const fine: Said = { type: 'sentence', sentence: 'All is well.', next: null, kept: null };

function row(key: string, said: unknown): PendingRow {
  const effect = { type: 'message', channel, thread: { type: 'reply', to: ts(1) }, said } as PendingRow['effect'];
  return { ...{ lane: 'one', key, effect, revision: 1, deliveredRevision: 0, attemptedAt: null, ts: null } };
}

/** Delivers these rows of one lane until all of them are noted, with what was posted. */
async function delivered(
  rows: readonly PendingRow[],
  take?: (name: string) => Promise<Lane | null>,
  mock: (client: WebClient) => void = () => undefined,
) {
  const noted = new Map<string, MessageTs | null>();
  const posted: unknown[] = [];
  const errors: object[] = [];
  const end = new AbortController();
  const outbox: Outbox = {
    add: async () => undefined,
    dirty: async () => ['one'],
    underWay: async () => false,
    take: take ?? (async (name) => ({ name, rows: rows.filter(({ key }) => !noted.has(key)), token: 't', since: 0 })),
    attempting: async () => undefined,
    delivered: async (_lane, { key }, at) => {
      noted.set(key, at);
      if (noted.size === rows.length) end.abort();
    },
    release: async () => undefined,
    watch: (_added, signal) => new Promise((done) => signal.addEventListener('abort', () => done(), { once: true })),
    findMessage: async () => undefined,
  };
  const client = new WebClient();
  vi.spyOn(client.chat, 'postMessage').mockImplementation(async (message) => {
    posted.push(message !== undefined && 'text' in message ? message.text : null);
    return { ok: true, ts: ts(posted.length + 1) };
  });
  mock(client);
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: (fields: object) => void errors.push(fields),
  };
  await deliver({
    ...{ outbox, client, reader: client, botUserId: 'U0BOT', wording, latches: new Latches(log) },
    ...{ clock: { now: () => Date.now() }, log, signal: end.signal, sweepEveryMs: 1, retryAfterMs: 1 },
  });
  return { noted, posted, errors };
}

test('a row that can’t be put into words is dropped with an error in the log, and what comes after it is said', async () => {
  const { noted, posted, errors } = await delivered([row('broken', { type: 'result' }), row('fine', fine)]);
  expect(posted).toEqual(['All is well.']);
  expect([...noted.keys()]).toEqual(['broken', 'fine']);
  expect(errors[0]).toMatchObject({ row: 'broken', failure: { type: 'hopeless', code: 'message_unreadable' } });
});

test('a defect in one delivery is tried again, and ends no other', async () => {
  let failed = false;
  const rows = [row('fine', fine)];
  const { posted } = await delivered(rows, async (name) => {
    if (failed) return { name, rows, token: 't', since: 0 };
    failed = true;
    throw new TypeError('a defect');
  });
  expect(posted).toEqual(['All is well.']);
});

test('what was posted anew for a deleted message, and not noted, is changed and not posted a third time', async () => {
  const old = { ...row('fine', fine), revision: 3, deliveredRevision: 1, attemptedAt: 1, ts: ts(2) };
  const event_payload = { lane: 'one', key: 'fine', revision: 2 };
  const { posted, noted } = await delivered([old], undefined, (client) => {
    const anew = { type: 'message', ts: ts(5), metadata: { event_type: 'errand', event_payload } };
    vi.spyOn(client.conversations, 'replies').mockResolvedValue({ ok: true, messages: [anew] });
    vi.spyOn(client.chat, 'update').mockImplementation(async (message) => {
      if (message?.ts === ts(5)) return { ok: true };
      throw new WebAPIPlatformError({ ok: false, error: 'message_not_found' });
    });
  });
  expect(posted).toEqual([]);
  expect(noted.get('fine')).toBe(ts(5));
});
