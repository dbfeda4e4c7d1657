import type { ReceiverEvent } from '@slack/bolt';
import { expect, test } from 'vitest';
import { storeFirst } from '../../src/slack/intake.ts';
import type { Inbox } from '../../src/task/ports/inbox.ts';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** A stored inbox of `keys`, which several processes sweep; says how often each act was handled. */
function inboxOf(keys: readonly string[], now: () => number) {
  const due = new Map(keys.map((key) => [key, 0]));
  const inbox: Inbox = {
    put: async () => false,
    settle: async (key) => void due.delete(key),
    async unsettled(olderThanMs, atMost = 100) {
      const oldestFirst = [...due].toSorted(([, one], [, two]) => one - two);
      const claimed = oldestFirst.filter(([, at]) => at <= now() - olderThanMs).slice(0, atMost);
      for (const [key] of claimed) due.set(key, now());
      return claimed.map(([key]) => ({ key, envelope: { at: 0, body: { key } }, attempts: 1 }));
    },
  };
  return inbox;
}

function process(inbox: Inbox, now: () => number, handle: (body: Record<string, unknown>) => Promise<void>) {
  const app = { processEvent: ({ body }: ReceiverEvent) => handle(body) };
  return storeFirst(app, {
    inbox,
    self: { userId: 'U1', emoji: { start: 's', stop: 'a', approve: 'b', retry: 'c' } },
    teamId: 'T1',
    clock: { now },
    log: quiet,
    refuse: async () => false,
    giveUp: async () => undefined,
  });
}

test('what one sweep takes long for, another sweep elsewhere handles no second time', async () => {
  let now = 10_000;
  const handled: unknown[] = [];
  const inbox = inboxOf(['one', 'two', 'three'], () => now);
  const handle = async ({ key }: Record<string, unknown>) => {
    handled.push(key);
    now += 6_000;
    if (key === 'two') await elsewhere.replay(10_000);
  };
  const elsewhere = process(inbox, () => now, handle);
  await process(inbox, () => now, handle).replay(10_000);
  expect(handled.toSorted()).toEqual(['one', 'three', 'two']);
});

test('a sweep does not begin while the last one of this process runs', async () => {
  const handled: unknown[] = [];
  const inbox: Inbox = {
    put: async () => false,
    settle: async () => undefined,
    unsettled: async () => (handled.length < 2 ? [{ key: 'k', envelope: { at: 0, body: {} }, attempts: 1 }] : []),
  };
  const { promise, resolve } = Promise.withResolvers<void>();
  const intake = process(
    inbox,
    () => 0,
    async () => {
      handled.push('k');
      await promise;
    },
  );
  const first = intake.replay(0);
  expect(intake.replay(0)).toBe(first);
  resolve();
  await first;
  expect(handled).toEqual(['k']);
});

test('an act that fails is tried once a sweep, and those after it too', async () => {
  const handled: unknown[] = [];
  const intake = process(
    inboxOf(['one', 'two'], () => 1),
    () => 1,
    async ({ key }) => {
      handled.push(key);
      throw new Error('it fails');
    },
  );
  await intake.replay(0);
  expect(handled).toEqual(['one', 'two']);
});
