import { Redis } from 'ioredis';
import { expect, test, vi } from 'vitest';
import { createKeys } from '../../src/store/keys.ts';
import { createOutbox } from '../../src/store/outbox.ts';
import type { ChannelId, UserId } from '../../src/task/ids.ts';
import type { Effect, Said } from '../../src/task/said.ts';
import { channel, ts } from '../task/example.ts';

const said: Said = { type: 'sentence', sentence: 'All is well.', next: null, kept: null };
const message: Effect = { type: 'message', channel, thread: { type: 'reply', to: ts(1) }, said };
const direct: Effect = { type: 'direct', channel, user: 'U0ADA' as UserId, said };

/** Whether something is under way to the channel, where one lane is dirty with one row. */
async function underWay(effect: Effect, row: Record<string, string>, to = channel): Promise<boolean> {
  const redis = new Redis({ lazyConnect: true });
  vi.spyOn(redis, 'zrange').mockResolvedValue(['one']);
  vi.spyOn(redis, 'hgetall').mockResolvedValue({ 'e:a': JSON.stringify(effect), 'r:a': '1', ...row });
  return createOutbox(redis, createKeys('errand'), { now: () => 1 }).underWay(to);
}

test('only a message whose post was attempted and not noted may stand in its channel unknown', async () => {
  expect(await underWay(message, { 'a:a': '1' })).toBe(true);
  expect(await underWay(message, {})).toBe(false);
  expect(await underWay(message, { 'a:a': '1', 'd:a': '1' })).toBe(false);
  expect(await underWay(message, { 'a:a': '1' }, 'D0ADA' as ChannelId)).toBe(false);
  expect(await underWay(direct, { 'a:a': '1' })).toBe(false);
});
