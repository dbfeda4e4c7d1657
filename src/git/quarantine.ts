import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sha, TaskId } from '../task/ids.ts';
import { BadBundle, type Bundle } from './bundle.ts';
import { type GitOrder, must, type TryGit } from './git.ts';
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
  readonly timeoutMs: number;
}

export const defaultImportCaps: ImportCaps = {
  bundleBytes: 128 * 1024 * 1024,
  objects: 100_000,
  blobBytes: 50 * 1024 * 1024,
  totalBytes: 512 * 1024 * 1024,
  changedFiles: 5_000,
  timeoutMs: 180_000,
};

/** How quarantines of a task are called, so that what a crash left can be found. */
export function quarantinePrefix(task: TaskId): string {
  return `quarantine-${task}-`;
}

/** A fresh bare repository that borrows from the task's and takes in one pack; gone when disposed. */
export interface Quarantine extends AsyncDisposable {
  readonly gitDir: string;
}

/**
 * Takes a bundle's pack into a quarantine of its own, in a child with bounded memory, processor time and file size, and checks every
 * object's form, their number, their sizes, and that nothing is missing. Throws `BadBundle`, or `GitError` where the machine is at fault.
 */
export async function takeIn(
  git: TryGit,
  order: { task: TaskId; bundle: Bundle; borrowFrom: string; dir: string; start: Sha; caps: ImportCaps },
): Promise<Quarantine> {
  const { task, bundle, borrowFrom, dir, caps } = order;
  if (bundle.objects > caps.objects)
    throw new BadBundle(`it holds ${bundle.objects} objects, and ${caps.objects} are allowed`);
  const gitDir = await mkdtemp(join(dir, quarantinePrefix(task)));
  const dispose = () => rm(gitDir, { recursive: true, force: true });
  try {
    await initBare({ git }, gitDir);
    await writeFile(join(gitDir, 'objects', 'info', 'alternates'), `${join(borrowFrom, 'objects')}\n`);
    const [, pack] = await together(checkKnown(git, gitDir, bundle.prerequisites), index(git, gitDir, bundle, caps));
    await checkObjects(git, gitDir, pack, caps);
    await checkWhole(git, gitDir, bundle.head, order.start, caps);
    return { gitDir, [Symbol.asyncDispose]: dispose };
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
    timeoutMs: caps.timeoutMs,
    wrapper: await limits(caps),
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

/** Where the host has prlimit (util-linux): a pack that unpacks into gigabytes ends itself and not the worker. */
async function limits(caps: ImportCaps): Promise<readonly string[]> {
  const prlimit = '/usr/bin/prlimit';
  const present = await stat(prlimit).then(
    () => true,
    () => false,
  );
  if (!present) return [];
  const seconds = Math.ceil(caps.timeoutMs / 1000);
  return [
    prlimit,
    `--as=${4 * 1024 ** 3}`,
    `--cpu=${seconds}`,
    `--fsize=${caps.bundleBytes + caps.totalBytes}`,
    '--core=0',
  ];
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
  const sizes = await must(git, ['cat-file', format], { gitDir, input, maxOutputBytes, timeoutMs: caps.timeoutMs });
  let total = 0;
  for (const line of sizes.split('\n')) {
    const size = Number(line.split(' ')[1] ?? 0);
    total += size;
    if (size > caps.blobBytes)
      throw new BadBundle(`it holds a file of ${size} bytes, and ${caps.blobBytes} are allowed`);
  }
  if (total > caps.totalBytes) throw new BadBundle(`it unpacks to ${total} bytes, and ${caps.totalBytes} are allowed`);
}

async function checkWhole(git: TryGit, gitDir: string, head: Sha, start: Sha, caps: ImportCaps): Promise<void> {
  const [descends, whole] = await together(
    git(['merge-base', '--is-ancestor', start, head], { gitDir, timeoutMs: caps.timeoutMs }),
    git(['rev-list', '--objects', '--quiet', head, `^${start}`], { gitDir, timeoutMs: caps.timeoutMs }),
  );
  if (descends.code !== 0) throw new BadBundle(`its HEAD does not build on ${start.slice(0, 7)}, where the run began`);
  if (whole.code !== 0) throw new BadBundle('objects are missing from it');
}
