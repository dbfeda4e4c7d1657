import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

/** A disk of the host that nobody inside has a business with: a loop device that begins with this word. */
export async function withLoop(folder: string, word: string): Promise<AsyncDisposable> {
  const file = join(folder, 'disk');
  await writeFile(file, word.padEnd(1024 * 1024, '\n'));
  const { stdout } = await run('losetup', ['--find', '--show', file], { env });
  return {
    async [Symbol.asyncDispose]() {
      await run('losetup', ['--detach', stdout.trim()], { env });
      await rm(file);
    },
  };
}
