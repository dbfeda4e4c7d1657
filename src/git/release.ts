import { readCiMark, withoutCiMark } from '../task/ci-mark.ts';
import { parseSha, type Sha } from '../task/ids.ts';
import { Problem } from '../task/problem.ts';
import { type GitOrder, must, type TryGit } from './git.ts';
import { type Signer, signCommit } from './signing.ts';

/**
 * Makes the commit that `head` would have been without its mark: same tree, parents, people and dates, so that a second try makes the
 * same one. What it made is held against `head` before anybody sees it. Throws `Problem` for any commit that Errand did not mark.
 */
export async function withoutMark(
  git: TryGit,
  { gitDir, head, signer }: { readonly gitDir: string; readonly head: Sha; readonly signer: Signer | null },
): Promise<Sha> {
  const { code, stdout } = await git(['cat-file', 'commit', head], { gitDir });
  if (code !== 0) throw notHeld(head, 'it is not here any more');
  const at = stdout.indexOf('\n\n');
  const words = readCiMark(stdout.slice(at + 2));
  const { tree, parents, author, committer } = headersOf(stdout.slice(0, at));
  if (words === null || tree === undefined || author === undefined || committer === undefined) {
    throw notHeld(head, 'it is no commit that Errand marked');
  }
  const env = { ...personOf('AUTHOR', author), ...personOf('COMMITTER', committer) };
  const order: GitOrder = { gitDir, env, input: withoutCiMark(words) };
  const args = ['commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent]), '-F', '-'];
  const plain = await must(git, args, order);
  const made = parseSha(signer === null ? plain : await signCommit(git, { gitDir }, plain, signer));
  if (made === undefined) throw new Error('git commit-tree printed no commit');
  const [was, is] = await Promise.all([head, made].map((commit) => shapeOf(git, gitDir, commit)));
  if (was !== is) throw new Error(`${made} is not the tree of ${head} on the same parents`);
  return made;
}

/** Tree and parents of a commit, as git reads them. */
function shapeOf(git: TryGit, gitDir: string, commit: string): Promise<string> {
  return must(git, ['log', '-1', '--format=%T %P', commit, '--'], { gitDir });
}

function headersOf(text: string) {
  const of = (name: string) =>
    text.split('\n').flatMap((line) => (line.startsWith(`${name} `) ? [line.slice(name.length + 1)] : []));
  return { tree: of('tree')[0], parents: of('parent'), author: of('author')[0], committer: of('committer')[0] };
}

function personOf(role: 'AUTHOR' | 'COMMITTER', text: string): Record<string, string> {
  const [, name = '', email = '', date = ''] = /^(.*) <(.*)> (\d+ [+-]\d{4})$/.exec(text) ?? [];
  return { [`GIT_${role}_NAME`]: name, [`GIT_${role}_EMAIL`]: email, [`GIT_${role}_DATE`]: date };
}

function notHeld(head: Sha, why: string): Problem {
  return new Problem({
    code: 'ci_not_held',
    sentence: `Commit ${head.slice(0, 7)} can't be had without its mark: ${why}.`,
    next: 'Look at the branch on GitHub, or reply in the thread to have the work done anew.',
  });
}

/** Whether this is a commit that `withoutMark` takes. */
export async function isHeld(git: TryGit, gitDir: string, commit: Sha): Promise<boolean> {
  const { code, stdout } = await git(['cat-file', 'commit', commit], { gitDir });
  return code === 0 && readCiMark(stdout.slice(stdout.indexOf('\n\n') + 2)) !== null;
}
