import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { z } from 'zod';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants;

/**
 * Opens a regular file in a tree that somebody hostile writes to: one step at a time below `root`, through the descriptor
 * of each directory, following no link, and without hanging on a FIFO. Undefined when that finds anything but a regular
 * file. `root` itself is trusted.
 */
export async function openHostile(root: string, steps: readonly string[]): Promise<FileHandle | undefined> {
  let here = await open(root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    for (const [index, step] of steps.entries()) {
      const flags = index === steps.length - 1 ? O_NONBLOCK : O_DIRECTORY;
      const next = await open(`/proc/self/fd/${here.fd}/${step}`, O_RDONLY | O_NOFOLLOW | flags);
      await here.close();
      here = next;
    }
    if ((await here.stat()).isFile()) return here;
  } catch (error) {
    if (!z.object({ code: z.enum(notThere) }).safeParse(error).success) {
      await here.close();
      throw error;
    }
  }
  await here.close();
  return undefined;
}

/** Absent, a link, no directory, a socket or device, or closed to us: all the same to a reader. */
const notThere = ['ENOENT', 'ELOOP', 'ENOTDIR', 'ENXIO', 'ENODEV', 'EACCES'] as const;
