import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sweepKeys } from '../../src/git/signing.ts';

test('a key that a killed process left is swept away, and nothing else', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'errand-test-'));
  try {
    await mkdir(join(dir, 'sign-abc123'));
    await writeFile(join(dir, 'sign-abc123', 'key'), 'secret');
    await writeFile(join(dir, 'broker.json'), '{}');
    await sweepKeys(dir);
    expect(await readdir(dir)).toEqual(['broker.json']);
  } finally {
    await rm(dir, { recursive: true });
  }
});
