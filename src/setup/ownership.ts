import { chmodSync, lchownSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { User } from './users.ts';

/**
 * Makes a folder that this user alone may enter, with all that is in it. One that was another's changes hands, itself last, so that what
 * a crash interrupts is done again; nothing is looked at in one that is the user's already. Null leaves it to whoever runs this.
 */
export function giveFolder(path: string, user: User | null, mode = 0o700): void {
  mkdirSync(path, { recursive: true, mode });
  const [uid, gid] = user === null ? [process.getuid?.() ?? -1, process.getgid?.() ?? -1] : [user.uid, user.gid];
  const found = lstatSync(path);
  if (process.getuid?.() === 0 && found.uid !== uid) give(path, uid, gid);
  if ((found.mode & 0o7777) !== mode) chmodSync(path, mode);
}

function give(path: string, uid: number, gid: number): void {
  if (lstatSync(path).isDirectory()) for (const name of readdirSync(path)) give(join(path, name), uid, gid);
  lchownSync(path, uid, gid);
}
