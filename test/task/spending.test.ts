import { describe, expect, test } from 'vitest';
import type { Account } from '../../src/task/money.ts';
import {
  type Accounts,
  addMetered,
  dayOf,
  decide,
  forNextRun,
  lastDays,
  nearing,
  noSpending,
  nothingSpent,
  timeFor,
  unpricedAs,
} from '../../src/task/spending.ts';

const metered = (meter: string, tokens: number, usd: number | null, usdAtMost = usd ?? 0) => ({
  meter,
  inputTokens: tokens,
  outputTokens: 0,
  usd,
  usdAtMost,
});

describe('what a task spends', () => {
  test('grows by what its meter counted since it was last looked at, once', () => {
    const first = addMetered(noSpending, metered('m', 100, 1), 1_000);
    const again = addMetered(first, metered('m', 100, 1), 1_000);
    const more = addMetered(again, metered('m', 150, 1.5), 3_000);
    expect(again).toEqual(first);
    expect(more.task).toMatchObject({ inputTokens: 150, usd: 1.5, durationMs: 3_000 });
  });

  test('goes on over runs, each of which begins with nothing', () => {
    const one = addMetered(noSpending, metered('m', 100, 1), 1_000);
    const two = addMetered(forNextRun(one), metered('m', 300, 4), 500);
    expect(two.run).toMatchObject({ inputTokens: 200, usd: 3, durationMs: 500 });
    expect(two.task).toMatchObject({ inputTokens: 300, usd: 4, durationMs: 1_500 });
  });

  test('is not forgotten with a meter that was lost', () => {
    const one = addMetered(noSpending, metered('lost', 100, 1), 0);
    const two = addMetered(forNextRun(one), metered('new', 50, 0.5), 0);
    expect(two.task).toMatchObject({ inputTokens: 150, usd: 1.5 });
  });

  test('has no price once a model without one was used, and has one until then', () => {
    const priced = addMetered(noSpending, metered('m', 100, 1), 0);
    const unpriced = addMetered(priced, metered('m', 200, null, 3), 0);
    expect(unpriced.task).toMatchObject({ inputTokens: 200, usd: null, usdAtMost: 3 });
    const idle = addMetered(forNextRun(priced), metered('m', 100, 1), 0);
    expect(idle.run.usd).toBe(0);
  });

  test('is time alone without a model', () => {
    expect(addMetered(noSpending, null, 2_000).task).toEqual({ ...nothingSpent, durationMs: 2_000 });
  });
});

const open: Account = {
  limit: { usd: null, tokens: null },
  used: { usd: 0, tokens: 0 },
  reserved: { usd: 0, tokens: 0 },
};
const dollars = (limit: number, used = 0, reserved = 0): Account => ({
  limit: { usd: limit, tokens: null },
  used: { usd: used, tokens: 0 },
  reserved: { usd: reserved, tokens: 0 },
});
const among = (some: Partial<Accounts>): Accounts => ({ task: open, person: open, everybody: open, ...some });

