import { createHash, sign } from 'node:crypto';
import { Problem } from '../task/problem.ts';
import { GitError, type GitOrder, must, type TryGit } from './git.ts';
import { readSshKey, type SshKey, string } from './ssh-key.ts';

/** Signs commits with an SSH key that this process alone holds, in its memory: no file and no other program ever has it. */
export interface Signer {
  /** The public half, as GitHub takes it under *SSH and GPG keys*, *Signing key*. Throws `Problem` for a key that can't be used. */
  publicKey(): string;
  /** A commit object with its signature, from one without. The same each time. Throws `Problem`. */
  signed(commit: string): string;
}

/** Signs with this key, ed25519 or RSA and without a passphrase. Nothing is looked at before it is used. */
export function createSigner(privateKey: string): Signer {
  const text = `${privateKey.replaceAll('\\n', '\n').trim()}\n`;
  let known: SshKey | undefined;
  const key = () => {
    try {
      known ??= readSshKey(text);
      return known;
    } catch (error) {
      throw unusable(error instanceof Error ? error.message : 'it is no private key');
    }
  };
  return {
    publicKey: () => `${key().kind} ${key().blob.toString('base64')}`,
    signed: (commit) => {
      const end = commit.indexOf('\n\n');
      const signature = armoredSignature(key(), commit).replaceAll('\n', '\n ');
      return `${commit.slice(0, end)}\ngpgsig ${signature}${commit.slice(end)}`;
    },
  };
}

/** Makes the same commit with a signature, and names it. Git's own way would need the key in a file. */
export async function signCommit(git: TryGit, at: GitOrder, commit: string, signer: Signer): Promise<string> {
  const { code, stdout, stderr } = await git(['cat-file', 'commit', commit], at);
  if (code !== 0) throw new GitError(`git cat-file ended with ${code}`, { stderr });
  return must(git, ['hash-object', '-t', 'commit', '-w', '--stdin'], { ...at, input: signer.signed(stdout) });
}

/** What `ssh-keygen -Y sign -n git` writes (OpenSSH's PROTOCOL.sshsig). */
function armoredSignature({ kind, key, blob }: SshKey, message: string): string {
  const digest = createHash('sha512').update(message).digest();
  const around = [string('git'), string(''), string('sha512')];
  const signable = Buffer.concat([Buffer.from('SSHSIG'), ...around, string(digest)]);
  const [algorithm, made] =
    kind === 'ssh-ed25519' ? [kind, sign(null, signable, key)] : ['rsa-sha2-512', sign('sha512', signable, key)];
  const version = Buffer.from([0, 0, 0, 1]);
  const signature = string(Buffer.concat([string(algorithm), string(made)]));
  const whole = Buffer.concat([Buffer.from('SSHSIG'), version, string(blob), ...around, signature]);
  const lines = whole.toString('base64').match(/.{1,70}/g) ?? [];
  return ['-----BEGIN SSH SIGNATURE-----', ...lines, '-----END SSH SIGNATURE-----'].join('\n');
}

function unusable(found: string): Problem {
  return new Problem({
    code: 'signing_key_invalid',
    sentence: `Reading the key that signs commits failed: ${found}.`,
    next: 'Make one with `ssh-keygen -t ed25519 -N ""`, and give the file without `.pub` as ERRAND_SIGNING_KEY_FILE.',
  });
}
