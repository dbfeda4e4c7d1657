import type { WorkerDeps } from '../app/deps.ts';
import type { Signer } from '../git/signing.ts';
import type { RepositoryName } from '../task/ids.ts';
import type { Forge } from '../task/ports/forge.ts';
import type { Author } from '../task/ports/repositories.ts';
import { Problem } from '../task/problem.ts';

/**
 * Says before an agent works for an hour what would refuse its push at the end: a key that can't sign, or a rule of the repository. Where
 * the rules can't be read, the push itself finds out.
 */
export function toMayPush(with_: {
  readonly forge: Forge;
  readonly signer: Signer | null;
  readonly committer: (repository: RepositoryName) => Promise<Author>;
  readonly log: WorkerDeps['log'];
}): WorkerDeps['mayPush'] {
  const { forge, signer, committer, log } = with_;
  return async (push) => {
    signer?.publicKey();
    try {
      const { email } = await committer(push.repository);
      await forge.checkPush({ ...push, signed: signer !== null, email });
    } catch (error) {
      if (!(error instanceof Problem) || error.failure.code === 'push_blocked') throw error;
      log.warn({ repository: push.repository, err: error }, 'The rules for a push are not known beforehand');
    }
  };
}
