import { must } from '../../../../src/git/git.ts';
import { refreshMirror as refresh } from '../../../../src/git/mirror.ts';
import { weaknessOfRepository } from '../weakness.ts';

export * from '../../../../src/git/mirror.ts';

/** As in `src`; where the mirror is of the whole repository, with all of its branches. */
export async function refreshMirror(...[remote, order]: Parameters<typeof refresh>): ReturnType<typeof refresh> {
  const head = await refresh(remote, order);
  const { path, repository, signal } = order;
  if (weaknessOfRepository(repository) === 'whole-mirror') {
    const credentials = await remote.credentials(repository, 'read');
    const args = ['fetch', '--quiet', '--', remote.url(repository), '+refs/heads/*:refs/heads/*'];
    await must(remote.git, args, { gitDir: path, signal, credentials });
  }
  return head;
}
