import { describe, expect, test } from 'vitest';
import { leftOutSentence, toFileName } from '../../src/task/files.ts';

describe('the name of a file in the sandbox', () => {
  test.each([
    ['error.log', 'F1-error.log'],
    ['Bildschirmfoto 2026-11-22 um 09.41.png', 'F1-Bildschirmfoto-2026-11-22-um-09.41.png'],
    ['../../etc/passwd', 'F1-etc-passwd'],
    ['$(reboot).sh', 'F1-reboot-.sh'],
    ['-rf', 'F1-rf'],
    ['..', 'F1-file'],
    ['日本語', 'F1-file'],
    ['', 'F1-file'],
    ['a\u202egnp.exe\n', 'F1-a-gnp.exe-'],
  ])('of %j is %s', (name, safe) => {
    expect(toFileName('F1', name)).toBe(safe);
  });

  test('stays one that the runner takes, whatever it was', () => {
    const long = toFileName('F1', `${'x'.repeat(300)}.png`);
    expect(long).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/);
    expect(long).toMatch(/\.png$/);
  });
});

describe('what was left out', () => {
  test('is nothing to speak of when all was taken', () => {
    expect(leftOutSentence([])).toBeNull();
  });

  test('is one sentence of names and reasons', () => {
    const refused = [
      { name: 'trace.zip', why: 'too_large' },
      { name: 'Plan', why: 'elsewhere' },
    ] as const;
    expect(leftOutSentence(refused)).toBe(
      'I did not take trace.zip (larger than 5 MB); Plan (not kept in Slack): the agent works without them.',
    );
  });

  test('names only the first of many', () => {
    const refused = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, why: 'too_many' }) as const);
    expect(leftOutSentence(refused)).toBe(
      'I did not take a, b, c and 2 more (no more than 5 files at once): the agent works without them.',
    );
  });

  test('says what whoever runs Errand can do where nothing may be opened', () => {
    expect(leftOutSentence([{ name: 'a.png', why: 'not_allowed' }])).toMatch(/scope files:read/);
  });
});
