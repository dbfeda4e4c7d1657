import type { Sha } from '../task/ids.ts';
import type { ChangeSize, FileChange } from '../task/task.ts';
import { type GitOrder, must, type TryGit } from './git.ts';

/** The lines that each file gained and lost between two trees or commits; binary files count as none. */
export async function countLines(git: TryGit, at: GitOrder, from: string, to: string): Promise<readonly FileChange[]> {
  const flags = ['-r', '-z', '--numstat', '--no-renames', '--no-ext-diff', '--no-textconv'];
  const text = await must(git, ['diff-tree', ...flags, from, to], at);
  return text.split('\0').flatMap((line) => {
    const [added = '', removed = '', ...path] = line.split('\t');
    if (path.length === 0) return [];
    // Binary files count as `-`.
    return [{ path: path.join('\t'), added: Number(added) || 0, removed: Number(removed) || 0 }];
  });
}

/** How much `head` changes against the commit that it left `base` at. */
export async function sizeOf(git: TryGit, gitDir: string, base: Sha, head: Sha): Promise<ChangeSize> {
  const at = { gitDir, timeoutMs: 60_000 };
  const { code, stdout } = await git(['merge-base', base, head], at);
  const files = await countLines(git, at, code === 0 ? stdout.trim() : base, head);
  return {
    files: files.length,
    added: files.reduce((sum, file) => sum + file.added, 0),
    removed: files.reduce((sum, file) => sum + file.removed, 0),
  };
}
