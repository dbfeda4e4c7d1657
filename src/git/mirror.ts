import { chmod, mkdir, readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type BranchName, parseSha, type RepositoryName, type Sha } from '../task/ids.ts';
import { must } from './git.ts';
import { fetchLimit } from './limited.ts';
import { withLock } from './lock.ts';
import type { Remote } from './remote.ts';

const maxPacks = 40;

/** Where the mirror of one branch lives. Names differ by case on no forge, and `:` would break a mount. */
export function mirrorPath(mirrorsDir: string, url: string, branch: BranchName): string {
  const { host, pathname } = new URL(url);
  const repository = pathname.replace(/\.git$/, '').toLowerCase();
  return join(
    mirrorsDir,
    host.replace(':', '_'),
    ...repository.split('/').filter(Boolean),
    `${encodeURIComponent(branch)}.git`,
  );
}

/**
 * Brings the mirror of a branch up to `wanted` (the remote's head a moment ago) and returns the head it has then. Nothing is fetched when
 * it is there already; whoever comes while another fetches waits and shares. Nothing is ever pruned: tasks borrow its objects.
 */
export async function refreshMirror(
  remote: Remote,
  order: { path: string; repository: RepositoryName; branch: BranchName; wanted: Sha; signal: AbortSignal },
): Promise<Sha> {
  const { path, branch, wanted, signal } = order;
  // Says that it is asked for; one that nobody asks for goes some day.
  await utimes(path, new Date(), new Date()).catch(() => undefined);
  if ((await headOf(path, branch)) === wanted) return wanted;
  await makeReadable(dirname(path));
  return withLock(`${path}.lock`, signal, async () => {
    if ((await headOf(path, branch)) === wanted) return wanted;
    const crashed = await removeStale(path);
    await initBare(remote, path);
    const refetch = crashed && !(await isWhole(remote, path, branch)) ? ['--refetch'] : [];
    await fetchBranch(remote, order, refetch);
    await packDown(remote, path);
    const head = await headOf(path, branch);
    if (head === undefined) throw new Error(`The fetch of ${branch} left no reference`);
    return head;
  });
}

/** Makes a bare repository that every uid may read and only ours may write; keeps one that is there. */
export async function initBare(remote: Pick<Remote, 'git'>, path: string): Promise<void> {
  if (await exists(join(path, 'HEAD'))) return;
  await must(
    remote.git,
    ['init', '--quiet', '--bare', '--template=', '--shared=0644', '--initial-branch=none', path],
    {},
  );
}

/** Makes folders that another uid may pass through. */
export async function makeReadable(path: string): Promise<void> {
  const made = await mkdir(path, { recursive: true });
  if (made === undefined) return;
  for (let each = path; each.length >= made.length; each = dirname(each)) await chmod(each, 0o755);
}

async function fetchBranch(
  remote: Remote,
  order: { path: string; repository: RepositoryName; branch: BranchName; signal: AbortSignal },
  extra: readonly string[],
): Promise<void> {
  const { path, repository, branch, signal } = order;
  const credentials = await remote.credentials(repository, 'read');
  const flags = ['--quiet', '--no-tags', '--no-auto-gc', '--no-write-fetch-head', '--no-recurse-submodules', ...extra];
  const spec = `+refs/heads/${branch}:refs/heads/${branch}`;
  await must(remote.git, ['fetch', ...flags, '--', remote.url(repository), spec], {
    gitDir: path,
    signal,
    credentials,
    timeoutMs: 30 * 60_000,
    wrapper: fetchLimit(remote),
  });
}

/** Reads a loose reference, which costs no process; ours are never packed. */
async function headOf(path: string, branch: BranchName): Promise<Sha | undefined> {
  const text = await readFile(join(path, 'refs', 'heads', ...branch.split('/')), 'utf8').catch(() => '');
  return parseSha(text.trim());
}

/** Under the lock nobody else writes here, so what a killed git left behind is removed. True when there was something. */
async function removeStale(path: string): Promise<boolean> {
  const entries = await readdir(path, { recursive: true }).catch((): string[] => []);
  const stale = entries.filter((entry) => /(?:^|\/)(?:[^/]*\.lock|tmp_(?:pack|idx|obj|rev)_[^/]*)$/.test(entry));
  await Promise.all(stale.map((entry) => rm(join(path, entry), { force: true })));
  return stale.length > 0;
}

async function isWhole(remote: Remote, path: string, branch: BranchName): Promise<boolean> {
  if ((await headOf(path, branch)) === undefined) return true;
  const walk = ['rev-list', '--objects', '--quiet', `refs/heads/${branch}`];
  return (await remote.git(walk, { gitDir: path, timeoutMs: 10 * 60_000 })).code === 0;
}

/** Each fetch adds a pack; many make every lookup slow. `-k` keeps what no branch reaches any more, since a task may. */
async function packDown(remote: Remote, path: string): Promise<void> {
  const packs = (await readdir(join(path, 'objects', 'pack'))).filter((name) => name.endsWith('.pack'));
  if (packs.length <= maxPacks) return;
  await must(remote.git, ['repack', '-a', '-d', '-k', '-q'], { gitDir: path, timeoutMs: 30 * 60_000 });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
