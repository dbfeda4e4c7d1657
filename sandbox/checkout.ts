import { execFile } from 'node:child_process';
import { copyFile, lstat, mkdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readExcludes } from './excludes.ts';
import { RunFailure } from './failure.ts';
import type { CheckoutOrder } from './protocol.ts';
import { oneLine } from './text.ts';

const run = promisify(execFile);

/**
 * Puts the working tree at `start` on its branch. Objects are borrowed from the read-only repository, so the cost is the files
 * alone. An earlier run's tree is reused: changed files are reset, new ones removed, ignored ones (`node_modules`) kept; its
 * `.git` is made anew except for the index, so no hook, lock or setting of an agent's lives on. A tree that can't be mended
 * is moved aside. Throws `RunFailure`.
 */
export async function checkOut(
  order: CheckoutOrder,
  { workspace, signal }: { workspace: string; signal: AbortSignal },
): Promise<void> {
  const checkout = join(workspace, order.folder);
  const place = { workspace, checkout, signal };
  // Beside the folder that the agent works in, where it lies in nobody's way.
  const aside = join(workspace, order.folder.replaceAll('/', '-'));
  try {
    const before = await kind(checkout);
    if (before === 'other') await moveAside(checkout, aside);
    if (before === 'directory') {
      const mended = await mend(order, place, `${aside}.index`);
      if (mended) return;
      await moveAside(checkout, aside);
    }
    await mkdir(checkout, { recursive: true });
    await fill(order, place);
  } catch (error) {
    signal.throwIfAborted();
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    const message = `Git could not check out ${order.start.slice(0, 7)}: ${oneLine(said, 300)}`;
    throw new RunFailure('checkout', message, { cause: error });
  }
}

/** Makes a folder, in the place of anything else of that name. Throws `RunFailure`. */
export async function makeFolder(path: string): Promise<void> {
  try {
    if ((await kind(path)) === 'other' || (await kind(path)) === 'file') await moveAside(path, path);
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw new RunFailure('checkout', `The folder of the checkouts could not be made: ${String(error)}`, {
      cause: error,
    });
  }
}

interface Place {
  readonly workspace: string;
  readonly checkout: string;
  readonly signal: AbortSignal;
}

async function mend(order: CheckoutOrder, place: Place, kept: string): Promise<boolean> {
  const { checkout, signal } = place;
  const index = join(checkout, '.git', 'index');
  try {
    await rm(kept, { force: true, recursive: true });
    if ((await kind(index)) === 'file') await rename(index, kept);
    await rm(join(checkout, '.git'), { force: true, recursive: true });
    try {
      await fill(order, place, kept);
    } catch {
      signal.throwIfAborted();
      await rm(join(checkout, '.git'), { force: true, recursive: true });
      await fill(order, place);
    }
    await git(checkout, signal, 'clean', '-ffdq');
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  } finally {
    await rm(kept, { force: true, recursive: true });
  }
}

async function fill(order: CheckoutOrder, { workspace, checkout, signal }: Place, index?: string): Promise<void> {
  await git(checkout, signal, 'init', '--quiet', '--template=', `--initial-branch=${order.branch}`);
  const dir = join(checkout, '.git');
  await mkdir(join(dir, 'objects', 'info'), { recursive: true });
  await writeFile(join(dir, 'objects', 'info', 'alternates'), `${join(order.from, 'objects')}\n`);
  await writeFile(join(dir, 'config'), config);
  // New files of the set-up are neither swept away nor anybody's work.
  const excludes = await readExcludes(workspace, order.folder);
  if (excludes !== '') {
    await mkdir(join(dir, 'info'), { recursive: true });
    await writeFile(join(dir, 'info', 'exclude'), excludes);
  }
  // With the stat data of the last run git rewrites only what differs, and build tools see the old times.
  if (index !== undefined && (await kind(index)) === 'file') {
    await copyFile(index, join(dir, 'index'));
    // Git tells a change within the same second by the index's own time.
    const { atime, mtime } = await lstat(index);
    await utimes(join(dir, 'index'), atime, mtime);
    // Entries marked as not in the tree would be left as they are.
    if (/^S /m.test(await git(checkout, signal, 'ls-files', '-t'))) await rm(join(dir, 'index'));
  }
  await git(checkout, signal, 'reset', '--quiet', '--hard', order.start);
}

const config = `[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = false
\tlogallrefupdates = true
[checkout]
\tworkers = 2
[gc]
\tauto = 0
`;

async function git(cwd: string, signal: AbortSignal, ...args: string[]): Promise<string> {
  // HOME belongs to the agent; its settings must not steer our own steps.
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' };
  const { stdout } = await run('git', args, { cwd, signal, env, maxBuffer: 256 * 1024 * 1024 });
  return stdout;
}

async function kind(path: string): Promise<'absent' | 'directory' | 'file' | 'other'> {
  const status = await lstat(path).catch(() => undefined);
  if (status === undefined) return 'absent';
  if (status.isDirectory()) return 'directory';
  return status.isFile() ? 'file' : 'other';
}

async function moveAside(path: string, to: string): Promise<void> {
  await rename(path, `${to}.broken-${Date.now()}`);
}
