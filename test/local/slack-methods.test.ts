import { describe, expect, test } from 'vitest';
import { createRateLimiter } from '../../src/local/slack/rate.ts';
import { scopedMethods } from '../../src/local/slack/scopes.ts';
import { tieredMethods } from '../../src/local/slack/tiers.ts';
import { servedMethods } from '../../src/local/slack/web-api.ts';

test('every method that is served has its tier and its scope in the tables, and nothing else is there', () => {
  const served = servedMethods.toSorted();
  expect(tieredMethods.toSorted()).toEqual(served);
  expect(scopedMethods.toSorted()).toEqual(served);
});

describe('tiers', () => {
  function limiter(scale: number | 'off' = 1) {
    let now = 0;
    const rate = createRateLimiter({ clock: { now: () => now }, scale });
    const channel = 'C1';
    const made = (method: string, args: (n: number) => object, tries: number) =>
      Array.from({ length: tries }, (_, n) => rate.take(method, { channel, ...args(n) })).filter(
        (each) => each === null,
      ).length;
    const pass = (ms: number) => {
      now += ms;
    };
    return { made, rate, pass };
  }

  test.each([
    ['reactions.remove', 20],
    ['reactions.add', 50],
    ['views.open', 100],
    ['apps.connections.open', 1],
  ])('%s may be called %i times at once', (method, calls) => {
    expect(limiter().made(method, () => ({}), 200)).toBe(calls);
  });

  test('fifty edits a minute are for the whole workspace, whatever they edit', () => {
    expect(limiter().made('chat.update', (n) => ({ channel: `C${n}`, ts: `${n}` }), 200)).toBe(50);
  });

  test('one message is edited once in three seconds, after a burst', () => {
    const { made, pass } = limiter();
    expect(made('chat.update', () => ({ ts: '1' }), 10)).toBe(5);
    pass(3_000);
    expect(made('chat.update', () => ({ ts: '1' }), 10)).toBe(1);
  });

  test('a channel takes one post a second after a burst, and another channel its own', () => {
    const { made, pass } = limiter();
    expect(made('chat.postMessage', () => ({}), 20)).toBe(10);
    expect(made('chat.postMessage', () => ({ channel: 'C2' }), 20)).toBe(10);
    pass(1_000);
    expect(made('chat.postMessage', () => ({}), 20)).toBe(1);
  });

  test('one method that is used up leaves the others their calls', () => {
    const { made } = limiter();
    made('reactions.add', () => ({}), 200);
    expect(made('reactions.get', () => ({}), 1)).toBe(1);
  });

  test('whoever is refused hears in how many seconds to come again', () => {
    const { made, rate, pass } = limiter();
    made('reactions.remove', () => ({}), 20);
    expect(rate.take('reactions.remove', {})).toBe(3);
    pass(2_999);
    expect(rate.take('reactions.remove', {})).toBe(1);
    pass(1);
    expect(rate.take('reactions.remove', {})).toBeNull();
  });

  test('switched off, nothing is refused', () => {
    expect(limiter('off').made('reactions.remove', () => ({}), 500)).toBe(500);
  });
});
