import { type BranchName, parseBranchName, parseSha, type RepositoryName, type Sha } from '../task/ids.ts';
import { type Credentials, must, type TryGit } from './git.ts';

export interface Remote {
  readonly url: (repository: RepositoryName) => string;
  readonly git: TryGit;
  /** The largest pack that one fetch may bring; no limit without. */
  readonly fetchBytes?: number;
  readonly credentials: (repository: RepositoryName, rights: 'read' | 'write') => Promise<Credentials>;
}

export interface RemoteHeads {
  /** Undefined while the default branch has no commit. */
  readonly defaultBranch: BranchName | undefined;
  readonly heads: ReadonlyMap<string, Sha>;
}

/** Asks the remote, in one call, for its default branch and for the heads of the named branches. Throws `GitError`. */
export async function askHeads(
  remote: Remote,
  repository: RepositoryName,
  branches: readonly BranchName[],
  signal: AbortSignal | undefined,
): Promise<RemoteHeads> {
  const credentials = await remote.credentials(repository, 'read');
  const refs = branches.map((branch) => `refs/heads/${branch}`);
  const args = ['ls-remote', '--symref', '--', remote.url(repository), 'HEAD', ...refs];
  const text = await must(remote.git, args, { signal, credentials, timeoutMs: 60_000 });
  const heads = new Map<string, Sha>();
  let defaultBranch: BranchName | undefined;
  for (const line of text.split('\n')) {
    const [value = '', name = ''] = line.split('\t');
    if (name === 'HEAD' && value.startsWith('ref: refs/heads/')) {
      defaultBranch = parseBranchName(value.slice('ref: refs/heads/'.length));
    }
    const sha = parseSha(value);
    if (sha !== undefined && name === 'HEAD' && defaultBranch !== undefined) heads.set(defaultBranch, sha);
    // ls-remote matches the ends of names, so a branch called `x/refs/heads/main` is in the answer too.
    if (sha !== undefined && refs.includes(name)) heads.set(name.slice('refs/heads/'.length), sha);
  }
  return { defaultBranch, heads };
}
