import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** The bytes of uploaded files, by their id. */
export interface FileShelf {
  put(id: string, bytes: Uint8Array): Promise<void>;
  /** Null for what was never put there, or is gone. */
  get(id: string): Promise<Uint8Array<ArrayBuffer> | null>;
  remove(id: string): Promise<void>;
}

/** Keeps bytes in a folder; none keeps them in memory. Ids are the workspace's own, never a name from outside. */
export function createFileShelf(folder: string | null): FileShelf {
  return folder === null ? inMemory() : inFolder(folder);
}

function inMemory(): FileShelf {
  const shelf = new Map<string, Uint8Array<ArrayBuffer>>();
  return {
    put: async (id, bytes) => void shelf.set(id, Uint8Array.from(bytes)),
    get: async (id) => shelf.get(id) ?? null,
    remove: async (id) => void shelf.delete(id),
  };
}

function inFolder(folder: string): FileShelf {
  const at = (id: string) => path.join(folder, id);
  return {
    async put(id, bytes) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFile(at(id), bytes, { mode: 0o600 });
    },
    get: (id) =>
      readFile(at(id)).then(
        (bytes) => Uint8Array.from(bytes),
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'ENOENT') return null;
          throw error;
        },
      ),
    remove: (id) => rm(at(id), { force: true }),
  };
}
