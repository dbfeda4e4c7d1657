import { expect, test } from 'vitest';
import { heardChecks } from '../../src/service/heard-checks.ts';

async function codes(standing: number, gap: string | null): Promise<readonly string[]> {
  const found = await Promise.all(heardChecks({ recall: async () => gap }, () => standing).map(({ look }) => look()));
  return found.flat().map(({ code }) => code);
}

test('a bot that Slack can reach, and that missed nothing, is well', async () => {
  expect(await codes(2, null)).toEqual([]);
  expect(await codes(1, '')).toEqual([]);
});

test('a bot that Slack can’t reach says so', async () => {
  expect(await codes(0, null)).toEqual(['slack_gap']);
});

test('a bot that still looks up what it missed says so', async () => {
  expect(await codes(2, '1700000000000')).toEqual(['slack_catching_up']);
});
