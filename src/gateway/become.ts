/**
 * Makes this process, which root started, another user for good: no group but that user's, no capability, nothing to come back by. The
 * kernel then also closes its memory and environment to every process that is not root's (it is no longer dumpable), what no call of
 * Node's does by itself. Throws when it is root's afterwards.
 */
export function become(uid: number): void {
  if (!Number.isSafeInteger(uid) || uid <= 0) throw new Error(`${uid} is no user to run as`);
  process.setgroups?.([]);
  process.setgid?.(uid);
  process.setuid?.(uid);
  if (process.getuid?.() !== uid || process.getgid?.() !== uid)
    throw new Error(`The process did not become user ${uid}`);
}
