import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { withLock } from './lock.ts';

/** A mirror on its way out; what a crash left of it goes with the next round. */
const leaving = '.old';

/**
 * Removes mirrors that nobody asked for `keptMs` and no task's repository borrows from. The next task on such a branch fetches it anew.
 * Returns what it removed.
 */
export async function removeOldMirrors(places: {
  mirrorsDir: string;
  tasksDir: string;
  keptMs: number;
  signal: AbortSignal;
}): Promise<readonly string[]> {
  const { mirrorsDir, tasksDir, keptMs, signal } = places;
  const removed: string[] = [];
  for (const path of await mirrorsBelow(mirrorsDir)) {
    signal.throwIfAborted();
    if (path.endsWith(leaving)) {
      await rm(path, { recursive: true, force: true });
      continue;
    }
    if (!(await isOld(path, keptMs))) continue;
    await withLock(`${path}.lock`, signal, async () => {
      // Asked for, or borrowed, while others were looked at.
      if (!(await isOld(path, keptMs)) || (await borrowedFrom(tasksDir)).has(path)) return;
      await rename(path, `${path}${leaving}`);
      removed.push(path);
    });
    await rm(`${path}${leaving}`, { recursive: true, force: true });
  }
  return removed;
}

/** Mirrors, and what is left of some, whatever lies around them. */
async function mirrorsBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found = await Promise.all(
    entries
      .filter((entry) => entry.isDirectory())
      .map(async ({ name }) => {
        const path = join(folder, name);
        return /\.git(?:\.old)?$/.test(name) ? [path] : await mirrorsBelow(path);
      }),
  );
  return found.flat();
}

async function isOld(path: string, keptMs: number): Promise<boolean> {
  const facts = await stat(path).catch(() => undefined);
  return facts !== undefined && Date.now() - facts.mtimeMs > keptMs;
}

/** The mirrors that repositories of tasks take objects from. */
async function borrowedFrom(tasksDir: string): Promise<ReadonlySet<string>> {
  const names = await readdir(tasksDir).catch((): string[] => []);
  const lists = await Promise.all(
    names.map((name) => readFile(join(tasksDir, name, 'objects', 'info', 'alternates'), 'utf8').catch(() => '')),
  );
  const lines = lists.flatMap((list) => list.split('\n')).filter((line) => line !== '');
  return new Set(lines.map((objects) => dirname(objects)));
}
