import { describe, expect, test } from 'vitest';
import { beatEveryMs, type Host, holdsForMs, isUp, judgeHosts, type Suspicions } from '../../src/task/hosts.ts';
import type { EngineId } from '../../src/task/ids.ts';

const engine = 'ENGINE:TWO' as EngineId;
const awayMs = 600_000;
const host: Host = {
  ...{ engine, name: 'host-2', instance: '0000000b', state: 'serving', ready: true },
  ...{ slots: 2, running: 1, beat: 7, silentMs: 0 },
};

/** What a judge that looks at these times, at what is stored then, finds lost in the end. */
function judge(looks: readonly (readonly [nowMs: number, seen: Partial<Host> | null])[]): boolean {
  let suspicions: Suspicions = new Map();
  let isLost = false;
  for (const [nowMs, seen] of looks) {
    const judged = judgeHosts(suspicions, seen === null ? [] : [{ ...host, ...seen }], [engine], { nowMs, awayMs });
    suspicions = judged.suspicions;
    isLost = judged.lost.has(engine);
  }
  return isLost;
}

describe('a machine', () => {
  test('is lost less than a minute after its last word, however the looks fall', () => {
    for (let offset = 0; offset < 10_000; offset += 500) {
      const looks = Array.from({ length: 6 }, (_, at) => offset + at * 10_000);
      expect(judge(looks.map((nowMs) => [nowMs, { silentMs: nowMs }]))).toBe(true);
    }
  });

  test('is not lost before its own worker has let go of it', () => {
    const longestBeforeItLetsGoMs = holdsForMs + beatEveryMs + 2_000;
    for (let nowMs = 0; nowMs < longestBeforeItLetsGoMs; nowMs += 1_000) {
      expect(judge(Array.from({ length: nowMs / 1_000 + 1 }, (_, at) => [at * 1_000, { silentMs: at * 1_000 }]))).toBe(
        false,
      );
    }
  });

  test('is not lost at the first look after the store was away, nor once it has said something', () => {
    expect(judge([[0, { silentMs: 60_000 }]])).toBe(false);
    expect(
      judge([
        [0, { silentMs: 60_000 }],
        [20_000, { silentMs: 2_000, beat: 8 }],
      ]),
    ).toBe(false);
  });

  test('is not lost because a clock was set forward', () => {
    expect(
      judge([
        [0, { silentMs: 3_600_000 }],
        [10_000, { silentMs: 3_000, beat: 8 }],
        [20_000, { silentMs: 3_000, beat: 10 }],
      ]),
    ).toBe(false);
  });

  test('that spoke in between is watched from then on', () => {
    expect(
      judge([
        [0, { silentMs: 30_000 }],
        [14_000, { silentMs: 21_000, beat: 8 }],
        [20_000, { silentMs: 27_000, beat: 8 }],
      ]),
    ).toBe(false);
  });

  test('whose worker was ended in order is waited for as long as it may be away', () => {
    const left = { state: 'leaving' } as const;
    expect(
      judge([
        [0, { ...left, silentMs: 30_000 }],
        [60_000, { ...left, silentMs: 90_000 }],
      ]),
    ).toBe(false);
    expect(
      judge([
        [0, { ...left, silentMs: 30_000 }],
        [awayMs, { ...left, silentMs: awayMs + 30_000 }],
      ]),
    ).toBe(true);
  });

  test('of which nobody ever said anything may have a worker of an older Errand, and is waited for as long', () => {
    expect(
      judge([
        [0, null],
        [60_000, null],
      ]),
    ).toBe(false);
    expect(
      judge([
        [0, null],
        [awayMs, null],
      ]),
    ).toBe(true);
  });

  test('is up for a follow-up while it says so, and a run could start there', () => {
    expect(isUp(host)).toBe(true);
    expect(isUp({ ...host, ready: false })).toBe(false);
    expect(isUp({ ...host, silentMs: 20_000 })).toBe(false);
  });
});
