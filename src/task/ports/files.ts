import type { FileRefusal, OfferedFile } from '../files.ts';

/** Where attached files come from. Never throws: a file that can't be had is a value, and the task goes on without it. */
export interface FileSource {
  fetch(
    file: OfferedFile,
    options: { maxBytes: number; signal: AbortSignal },
  ): Promise<{ readonly ok: true; readonly bytes: Uint8Array } | { readonly ok: false; readonly why: FileRefusal }>;
}

/** Keeps what was attached for as long as a task may need it; see `fileLimits`. */
export interface FileStore {
  /** False where all that is kept would be more than it may be; nothing is kept then. The same id again counts once. */
  put(id: string, bytes: Uint8Array): Promise<boolean>;
  /** Null once it has expired. */
  get(id: string): Promise<Uint8Array | null>;
}
