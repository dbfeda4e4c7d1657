import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { type BlockedHost, isHostName } from '../task/network.ts';
import { JsonFile } from './files.ts';

const maxHosts = 200;
const listSchema = z.array(z.strictObject({ host: z.string(), allowable: z.boolean() }));

/** The hosts that a task was refused, for its thread: each once, and no more than a person would read. */
export class BlockedHosts {
  readonly #hosts: Map<string, BlockedHost>;
  readonly #file: JsonFile;

  private constructor(path: string, hosts: readonly BlockedHost[]) {
    this.#hosts = new Map(hosts.map((each) => [each.host, each]));
    this.#file = new JsonFile(path, () => [...this.#hosts.values()]);
  }

  /** Goes on from what a former process wrote; an unreadable list, which decides nothing, begins anew. */
  static async load(path: string): Promise<BlockedHosts> {
    const text = await readFile(path, 'utf8').catch(() => '[]');
    return new BlockedHosts(path, listSchema.safeParse(toJson(text)).data ?? []);
  }

  /** `allowable` where nothing but the list was in the way; what once was refused for another reason stays so. */
  async add(host: string, allowable = false): Promise<void> {
    const before = this.#hosts.get(host);
    const entry = { host, allowable: allowable && isHostName(host) && before?.allowable !== false };
    if (before === undefined ? this.#hosts.size >= maxHosts : before.allowable === entry.allowable) return;
    this.#hosts.set(host, entry);
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
