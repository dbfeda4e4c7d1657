import { readdir, readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { absent } from './files.ts';

/** What a gateway of ours looks like from outside. */
export interface Looks {
  /** The program that it was started with. */
  readonly entry: string;
  /** The directory of its task, where it works. */
  readonly directory: string;
  /** Whom it may run as. */
  readonly uids: readonly number[];
}

/**
 * The processes that serve a task, found by their program and where they work, which no crash between starting and noting down can
 * lose. A sandbox's processes can have any arguments, and are seen from the host: what is in a pid namespace below ours is never a gateway, nor
 * is what has another user, or may not be signalled. What can't be told is none.
 */
export async function findGateway({ entry, directory, uids }: Looks): Promise<readonly number[]> {
  const place = await stat(directory).catch(absent);
  if (place === undefined) return [];
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    names.map(async (name) => {
      // A process may end while we look.
      const [, program] = (await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')).split('\0');
      if (program !== entry) return undefined;
      // Not by its name, which may lead there through a link.
      const at = await stat(`/proc/${name}/cwd`).catch(() => undefined);
      if (at?.dev !== place.dev || at.ino !== place.ino) return undefined;
      const status = await readFile(`/proc/${name}/status`, 'utf8').catch(() => '');
      return isOurs(status, name, uids) && signalTo(Number(name), 0) ? Number(name) : undefined;
    }),
  );
  return found.filter((pid) => pid !== undefined);
}

/** Whether it was there to be signalled, and ours to. */
export function signalTo(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if (z.object({ code: z.enum(['ESRCH', 'EPERM']) }).safeParse(error).success) return false;
    throw error;
  }
}

/** A process has a number in each pid namespace from ours down to its own (proc_pid_status(5), `NSpid`): those of ours have one. */
function isOurs(status: string, pid: string, uids: readonly number[]): boolean {
  const numbers = /^NSpid:\s+(.+)$/m.exec(status)?.[1]?.trim();
  const uid = /^Uid:\s+(\d+)/m.exec(status)?.[1];
  return numbers === pid && uid !== undefined && uids.includes(Number(uid));
}
