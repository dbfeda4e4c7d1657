import type { BranchName, RepositoryName, Sha } from '../task/ids.ts';
import { GitError, type GitResult } from './git.ts';
import { isNetworkFailure, toProblem } from './problems.ts';
import { toPushRefusal } from './push-refusal.ts';
import { askHeads, type Remote } from './remote.ts';

export interface PushOrder {
  readonly gitDir: string;
  readonly repository: RepositoryName;
  readonly branch: BranchName;
  readonly head: Sha;
  readonly remote: Sha | null;
  readonly signal: AbortSignal;
}

/**
 * Pushes one commit to one branch of one explicit address, on condition that the branch is still at `remote` (or absent). Where the answer
 * is lost or the lease fails, the remote is asked what is so.
 */
export async function pushBranch(remote: Remote, order: PushOrder): Promise<'pushed' | 'already' | 'moved'> {
  const { repository, branch, head, signal } = order;
  const attempted = `Pushing \`${branch}\` to ${repository}`;
  try {
    const result = await attempt(remote, order);
    if (result.code === 0) return result.stdout.includes('\n=\t') ? 'already' : 'pushed';
    const now = (await askHeads(remote, repository, [branch], signal)).heads.get(branch) ?? null;
    if (now === head) return 'already';
    if (now !== order.remote) return 'moved';
    throw refusal(attempted, result);
  } catch (error) {
    throw toProblem(attempted, error);
  }
}

async function attempt(remote: Remote, order: PushOrder): Promise<GitResult> {
  const { repository, branch, head, signal } = order;
  const ref = `refs/heads/${branch}`;
  const flags = ['--porcelain', '--no-verify', '--no-signed', '--recurse-submodules=no', '--no-follow-tags'];
  const lease = `--force-with-lease=${ref}:${order.remote ?? ''}`;
  const args = ['push', ...flags, lease, '--', remote.url(repository), `${head}:${ref}`];
  const credentials = await remote.credentials(repository, 'write');
  try {
    return await remote.git(args, { gitDir: order.gitDir, signal, credentials, timeoutMs: 10 * 60_000 });
  } catch (error) {
    if (error instanceof GitError && error.timedOut) return { code: -1, stdout: '', stderr: 'timed out' };
    throw error;
  }
}

/** The remote still is where it was, so the push itself was turned down, or never got there. */
function refusal(attempted: string, { stdout, stderr }: GitResult): unknown {
  const error = new GitError(`git push failed: ${stderr.trim().slice(0, 2_000)}`, { stderr });
  const [, reason] = /\[remote rejected\] \((.+)\)/.exec(stdout) ?? [];
  if (reason === undefined || isNetworkFailure(error)) return toProblem(attempted, error);
  return toPushRefusal(attempted, reason, stderr, error);
}
