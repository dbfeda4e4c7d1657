import { describe, expect, test } from 'vitest';
import { fail, ok, skip, warn } from '../../src/doctor/finding.ts';
import { renderTable, wrap } from '../../src/doctor/table.ts';

const findings = [
  ok('Redis', 'Redis 7.0.15, every write on disk.'),
  warn('Disk', '3 GiB free.', 'Make room.'),
  fail(
    'Slack permissions',
    'Missing: im:history (direct messages); reactions:read (approve, stop and retry by emoji).',
    'Add them under OAuth & Permissions, then install the app again.',
  ),
  skip('GitHub', 'Local.', 'Set GITHUB_TOKEN.'),
];

describe('the table', () => {
  test.each([72, 100, 120])('never goes beyond %i columns', (width) => {
    const lines = renderTable(findings, { width, color: false }).split('\n');
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(width);
  });

  test('lines up its columns and says what to do beside what was found', () => {
    expect(renderTable(findings, { width: 100, color: false })).toMatchInlineSnapshot(`
      "  What               Found                                       What to do
        ──────────────────────────────────────────────────────────────────────────────────────────────────
      ✓ Redis              Redis 7.0.15, every write on disk.
      ! Disk               3 GiB free.                                 Make room.
      ✗ Slack permissions  Missing: im:history (direct messages);      Add them under OAuth & Permissions,
                           reactions:read (approve, stop and retry by  then install the app again.
                           emoji).
      – GitHub             Local.                                      Set GITHUB_TOKEN.

      1 of 4 rows fails; 1 is worth a look.
      "
    `);
  });

  test('has colour only where asked', () => {
    const colored = renderTable(findings, { width: 100, color: true });
    const plain = renderTable(findings, { width: 100, color: false });
    expect(colored).toContain('\x1b[31m✗');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the colours
    expect(colored.replace(/\x1b\[\d+m/g, '')).toBe(plain);
    expect(plain).not.toContain('\x1b');
  });

  test('says in its last line that all is well', () => {
    expect(renderTable([ok('Redis', 'x')], { width: 100, color: false }).trimEnd()).toMatch(
      /All that is set up works\.$/,
    );
  });
});

test('a word that is longer than its column is cut, never lost', () => {
  expect(wrap('see abcdefghij now', 4)).toEqual(['see', 'abcd', 'efgh', 'ij', 'now'].slice(0, 3).concat('ij', 'now'));
  expect(wrap('', 4)).toEqual(['']);
});
