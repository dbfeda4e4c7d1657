import { HttpError } from './errors.ts';
import { git, type Person, tryGit } from './git.ts';
import type { Pull } from './state.ts';

/** One commit of the merged tree on top of the base; with `both`, a merge of the two. */
export async function mergeCommit(
  path: string,
  pull: Pull,
  message: string,
  by: Person,
  both: boolean,
): Promise<string> {
  const tree = await git(path, ['merge-tree', '--write-tree', pull.baseSha, pull.headSha]);
  const parents = both ? ['-p', pull.baseSha, '-p', pull.headSha] : ['-p', pull.baseSha];
  return git(path, ['commit-tree', tree, ...parents, '-F', '-'], { input: message, env: identity(by, by) });
}

/** Puts each commit of the branch on top of the base by three-way merges of trees. */
export async function rebase(path: string, pull: Pull, by: Person): Promise<string> {
  const list = await git(path, ['rev-list', '--reverse', '--no-merges', `${pull.baseSha}..${pull.headSha}`]);
  let onto = pull.baseSha;
  for (const commit of list.split('\n').filter((line) => line !== '')) {
    const parent = await git(path, ['rev-parse', `${commit}^`]);
    // merge-tree takes the merge base from history, so "ours" is given the picked commit's parent as its own.
    const ours = await git(path, ['commit-tree', `${onto}^{tree}`, '-p', parent, '-m', 'ours'], {
      env: identity(by, by),
    });
    const merged = await tryGit(path, ['merge-tree', '--write-tree', ours, commit]);
    if (merged.code !== 0) throw new HttpError(405, "This branch can't be rebased due to conflicts");
    const [name = '', email = '', date = '', body = ''] = (
      await git(path, ['log', '-1', '--format=%an%x00%ae%x00%aI%x00%B', commit])
    ).split('\0');
    const env = { ...identity({ name, email }, by), GIT_AUTHOR_DATE: date };
    onto = await git(path, ['commit-tree', merged.stdout.trim(), '-p', onto, '-F', '-'], { input: body, env });
  }
  return onto;
}

function identity(author: Person, committer: Person): Record<string, string> {
  return {
    GIT_AUTHOR_NAME: author.name,
    GIT_AUTHOR_EMAIL: author.email,
    GIT_COMMITTER_NAME: committer.name,
    GIT_COMMITTER_EMAIL: committer.email,
  };
}
