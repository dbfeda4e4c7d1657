import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sha, TaskId } from '../task/ids.ts';
import { BadBundle, type Bundle } from './bundle.ts';
import { type GitOrder, must, type TryGit } from './git.ts';
import { limited, type ReadLimits } from './limited.ts';
import { initBare } from './mirror.ts';
import { together } from './together.ts';

/** What a hostile bundle may cost at most. */
export interface ImportCaps {
  readonly bundleBytes: number;
  readonly objects: number;
  readonly blobBytes: number;
  /** Of all new objects together, unpacked. */
  readonly totalBytes: number;
  readonly changedFiles: number;
  /** Of the patch that is looked through for secrets. */
  readonly addedBytes: number;
  readonly timeoutMs: number;
}

export const defaultImportCaps: ImportCaps = {
  bundleBytes: 128 * 1024 * 1024,
  objects: 100_000,
  blobBytes: 50 * 1024 * 1024,
  totalBytes: 512 * 1024 * 1024,
  changedFiles: 5_000,
  addedBytes: 96 * 1024 * 1024,
  timeoutMs: 180_000,
};

const memoryBytes = 4 * 1024 ** 3;

/** What one bundle may cost the host while it is read. */
export function readLimits({ timeoutMs, bundleBytes, totalBytes }: ImportCaps): ReadLimits {
  return { timeoutMs, fileBytes: bundleBytes + totalBytes, memoryBytes };
}

/** How quarantines of a task are called, so that what a crash left can be found. */
export function quarantinePrefix(task: TaskId): string {
  return `quarantine-${task}-`;
}

/** A fresh bare repository that borrows from the task's and takes in one pack; gone when disposed. */
export interface Quarantine extends AsyncDisposable {
  readonly gitDir: string;
  /** For all that is read here: one budget of time with what taking in took, and the same limits. */
  readonly git: TryGit;
}

/**
 * Takes a bundle's pack into a quarantine of its own, in [limited](limited.ts) children, and checks every object's form, their number,
 * their sizes, and that nothing is missing. Throws `BadBundle`, or `GitError` where the machine is at fault.
 */
export async function takeIn(
  free: TryGit,
  order: { task: TaskId; bundle: Bundle; borrowFrom: string; dir: string; start: Sha; caps: ImportCaps },
): Promise<Quarantine> {
  const { task, bundle, borrowFrom, dir, caps } = order;
  if (bundle.objects > caps.objects)
    throw new BadBundle(`it holds ${bundle.objects} objects, and ${caps.objects} are allowed`);
  const gitDir = await mkdtemp(join(dir, quarantinePrefix(task)));
  const dispose = () => rm(gitDir, { recursive: true, force: true });
  try {
    await initBare({ git: free }, gitDir);
    const git = limited(free, readLimits(caps));
    await writeFile(join(gitDir, 'objects', 'info', 'alternates'), `${join(borrowFrom, 'objects')}\n`);
    const [, pack] = await together(checkKnown(git, gitDir, bundle.prerequisites), index(git, gitDir, bundle, caps));
    await checkObjects(git, gitDir, pack, caps);
    await checkWhole(git, gitDir, bundle.head, order.start);
    return { gitDir, git, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function checkKnown(git: TryGit, gitDir: string, shas: readonly Sha[]): Promise<void> {
  const input = shas.map((sha) => `${sha}\n`).join('');
  const known = await must(git, ['cat-file', '--batch-check=%(objecttype)'], { gitDir, input });
  const strange = known.split('\n').find((line) => line !== 'commit');
  if (shas.length > 0 && strange !== undefined) throw new BadBundle('it builds on commits that Errand never gave out');
}

async function index(git: TryGit, gitDir: string, bundle: Bundle, caps: ImportCaps): Promise<string> {
  const flags = ['--strict', '--fix-thin', '--stdin', '--threads=1', `--max-input-size=${caps.bundleBytes}`];
  const order: GitOrder = {
    gitDir,
    input: bundle.pack(),
    maxOutputBytes: 4096,
  };
  const { code, stdout, stderr } = await git(['index-pack', ...flags], order);
  if (code !== 0) {
    const words =
      stderr
        .trim()
        .split('\n')
        .at(-1)
        ?.replace(/^(?:fatal|error):\s*/, '') ?? '';
    throw new BadBundle(`git refused its objects: ${words.slice(0, 200) || `ended with ${code}`}`);
  }
  const [, sha] = /^(?:pack|keep)\t([0-9a-f]{40})/.exec(stdout) ?? [];
  if (sha === undefined) throw new BadBundle('git could not index it');
  return sha;
}

async function checkObjects(git: TryGit, gitDir: string, pack: string, caps: ImportCaps): Promise<void> {
  const maxOutputBytes = 256 * (caps.objects + 1_000);
  const packIndex = join(gitDir, 'objects', 'pack', `pack-${pack}.idx`);
  const shas = await must(git, ['show-index'], { gitDir, maxOutputBytes, input: createReadStream(packIndex) });
  const input = shas
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [`${line.split(' ')[1]}\n`]))
    .join('');
  const format = '--batch-check=%(objecttype) %(objectsize)';
  const sizes = await must(git, ['cat-file', format], { gitDir, input, maxOutputBytes });
  let total = 0;
  for (const line of sizes.split('\n')) {
    const size = Number(line.split(' ')[1] ?? 0);
    total += size;
    if (size > caps.blobBytes)
      throw new BadBundle(`it holds a file of ${size} bytes, and ${caps.blobBytes} are allowed`);
  }
  if (total > caps.totalBytes) throw new BadBundle(`it unpacks to ${total} bytes, and ${caps.totalBytes} are allowed`);
}

async function checkWhole(git: TryGit, gitDir: string, head: Sha, start: Sha): Promise<void> {
  const [descends, whole] = await together(
    git(['merge-base', '--is-ancestor', start, head], { gitDir }),
    git(['rev-list', '--objects', '--quiet', head, `^${start}`], { gitDir }),
  );
  if (descends.code !== 0) throw new BadBundle(`its HEAD does not build on ${start.slice(0, 7)}, where the run began`);
  if (whole.code !== 0) throw new BadBundle('objects are missing from it');
}
