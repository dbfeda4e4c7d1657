import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { maxLineBytes } from '../../sandbox/protocol.ts';
import { Records } from '../../sandbox/records.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'errand-records-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('whatever is recorded fits a line and stays JSON', async () => {
  const lines: string[] = [];
  using records = Records.open({ directory, run: 'r', echo: (line) => lines.push(line) });
  records.write({ type: 'output', text: '\u0001"\\€'.repeat(60_000) });
  records.write({ type: 'question', id: 'q', text: '', options: Array.from({ length: 100_000 }, () => 'o') });
  await records.finish({
    type: 'finished',
    exitCode: 0,
    claim: 'x'.repeat(8_000),
    unread: Array(9_000).fill('message-id'),
  });
  const result = readFileSync(join(directory, 'r.result.json'), 'utf8');
  for (const line of [...lines, result]) {
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(maxLineBytes);
    expect(line.endsWith('\n')).toBe(true);
    expect(typeof JSON.parse(line)).toBe('object');
  }
  expect(readFileSync(join(directory, 'r.jsonl'), 'utf8')).toBe(lines.join(''));
});

test('only the first result counts', async () => {
  using records = Records.open({ directory, run: 'r', echo: () => {} });
  await records.finish({ type: 'failed', code: 'cancelled', message: 'first' });
  await records.finish({ type: 'failed', code: 'agent_error', message: 'second' });
  expect(readFileSync(join(directory, 'r.jsonl'), 'utf8').trimEnd().split('\n')).toHaveLength(1);
  expect(readFileSync(join(directory, 'r.result.json'), 'utf8')).toContain('first');
});
