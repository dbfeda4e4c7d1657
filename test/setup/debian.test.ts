import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { installMissing, program } from '../../src/setup/debian.ts';
import { type Journal, openJournal } from '../../src/setup/journal.ts';
import { Problem } from '../../src/task/problem.ts';

let folder: string;
let journal: Journal;
const said: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'errand-debian-'));
  said.length = 0;
  journal = openJournal(join(folder, 'setup.log'), (line) => said.push(line));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

describe('installing what is missing', () => {
  it('does and says nothing when all is there', async () => {
    await installMissing([program('sh', 'dash'), { present: true, packages: ['redis-server'] }], journal);
    expect(said).toEqual([]);
  });

  it.skipIf(process.platform !== 'linux')('tells somebody who is not root the exact lines to type', async () => {
    if (process.getuid === undefined) throw new Error('Linux has users');
    vi.spyOn(process as { getuid: () => number }, 'getuid').mockReturnValue(1000);
    const needs = [
      program('no-such-program', 'redis-server'),
      { present: false, packages: ['docker.io', 'redis-server'] },
    ];
    const refused = await installMissing(needs, journal).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Problem);
    if (!(refused instanceof Problem)) return;
    expect(refused.failure.sentence).toBe('Errand needs packages that are missing here: redis-server, docker.io.');
    expect(refused.failure.next).toContain('sudo apt-get install -y --no-install-recommends redis-server docker.io');
    expect(said).toEqual([]);
  });
});

describe('a step of set-up', () => {
  it('that fails shows the end of its output and where the rest is', async () => {
    const failing = journal.run('sh', ['-c', 'echo one; echo two >&2; exit 5']);
    await expect(failing).rejects.toThrow(/ended with 5:\n.*one\n {2}two/s);
    await expect(failing).rejects.toMatchObject({ failure: { next: expect.stringContaining(journal.file) } });
  });

  it('that has no program is no crash', async () => {
    await expect(journal.run('no-such-program', [])).rejects.toThrow('ENOENT');
  });

  it('can be read', async () => {
    expect(await journal.read('sh', ['-c', 'echo answer; echo noise >&2'])).toBe('answer\n');
  });
});
