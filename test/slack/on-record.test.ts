import { expect, test } from 'vitest';
import { toBeOnRecord } from '../../src/slack/listeners/on-record.ts';
import type { Outbox } from '../../src/task/ports/outbox.ts';
import { channel, ts } from '../task/example.ts';

const message = { channel, ts: ts(1) };
const at = Number(ts(1)) * 1_000;
const known = { lane: 'tabcdef', key: 'gate' };

function outbox(recorded: () => boolean, underWay: boolean): Pick<Outbox, 'findMessage' | 'underWay'> {
  const row = { ...known, effect: { type: 'reaction' as const, ...message, name: 'eyes', present: true } };
  return { findMessage: async () => (recorded() ? { ...known, row } : undefined), underWay: async () => underWay };
}

test('a reaction waits for the record of a message that is on its way', async () => {
  let looks = 0;
  await toBeOnRecord(
    outbox(() => ++looks > 3, true),
    message,
    at + 500,
  );
  expect(looks).toBe(4);
});

test('one that is not on record in time is dealt with again', async () => {
  const lost = toBeOnRecord(
    outbox(() => false, true),
    message,
    at + 500,
    0,
  );
  await expect(lost).rejects.toMatchObject({ retry: true, failure: { code: 'message_on_its_way' } });
});

test('what nothing on its way could be, and what is old, is left as it is', async () => {
  await toBeOnRecord(
    outbox(() => false, false),
    message,
    at + 500,
  );
  await toBeOnRecord(
    outbox(() => false, true),
    message,
    at + 3 * 60_000,
  );
});
