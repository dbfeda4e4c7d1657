import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { EngineLease } from '../../src/app/engine-lease.ts';
import { type Host, holdsForMs } from '../../src/task/hosts.ts';
import type { Beat, Claim } from '../../src/task/ports/hosts.ts';
import { engine } from '../task/example.ts';
import { problem } from './world.ts';

const standing = () => ({ slots: 2, running: 0, ready: true });
const other: Host = {
  ...{ engine, name: 'host-2', instance: '0000000b', state: 'serving', ready: true },
  ...{ slots: 2, running: 0, beat: 7, silentMs: 0 },
};

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

/** A lease on a store that answers as `answers` says. */
function leased(
  answers: (claim: Claim) => Beat | Promise<Beat>,
  working: Promise<void> = Promise.resolve(),
  isGone: () => boolean = () => false,
) {
  const claims: Claim[] = [];
  const left: string[] = [];
  const hosts = {
    beat: async (claim: Claim) => {
      claims.push(claim);
      return answers(claim);
    },
    leave: async (_engine: unknown, holder: string) => void left.push(holder),
  };
  const host = { holder: 'one', instance: '0000000a', name: 'host-1' };
  const quiet = () => undefined;
  const log = { info: quiet, warn: quiet, error: quiet };
  const lease = new EngineLease({ hosts, engine, host, isGone, elapsedMs: () => performance.now(), log });
  const ending = new AbortController();
  const served: AbortSignal[] = [];
  const done = lease.during(ending.signal, standing, async (held) => {
    served.push(held);
    if (!held.aborted) await once(held, 'abort');
    await working;
  });
  done.catch(() => undefined);
  return { lease, claims, left, served, done, ending };
}

const held = { type: 'held', leads: true } as const;

describe('the lease on an engine', () => {
  test('is said to hold every few seconds, and given back in the end', async () => {
    const { lease, claims, left, served, done, ending } = leased(() => held);
    await vi.advanceTimersByTimeAsync(12_000);
    expect(claims).toHaveLength(3);
    expect(claims[0]).toMatchObject({ engine, holder: 'one', name: 'host-1', slots: 2, over: null });
    expect(served).toHaveLength(1);
    expect(lease.leads).toBe(true);
    ending.abort();
    await done;
    expect(left).toEqual(['one']);
  });

  test('is given back when its work has settled, or when it is let go of in the midst of it', async () => {
    const working = Promise.withResolvers<void>();
    const { lease, left, done, ending } = leased(() => held, working.promise);
    await vi.advanceTimersByTimeAsync(1_000);
    ending.abort();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(left).toEqual([]);
    expect(() => lease.check()).not.toThrow();
    await lease.leave();
    expect(left).toEqual(['one']);
    expect(() => lease.check()).toThrow('too long');
    working.resolve();
    await done;
  });

  test('is refused at once where another worker lives, which says who', async () => {
    let beat = 7;
    const { served, done, left } = leased(() => {
      beat += 1;
      return { type: 'taken', by: { ...other, beat } };
    });
    const refused = expect(done).rejects.toMatchObject({
      failure: { code: 'engine_taken', sentence: expect.stringContaining('host-2 (data folder 0000000b)') },
    });
    await vi.advanceTimersByTimeAsync(3_000);
    await refused;
    expect(served).toEqual([]);
    expect(left).toEqual([]);
  });

  test.each([
    ['the same data folder', { ...other, instance: '0000000a' }, 25_000],
    ['another', other, 30_000],
  ])('is taken from a dead worker of %s once that was silent for long enough', async (_, by, patienceMs) => {
    const { claims, served, ending, done } = leased(({ over }) => (over === 7 ? held : { type: 'taken', by }));
    await vi.advanceTimersByTimeAsync(patienceMs - 1_500);
    expect(served).toEqual([]);
    expect(claims.every(({ over }) => over === null)).toBe(true);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(served).toHaveLength(1);
    ending.abort();
    await done;
  });

  const ended = { boot: 'b', pids: 'pid:[1]', pid: 7, startedAt: '5' };
  const same = { ...other, instance: '0000000a', process: ended };
  test.each([
    ['is surely gone', same, true, true],
    ['may only stand still', same, false, false],
    ['is of another data folder', { ...other, process: ended }, true, false],
    ['is not known', { ...same, process: undefined }, true, false],
  ])(
    'is taken at once from a worker of the same data folder only if it is gone: this one %s',
    async (_, by, gone, takes) => {
      const { served, ending, done } = leased(
        ({ over }) => (over === 7 ? held : { type: 'taken', by }),
        Promise.resolve(),
        () => gone,
      );
      // Whoever stands still believes for so long that it holds.
      await vi.advanceTimersByTimeAsync(takes ? 2_000 : holdsForMs);
      expect(served).toHaveLength(takes ? 1 : 0);
      ending.abort();
      await done;
    },
  );

  test('is let go of by itself when nobody can be told any more, and served anew once it is got back', async () => {
    let away = false;
    const { lease, served, ending, done } = leased(() => {
      if (away) throw problem('redis_down', { retry: true });
      return held;
    });
    await vi.advanceTimersByTimeAsync(1_000);
    away = true;
    await vi.advanceTimersByTimeAsync(15_000);
    expect(served[0]?.aborted).toBe(false);
    expect(() => lease.check()).not.toThrow();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(served[0]?.aborted).toBe(true);
    expect(() => lease.check()).toThrow('too long');
    expect(lease.leads).toBe(false);
    away = false;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(served).toHaveLength(2);
    expect(served[1]?.aborted).toBe(false);
    ending.abort();
    await done;
  });

  test('does not hold for a worker that slept, before any timer has told it', async () => {
    const { lease, ending, done } = leased(() => held);
    await vi.advanceTimersByTimeAsync(1_000);
    vi.spyOn(performance, 'now').mockReturnValue(60_000);
    expect(() => lease.check()).toThrow('too long');
    vi.restoreAllMocks();
    ending.abort();
    await done;
  });

  test('ends with the work when that breaks', async () => {
    const hosts = { beat: async () => held, leave: async () => undefined };
    const host = { holder: 'one', instance: '0000000a', name: 'host-1' };
    const quiet = () => undefined;
    const log = { info: quiet, warn: quiet, error: quiet };
    const lease = new EngineLease({
      hosts,
      engine,
      host,
      isGone: () => false,
      elapsedMs: () => performance.now(),
      log,
    });
    const broken = lease.during(new AbortController().signal, standing, () => Promise.reject(problem('broken')));
    await expect(broken).rejects.toMatchObject({ failure: { code: 'broken' } });
  });
});
