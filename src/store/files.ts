import type { Redis } from 'ioredis';
import { fileLimits } from '../task/files.ts';
import type { FileStore } from '../task/ports/files.ts';
import { guarded } from './connection.ts';
import type { Keys } from './keys.ts';

/** Attached files, whole, each under its own id until it expires. What is in them is nobody's business here. */
export function createFileStore(redis: Redis, keys: Keys): FileStore {
  return {
    put: (id, bytes) =>
      guarded('keep an attached file', async () => {
        await redis.set(keys.file(id), Buffer.from(bytes), 'EX', fileLimits.keptSeconds);
      }),
    get: (id) => guarded('read an attached file', () => redis.getBuffer(keys.file(id))),
  };
}