describe('a run may use', () => {
  test('anything where nothing limits it', () => {
    expect(decide(among({}))).toEqual({ type: 'granted', grant: { usd: null, tokens: null } });
  });

  test.each([
    ['what its task has left', { task: dollars(5, 2), person: dollars(50) }, { amount: 3, by: 'task' }],
    [
      'no more than its person has left today',
      { task: dollars(5), person: dollars(50, 49) },
      { amount: 1, by: 'person' },
    ],
    [
      'no more than everybody has left today',
      { task: dollars(5), everybody: dollars(9, 5) },
      { amount: 4, by: 'everybody' },
    ],
    ['what others did not reserve', { task: dollars(5), person: dollars(12, 1, 6) }, { amount: 5, by: 'task' }],
  ])('%s', (_what, accounts, usd) => {
    expect(decide(among(accounts))).toEqual({ type: 'granted', grant: { usd, tokens: null } });
  });

  test.each([
    ['its task has spent all', { task: dollars(5, 5) }, 'task'],
    ['its person has spent all today', { task: dollars(5), person: dollars(50, 50.2) }, 'person'],
    ['everybody together has spent all today', { everybody: dollars(200, 200) }, 'everybody'],
    ['less than a cent is left', { person: dollars(50, 49.995) }, 'person'],
    ['all is spent, whatever is reserved besides', { person: dollars(50, 50, 5) }, 'person'],
  ])('nothing when %s', (_what, accounts, by) => {
    expect(decide(among(accounts))).toEqual({ type: 'spent', unit: 'usd', by });
  });

  test.each([
    ['its person has it, but other runs hold it', { task: dollars(5), person: dollars(12, 1, 8) }, 'person'],
    [
      'others hold a part of a rest that is smaller than its own',
      { task: dollars(5), person: dollars(12, 9, 1) },
      'person',
    ],
    ["others hold everybody's", { task: dollars(5), everybody: dollars(10, 0, 6) }, 'everybody'],
  ])('nothing yet when %s', (_what, accounts, by) => {
    expect(decide(among(accounts))).toEqual({ type: 'wait', unit: 'usd', by });
  });

  test('tokens by their own limits', () => {
    const tokens = (limit: number, used: number): Account => ({
      ...open,
      limit: { usd: null, tokens: limit },
      used: { usd: 0, tokens: used },
    });
    expect(decide(among({ task: tokens(10_000, 4_000) }))).toEqual({
      type: 'granted',
      grant: { usd: null, tokens: { amount: 6_000, by: 'task' } },
    });
    expect(decide(among({ person: tokens(10_000, 9_500) }))).toEqual({ type: 'spent', unit: 'tokens', by: 'person' });
  });
});

describe('time', () => {
  const budget = { usd: null, tokens: null, minutes: 30, taskMinutes: 60 };
  const worked = (minutes: number) => ({ ...nothingSpent, durationMs: minutes * 60_000 });

  test("is a run's own while the task has more", () => {
    expect(timeFor(budget, worked(10))).toEqual({ ms: 1_800_000, by: 'run' });
  });
  test('is what the task has left where that is less', () => {
    expect(timeFor(budget, worked(50))).toEqual({ ms: 600_000, by: 'task' });
  });
  test('is none when the task has used it all', () => {
    expect(timeFor(budget, worked(61)).ms).toBe(0);
  });
  test("is a run's own where the task has no limit", () => {
    expect(timeFor({ ...budget, taskMinutes: null }, worked(9_999)).by).toBe('run');
  });
});

test.each([
  ['as the dearest where a limit of dollars has none of tokens beside it', { usd: 5, tokens: null }, 'dearest'],
  ['by its tokens where those are limited', { usd: 5, tokens: 1 }, 'tokens'],
  ['not at all where nothing is limited', { usd: null, tokens: null }, 'tokens'],
] as const)('a model without a known price is held %s', (_what, limit, counted) => {
  expect(unpricedAs([{ usd: 1, tokens: 1 }, limit])).toBe(counted);
});

test('a task comes near a limit at three quarters of it', () => {
  const budget = { usd: 4, tokens: 100, minutes: 30, taskMinutes: 60 };
  expect(nearing({ ...nothingSpent, usdAtMost: 2.99, inputTokens: 74, durationMs: 44 * 60_000 }, budget)).toEqual([]);
  expect(nearing({ ...nothingSpent, usdAtMost: 3, outputTokens: 75, durationMs: 45 * 60_000 }, budget)).toEqual([
    { unit: 'usd', used: 3, limit: 4 },
    { unit: 'tokens', used: 75, limit: 100 },
    { unit: 'minutes', used: 45, limit: 60 },
  ]);
});

describe('a day', () => {
  test.each([
    ['UTC', '2026-11-22T23:59:59Z', '2026-11-22'],
    ['UTC', '2026-11-23T00:00:00Z', '2026-11-23'],
    ['Europe/Berlin', '2026-11-22T23:00:00Z', '2026-11-23'],
    ['America/Los_Angeles', '2026-11-23T07:59:00Z', '2026-11-22'],
    ['Asia/Kathmandu', '2026-11-22T18:15:00Z', '2026-11-23'],
  ])('begins at midnight in %s', (timeZone, at, day) => {
    expect(dayOf(Date.parse(at), { timeZone })).toBe(day);
  });

  test('follows another without a gap, also where clocks were set back between them', () => {
    const at = Date.parse('2026-10-26T00:30:00+01:00');
    expect(lastDays(at, 3, { timeZone: 'Europe/Berlin' })).toEqual(['2026-10-26', '2026-10-25', '2026-10-24']);
  });
});
