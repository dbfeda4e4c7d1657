import type { Config } from '../../config.ts';
import { createSigner } from '../../git/signing.ts';
import { type Finding, ok, skip } from '../finding.ts';

/** The key that commits are signed with, and its public half to give to GitHub. Throws `Problem`. */
export async function checkSigning({ git, github }: Config): Promise<Finding> {
  if (git.signingKey === null) {
    const next = 'Needed where rules demand signed commits: set ERRAND_SIGNING_KEY_FILE.';
    return skip('Signed commits', 'Off: commits are not signed.', next);
  }
  const [kind = '', key = ''] = createSigner(git.signingKey).publicKey().split(' ');
  const found = `Signs with ${kind} ${key.slice(0, 12)}…${key.slice(-12)}.`;
  const next =
    github.mode === 'app' && git.committer === null
      ? 'An app can have no signing key on GitHub: set ERRAND_COMMITTER to the account that has it.'
      : 'Add the public half on GitHub, as a signing key, to the account that commits.';
  return ok('Signed commits', found, next);
}
