import { expect, test } from 'vitest';
import type { ChannelId, TaskId, UserId } from '../../src/task/ids.ts';
import { crowded, type IntakeLimits, placeOf, tooFast } from '../../src/task/intake.ts';
import { alice, bob } from './example.ts';

const limits: IntakeLimits = { personRequests: 30, channelRequests: 120, personTasks: 2, queuedTasks: 4 };
const open = (...whose: UserId[]) =>
  whose.map((requester, index) => ({ id: `t00000${index}` as TaskId, requester, queued: true }));

test('a person has only so many tasks queued or running at once, and others still get theirs', () => {
  expect(crowded(limits, open(alice), alice)).toBeNull();
  expect(crowded(limits, open(alice, alice), alice)?.code).toBe('person_crowded');
  expect(crowded(limits, open(alice, alice), bob)).toBeNull();
});

test('what runs counts for its person, and no longer for the queue', () => {
  const running = open(bob, bob, bob, bob).map((task) => ({ ...task, queued: false }));
  expect(crowded(limits, running, bob)?.code).toBe('person_crowded');
  expect(crowded(limits, running, alice)).toBeNull();
  expect(crowded(limits, open(bob, bob, bob, bob), alice)?.code).toBe('queue_full');
});

test('a task that is open already needs no further place', () => {
  const tasks = open(alice, alice);
  expect(crowded(limits, tasks, alice, tasks[0]?.id)).toBeNull();
});

test('no limit is no limit', () => {
  const none = { ...limits, personTasks: null, queuedTasks: null };
  expect(crowded(none, open(...Array.from({ length: 500 }, () => alice)), alice)).toBeNull();
});

test.each([
  [1, 'in 1 min;'],
  [60_000, 'in 1 min;'],
  [60_001, 'in 2 min;'],
])('who sent too much learns when there is room again: %d ms', (left, words) => {
  const failure = tooFast(limits, { by: 'person', until: 1_000 + left }, 1_000);
  expect(failure.next).toContain(words);
  expect(failure.sentence).toContain('30 requests');
  expect(tooFast(limits, { by: 'channel', until: 2_000 }, 1_000).sentence).toContain('120 requests out of one channel');
});

test.each([
  ['C0TEAM', 'C0TEAM'],
  ['G0TEAM', 'G0TEAM'],
  ['D0ADA', 'direct'],
  ['U0ADA', 'direct'],
])('%s is the place %s', (channel, place) => {
  expect(placeOf(channel as ChannelId)).toBe(place);
});
