import { writeFile } from 'node:fs/promises';
import { tryGit } from './git.ts';
import type { Addresses } from './render.ts';
import { renderUser } from './render.ts';
import type { Store } from './state.ts';

export interface Verification {
  readonly verified: boolean;
  readonly reason: 'valid' | 'unsigned' | 'unknown_key' | 'bad_email' | 'invalid';
}

/** Whom a login's no-reply address belongs to, as GitHub makes it. */
export function addressOf(at: Addresses, login: string): string {
  return `${renderUser(login).id}+${login}@users.noreply.${new URL(at.page).hostname}`;
}

/**
 * Whether a commit's signature is by a key that its committer has given to the forge, told by git and ssh-keygen themselves. `env` adds to
 * git's own, for objects that are not in the repository yet.
 */
export async function verifyCommit(
  store: Store,
  at: Addresses,
  repository: string,
  sha: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Verification> {
  const file = store.file('allowed_signers');
  const lines = store.state.signingKeys.map(({ login, key }) => `${addressOf(at, login)} namespaces="git" ${key}\n`);
  await writeFile(file, lines.join(''));
  const config = {
    GIT_CONFIG_COUNT: '7',
    GIT_CONFIG_KEY_6: 'gpg.ssh.allowedSignersFile',
    GIT_CONFIG_VALUE_6: file,
  };
  const args = ['log', '-1', '--format=%G?%n%GS%n%ce', sha, '--'];
  const { stdout } = await tryGit(repository, args, { env: { ...config, ...env } });
  const [state = '', signer = '', committer = ''] = stdout.split('\n');
  if (state === 'N' || state === '') return { verified: false, reason: 'unsigned' };
  if (state === 'U') return { verified: false, reason: 'unknown_key' };
  if (state !== 'G') return { verified: false, reason: 'invalid' };
  return signer === committer ? { verified: true, reason: 'valid' } : { verified: false, reason: 'bad_email' };
}
