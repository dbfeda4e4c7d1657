import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Check, Checkup } from '../../src/operate/checkup.ts';
import { problem } from '../app/world.ts';

beforeEach(() => vi.useFakeTimers({ now: 50_000 }));
afterEach(() => vi.useRealTimers());

const clock = { now: () => Date.now() };

function check(look: Check['look'], more: Partial<Check> = {}): Check {
  return { name: 'Docker', needed: true, everyMs: 1_000, look, ...more };
}

describe('a checkup', () => {
  test('is not ready before what is needed has answered', () => {
    expect(new Checkup([check(async () => [])], clock, { toldAfterMs: 0 }).ready).toBe(false);
  });

  test('is ready once it has', async () => {
    const checkup = new Checkup([check(async () => [])], clock, { toldAfterMs: 0 });
    await checkup.once();
    expect(checkup.ready).toBe(true);
    expect(checkup.troubles).toEqual([]);
  });

  test('tells a problem in its own words', async () => {
    const checkup = new Checkup([check(() => Promise.reject(problem('docker_down')))], clock, { toldAfterMs: 0 });
    await checkup.once();
    expect(checkup.ready).toBe(false);
    expect(checkup.troubles).toEqual([{ code: 'docker_down', sentence: 'It is docker_down.', since: 50_000 }]);
  });

  test('tells of an error that has no words without quoting it', async () => {
    const checkup = new Checkup([check(() => Promise.reject(new Error('secret')))], clock, { toldAfterMs: 0 });
    await checkup.once();
    expect(checkup.troubles).toMatchObject([{ sentence: 'Docker could not be looked at.' }]);
  });

  test('is ready in spite of what is only to be told', async () => {
    const full = check(async () => [{ code: 'full', sentence: 'It is nearly full.' }], { needed: false });
    const checkup = new Checkup([full], clock, { toldAfterMs: 0 });
    await checkup.once();
    expect(checkup.ready).toBe(true);
    expect(checkup.troubles).toMatchObject([{ code: 'full' }]);
  });

  test('remembers since when the same trouble lasts, and forgets it when it is over', async () => {
    let well = false;
    const checkup = new Checkup([check(async () => (well ? [] : [{ code: 'full', sentence: 'Full.' }]))], clock, {
      toldAfterMs: 0,
    });
    await checkup.once();
    vi.setSystemTime(90_000);
    await checkup.once();
    expect(checkup.troubles).toMatchObject([{ since: 50_000 }]);
    well = true;
    await checkup.once();
    expect(checkup.troubles).toEqual([]);
    well = false;
    await checkup.once();
    expect(checkup.troubles).toMatchObject([{ since: 90_000 }]);
  });

  test('tells nobody of what is over in some seconds, and is not ready meanwhile', async () => {
    const checkup = new Checkup([check(() => Promise.reject(problem('redis_down')))], clock);
    await checkup.once();
    expect([checkup.ready, checkup.troubles]).toEqual([false, []]);
    vi.setSystemTime(60_000);
    expect(checkup.troubles).toMatchObject([{ code: 'redis_down', since: 50_000 }]);
  });

  test('finds what never answers in trouble, and looks at all else meanwhile', async () => {
    vi.useRealTimers();
    const ending = new AbortController();
    let looked = 0;
    const redis = async () => {
      looked += 1;
      return [];
    };
    const never = check(() => new Promise(() => undefined), { everyMs: 1 });
    const checkup = new Checkup([never, check(redis, { name: 'Redis', everyMs: 1 })], clock, {
      patienceMs: 10,
      toldAfterMs: 0,
    });
    const running = checkup.run(ending.signal);
    await vi.waitFor(() => {
      expect(checkup.troubles).toMatchObject([{ code: 'silent', sentence: 'Docker does not answer.' }]);
      expect(looked).toBeGreaterThan(2);
    });
    ending.abort();
    await running;
  });
});
