import { expect, test } from 'vitest';
import { readEnv, toConfig } from '../../src/config.ts';
import { checkSetup } from '../../src/doctor/checks/setup.ts';
import { redact } from '../../src/doctor/redact.ts';

const given = { HAS: 'a secret of some length', SHORT: 'abc' };
const read = (secrets: Record<string, string>) =>
  toConfig(readEnv(given), { repositories: { 'acme/shop': { setup: { secrets } }, 'acme/web': {} } });

test('secrets that are there are named, and not told', () => {
  const config = read({ TOKEN: 'HAS' });
  expect(checkSetup(config)).toEqual([
    { name: 'Set-up of acme/shop', state: 'ok', found: 'Has its secrets: TOKEN.', next: null },
  ]);
  expect(redact(`heard ${given.HAS}`, config)).toBe('heard [secret]');
});

test('each secret that is missing is named with the reason', () => {
  const [row] = checkSetup(read({ TOKEN: 'HAS', OTHER: 'GONE', BRIEF: 'SHORT' }));
  expect(row).toMatchObject({
    state: 'warn',
    found: expect.stringMatching(/^Lacks OTHER \(GONE is not set\), BRIEF \(SHORT has fewer than 8 characters/),
  });
});
