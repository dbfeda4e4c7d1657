import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where one task's gateway keeps what. Only `socketDir` is ever shown to a sandbox, read-only. */
export function gatewayFiles(dir: string) {
  return {
    socketDir: join(dir, 's'),
    socket: join(dir, 's', 'gateway.sock'),
    pid: join(dir, 'gateway.pid'),
    meter: join(dir, 'meter.json'),
    blocked: join(dir, 'blocked.json'),
  };
}

/** Writes a JSON file that is only ever seen whole, and only one write at a time; changes that come meanwhile are written once. */
export class JsonFile {
  readonly #path: string;
  readonly #value: () => unknown;
  #writing: Promise<void> | null = null;
  #dirty = false;

  constructor(path: string, value: () => unknown) {
    this.#path = path;
    this.#value = value;
  }

  /** Resolves once the value as it is now, or a newer one, is on disk. */
  async save(): Promise<void> {
    this.#dirty = true;
    this.#writing ??= this.#writeWhileDirty();
    await this.#writing;
  }

  async #writeWhileDirty(): Promise<void> {
    try {
      while (this.#dirty) {
        this.#dirty = false;
        const draft = `${this.#path}.new`;
        await writeFile(draft, JSON.stringify(this.#value()), { mode: 0o644 });
        await rename(draft, this.#path);
      }
    } finally {
      this.#writing = null;
    }
  }
}
