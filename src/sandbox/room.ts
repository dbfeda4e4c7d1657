import { statfs } from 'node:fs/promises';
import type { DiskRoom } from '../task/ports/sandbox.ts';
import { Problem } from '../task/problem.ts';
import type { Engine } from './docker.ts';
import { absent } from './files.ts';

/** A checkout of many small files fails of names before it fails of bytes. */
const minNames = 20_000;

/** Measures the disks below these paths, each once; one that is not on this machine is left out. */
export async function measureRoom(paths: readonly string[], minFreeBytes: number): Promise<readonly DiskRoom[]> {
  const found = await Promise.all(
    paths.map(async (path) => {
      const facts = await statfs(path).catch(absent);
      if (facts === undefined) return [];
      const { bavail, bsize, blocks, ffree, files } = facts;
      const freeBytes = bavail * bsize;
      // Some file systems have as many names as they have room.
      const noNames = minFreeBytes > 0 && files > 0 && ffree < minNames;
      const lacks = freeBytes < minFreeBytes ? 'space' : noNames ? 'names' : null;
      return [{ path, freeBytes, totalBytes: blocks * bsize, lacks }] as const;
    }),
  );
  const rooms = found.flat();
  const same = (one: DiskRoom, other: DiskRoom) =>
    one.freeBytes === other.freeBytes && one.totalBytes === other.totalBytes;
  return rooms.filter((room, index) => rooms.findIndex((other) => same(room, other)) === index);
}

/** The data folder's disk, and the engine's own where it is this machine's. */
export async function engineRoom(
  engine: Pick<Engine, 'host' | 'facts'>,
  { dataDir, minFreeBytes }: { dataDir: string; minFreeBytes: number },
): Promise<readonly DiskRoom[]> {
  const { rootDir } = await engine.facts();
  const local = engine.host.startsWith('unix://') && rootDir !== null ? [rootDir] : [];
  return await measureRoom([dataDir, ...local], minFreeBytes);
}

/** Throws a `Problem` where a disk is too full for one more run. Its words stay the same while it is, so that a thread says it once. */
export function checkRoom(rooms: readonly DiskRoom[], minFreeBytes: number): void {
  const full = rooms.find(({ lacks }) => lacks !== null);
  if (full === undefined) return;
  const gib = (minFreeBytes / 2 ** 30).toFixed(1).replace('.0', '');
  const left = full.lacks === 'names' ? 'hardly any files can be made' : `less than ${gib} GiB are left`;
  throw new Problem(
    {
      code: 'disk_low',
      sentence: `The disk of the machine that runs this is nearly full: ${left} at ${full.path}.`,
      next: 'Nothing is lost: it starts by itself once there is room. Whoever runs Errand makes some there, or lowers limits.freeDisk.',
    },
    { retry: true },
  );
}
