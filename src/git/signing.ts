import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../task/problem.ts';

export type GitConfig = readonly (readonly [string, string])[];

/** Signs commits with an SSH key that this process alone holds. */
export interface Signer {
  /** The public half, as GitHub takes it under *SSH and GPG keys*, *Signing key*. Throws `Problem` for a key that can't be used. */
  publicKey(): Promise<string>;
  /** Runs `act` with git's settings to sign by; the key lies in a file of its own for that long. Throws `Problem`. */
  signing<T>(act: (config: GitConfig) => Promise<T>): Promise<T>;
}

/** Kinds whose signature of one commit is always the same: a commit that is made again after a crash must be the same commit. */
const steady = ['ssh-ed25519', 'ssh-rsa'];

const keyFolder = 'sign-';

/** Signs with this key. Its file, which git needs, comes and goes in a folder of its own below `dir`, a place that no disk keeps. */
export function createSigner(privateKey: string, dir: string): Signer {
  const text = `${privateKey.replaceAll('\\n', '\n').trim()}\n`;
  let known: Promise<string> | undefined;

  async function withFile<T>(act: (file: string) => Promise<T>): Promise<T> {
    const own = await mkdtemp(join(dir, keyFolder));
    try {
      const file = join(own, 'key');
      await writeFile(file, text, { mode: 0o600 });
      return await act(file);
    } finally {
      await rm(own, { recursive: true, force: true });
    }
  }

  const publicKey = () => {
    known ??= withFile(publicHalf);
    known.catch(() => {
      known = undefined;
    });
    return known;
  };

  return {
    publicKey,
    async signing(act) {
      await publicKey();
      return withFile((file) =>
        act([
          ['gpg.format', 'ssh'],
          ['gpg.ssh.program', 'ssh-keygen'],
          ['user.signingKey', file],
        ]),
      );
    },
  };
}

/** Removes the keys that a process which was killed while it signed left below `dir`. To be called before any is in use. */
export async function sweepKeys(dir: string): Promise<void> {
  const left = (await readdir(dir)).filter((name) => name.startsWith(keyFolder));
  for (const name of left) await rm(join(dir, name), { recursive: true, force: true });
}

async function publicHalf(file: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  // An empty passphrase, so that a key with one is refused rather than asked about.
  const args = ['-y', '-P', '', '-f', file];
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin' };
  execFile('ssh-keygen', args, { env, timeout: 10_000 }, (error, stdout) => {
    if (error === null) resolve(stdout.trim());
    else
      reject(error.code === 'ENOENT' ? noProgram(error) : unusable('it is no private key, or has a passphrase', error));
  });
  const key = await promise;
  const [kind = ''] = key.split(' ');
  if (!steady.includes(kind)) throw unusable(`a key of the kind ${kind} signs differently each time`);
  return key;
}

function unusable(found: string, cause?: unknown): Problem {
  return new Problem(
    {
      code: 'signing_key_invalid',
      sentence: `Reading the key that signs commits failed: ${found}.`,
      next: 'Make one with `ssh-keygen -t ed25519 -N ""`, and give the file without `.pub` as ERRAND_SIGNING_KEY_FILE.',
    },
    { cause },
  );
}

function noProgram(cause: unknown): Problem {
  return new Problem(
    {
      code: 'ssh_keygen_missing',
      sentence: 'Signing a commit failed: this machine has no ssh-keygen.',
      next: 'Install OpenSSH’s client on the worker’s machine, then retry.',
    },
    { cause },
  );
}
