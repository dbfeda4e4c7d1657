import { describe, expect, test } from 'vitest';
import { allRunsWords, duration, tokenCount, usageWords } from '../../src/task/amounts.ts';

const usage = { inputTokens: 1_000, outputTokens: 200, usd: 1 };
const budget = { usd: 5, tokens: 10_000, minutes: 30, taskMinutes: 60 };
const total = (more: object, limits: object = {}) => ({
  spent: { ...usage, usdAtMost: 1, durationMs: 60_000, ...more },
  budget: { ...budget, ...limits },
});

describe('what all runs of a task took', () => {
  test('is left out where there was one run, far from every limit', () => {
    expect(allRunsWords({ usage, durationMs: 60_000, total: total({}) })).toBeNull();
  });

  test('is said of a later run', () => {
    const later = total({ inputTokens: 3_000, usd: 2, usdAtMost: 2, durationMs: 120_000 });
    expect(allRunsWords({ usage, durationMs: 60_000, total: later })).toBe(
      'all runs of the task: 2 min, 3k tokens in, 200 out, $2.00',
    );
  });

  test('names each limit that it comes near to, and no other', () => {
    const near = total({ usd: 4, usdAtMost: 4, durationMs: 50 * 60_000 });
    expect(allRunsWords({ usage, durationMs: 60_000, total: near })).toBe(
      'all runs of the task: 50 min of 1 h, 1k tokens in, 200 out, $4.00 of $5.00',
    );
    expect(allRunsWords({ usage, durationMs: 60_000, total: total({}, { tokens: 1_500 }) })).toBe(
      'all runs of the task: 1 min, 1k tokens in, 200 out (1.2k of 1.5k), $1.00',
    );
  });

  test('makes up no price, and says what dollars are held to be', () => {
    const unpriced = total({ usd: null, usdAtMost: 4.5 });
    expect(allRunsWords({ usage: { ...usage, usd: null }, durationMs: 60_000, total: unpriced })).toBe(
      'all runs of the task: 1 min, 1k tokens in, 200 out, no price known for this model, held to be $4.50 of $5.00',
    );
  });

  test('is time alone, near its limit alone, where the run itself shows no usage', () => {
    expect(allRunsWords({ usage: null, durationMs: 60_000, total: total({}) })).toBeNull();
    expect(allRunsWords({ usage: null, durationMs: 60_000, total: total({ durationMs: 3_000_000 }) })).toBe(
      'all runs of the task: 50 min of 1 h',
    );
  });

  test('is left out of what an older Errand left to be said', () => {
    expect(allRunsWords({ usage, durationMs: 60_000 })).toBeNull();
  });
});

test.each([
  [999, '999'],
  [1_000, '1k'],
  [12_345, '12.3k'],
  [999_960, '1M'],
  [20_000_000, '20M'],
])('%i tokens are %s', (tokens, words) => {
  expect(tokenCount(tokens)).toBe(words);
});

test.each([
  [1, '1 s'],
  [59_400, '59 s'],
  [90_000, '1 min 30 s'],
  [3_600_000, '1 h'],
  [5_400_000, '1 h 30 min'],
])('%i ms are %s', (ms, words) => {
  expect(duration(ms)).toBe(words);
});

test('a model without a known price shows its tokens, and no cost', () => {
  expect(usageWords({ inputTokens: 10, outputTokens: 5, usd: null })).toEqual([
    '10 tokens in, 5 out',
    'no price known for this model',
  ]);
});
