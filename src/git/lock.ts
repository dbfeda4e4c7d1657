import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rm, rmdir, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

const heartbeatMs = 5_000;
const staleMs = 30_000;
const pollMs = 50;

/**
 * Runs `act` while no other worker, in this process or another that shares the folder, holds `path`. Who holds it touches it every five
 * seconds; a lock whose process is gone, or that nobody has touched for thirty, is taken over.
 */
export async function withLock<T>(path: string, signal: AbortSignal, act: () => Promise<T>): Promise<T> {
  const token = `${hostname()} ${process.pid} ${randomUUID()}`;
  while (!(await create(path, token))) {
    signal.throwIfAborted();
    if (await isStale(path)) await takeAway(path);
    else await delay(pollMs, undefined, { signal });
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    // The lock may have been taken over while this process was frozen; its next owner looks after it.
    utimes(path, now, now).catch(() => undefined);
  }, heartbeatMs);
  try {
    return await act();
  } finally {
    clearInterval(heartbeat);
    if ((await contentOf(path)) === token) await rm(path, { force: true });
  }
}

async function create(path: string, token: string): Promise<boolean> {
  try {
    await using file = await open(path, 'wx', 0o600);
    await file.writeFile(token);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

async function isStale(path: string): Promise<boolean> {
  const content = await contentOf(path);
  if (content === undefined) return false;
  const age = Date.now() - (await stat(path).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
  if (age > staleMs) return true;
  const [host, pid] = content.split(' ');
  return host === hostname() && pid !== undefined && !isAlive(Number(pid));
}

/** Only one process at a time looks again and removes, so that nobody removes a lock that was just taken anew. */
async function takeAway(path: string): Promise<void> {
  const gate = `${path}.takeover`;
  try {
    await mkdir(gate);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
    const age = Date.now() - (await stat(gate).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
    if (age > staleMs) await rmdir(gate).catch(() => undefined);
    else await delay(pollMs);
    return;
  }
  try {
    if (await isStale(path)) await rm(path, { force: true });
  } finally {
    await rmdir(gate);
  }
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !hasCode(error, 'ESRCH');
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
