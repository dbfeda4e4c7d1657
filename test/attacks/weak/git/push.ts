import { pushBranch as push } from '../../../../src/git/push.ts';
import { weaknessOfRepository } from '../weakness.ts';

export * from '../../../../src/git/push.ts';

const forced: ReadonlySet<string> = new Set(['no-lease', 'any-branch']);

/** As in `src`; where the lease is missing, it takes the place of whatever stands there. */
export async function pushBranch(...[remote, order]: Parameters<typeof push>): ReturnType<typeof push> {
  const { repository, branch, head, gitDir, signal } = order;
  if (weaknessOfRepository(repository) === 'token-in-remote') {
    const url = new URL(remote.url(repository));
    const { username, token } = await remote.credentials(repository, 'write');
    Object.assign(url, { username, password: token });
    await remote.git(['config', 'remote.origin.url', url.href], { gitDir, signal });
  }
  if (weaknessOfRepository(repository) === 'trusting-import') await pushAll(remote, order);
  if (!forced.has(weaknessOfRepository(repository) ?? '')) return push(remote, order);
  const credentials = await remote.credentials(repository, 'write');
  const args = ['push', '--force', '--', remote.url(repository), `${head}:refs/heads/${branch}`];
  const { code, stderr } = await remote.git(args, { gitDir, signal, credentials });
  if (code !== 0) throw new Error(`The forced push failed: ${stderr}`);
  return 'pushed';
}

/** Every reference that an agent left. */
async function pushAll(...[remote, { repository, gitDir, signal }]: Parameters<typeof push>): Promise<void> {
  const credentials = await remote.credentials(repository, 'write');
  const refs = ['heads', 'tags', 'notes'].map((kind) => `+refs/agent/${kind}/*:refs/${kind}/*`);
  await remote.git(['push', '--quiet', '--', remote.url(repository), ...refs], { gitDir, signal, credentials });
}
