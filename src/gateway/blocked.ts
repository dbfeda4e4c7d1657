import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { JsonFile } from './files.ts';

const maxHosts = 200;

/** The hosts that a task was refused, for its thread: each once, and no more than a person would read. */
export class BlockedHosts {
  readonly #hosts: Set<string>;
  readonly #file: JsonFile;

  private constructor(path: string, hosts: readonly string[]) {
    this.#hosts = new Set(hosts);
    this.#file = new JsonFile(path, () => [...this.#hosts]);
  }

  /** Goes on from what a former process wrote; an unreadable list, which decides nothing, begins anew. */
  static async load(path: string): Promise<BlockedHosts> {
    const text = await readFile(path, 'utf8').catch(() => '[]');
    const parsed = z.string().transform(toJson).pipe(z.array(z.string())).safeParse(text);
    return new BlockedHosts(path, parsed.data ?? []);
  }

  get hosts(): readonly string[] {
    return [...this.#hosts];
  }

  async add(host: string): Promise<void> {
    if (this.#hosts.has(host) || this.#hosts.size >= maxHosts) return;
    this.#hosts.add(host);
    await this.#file.save();
  }
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return [];
  }
}
