import { expect, test } from 'vitest';
import { openReaper, reap } from '../../src/sandbox/reaper.ts';
import { toTaskId } from '../../src/task/ids.ts';

const hour = 3_600_000;
const ids = Array.from({ length: 1_000 }, (_, index) => toTaskId(new Uint8Array([index % 32, index >> 5, 0, 0, 0, 0])));
const [one = toTaskId(new Uint8Array(6)), two = one, three = one] = ids;

function engine(traces: readonly { task: typeof one; touchedAt: number }[]) {
  const removed: string[] = [];
  let atOnce = 0;
  let most = 0;
  let cleaned = 0;
  return {
    removed,
    most: () => most,
    cleaned: () => cleaned,
    traces: async () => traces,
    async clean() {
      cleaned += 1;
    },
    removeUntouched: async (task: typeof one, since: number) => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      await new Promise(setImmediate);
      atOnce -= 1;
      if (traces.some((trace) => trace.task === task && trace.touchedAt >= since)) return false;
      removed.push(task);
      return true;
    },
  };
}

test('what was left by tasks that are alive, or touched a while ago only, stays; the rest goes', async () => {
  const now = 100 * hour;
  const traces = [
    { task: one, touchedAt: 0 },
    { task: two, touchedAt: 0 },
    { task: three, touchedAt: 0 },
    { task: three, touchedAt: now - 1_000 },
  ];
  const at = engine(traces);
  expect(await reap(at, { alive: new Set([one]), graceMs: hour, now })).toEqual([two]);
  expect(at.removed).toEqual([two]);
});

test('a thousand leftovers go a few at a time, each once', async () => {
  const at = engine(
    ids.flatMap((task) => [
      { task, touchedAt: 0 },
      { task, touchedAt: 1 },
    ]),
  );
  await reap(at, { alive: new Set(), graceMs: 0, now: hour });
  expect(new Set(at.removed).size).toBe(1_000);
  expect(at.removed).toHaveLength(1_000);
  expect(at.most()).toBe(4);
});

test('whoever asks a reaper at work shares its round, and the engine is not cleaned each time', async () => {
  const at = engine(ids.map((task) => ({ task, touchedAt: 0 })));
  const reaper = openReaper(at);
  const order = { alive: new Set<typeof one>(), graceMs: 0, now: hour };
  await Promise.all([reaper(order), reaper(order)]);
  expect(at.removed).toHaveLength(1_000);
  await reaper(order);
  expect(at.removed).toHaveLength(2_000);
  expect(at.cleaned()).toBe(1);
});

test('a task that is touched while others are removed stays', async () => {
  const traces = ids.slice(0, 10).map((task) => ({ task, touchedAt: 0 }));
  const at = engine(traces);
  const reaping = reap(at, { alive: new Set(), graceMs: hour, now: 2 * hour });
  traces.push({ task: ids[9] ?? one, touchedAt: 2 * hour });
  expect(await reaping).toEqual(ids.slice(0, 9));
  expect(at.removed).not.toContain(ids[9]);
});
