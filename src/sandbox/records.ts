import { type FSWatcher, watch } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { inside, maxLineBytes } from '../../sandbox/protocol.ts';
import type { RunId } from '../task/ids.ts';
import { openHostile } from './hostile-file.ts';

/** More than this of one run's records is not read: an honest run stays far below it. */
const maxTotalBytes = 256 * 1024 * 1024;
const chunkBytes = 64 * 1024;
/** How long a change can go unnoticed when the kernel's hint is lost. */
const backstopMs = 250;

/**
 * Follows the records of one run on a mounted workspace until `stopped` settles and everything was read, or the signal
 * aborts. Yields JSON objects with a growing number above `after`, and nothing else; what is in them is the agent's word.
 */
export async function* followRecords(order: {
  workspace: string;
  run: RunId;
  after: number;
  stopped: Promise<unknown>;
  signal: AbortSignal;
}): AsyncGenerator<unknown> {
  const { signal } = order;
  const steps = [basename(inside.records), `${order.run}.jsonl`];
  const change = hint();
  let ended = false;
  const end = () => {
    ended = true;
    change.give();
  };
  order.stopped.then(end, end);
  signal.addEventListener('abort', change.give);
  const lines = new NumberedLines(order.after);
  const buffer = Buffer.alloc(chunkBytes);
  let file: FileHandle | undefined;
  let watcher: FSWatcher | undefined;
  let offset = 0;
  try {
    while (!signal.aborted) {
      // Asked before reading: what was written before the end is read after it was seen.
      const last = ended;
      if (file === undefined) {
        file = await openHostile(order.workspace, steps);
        if (file !== undefined) watcher = watchHandle(file, change.give);
      }
      while (file !== undefined && offset < maxTotalBytes) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
        if (bytesRead === 0) break;
        offset += bytesRead;
        yield* lines.push(buffer.subarray(0, bytesRead));
        if (signal.aborted) return;
      }
      if (last || offset >= maxTotalBytes) return;
      await change.wait(file === undefined ? backstopMs / 10 : backstopMs);
    }
  } finally {
    signal.removeEventListener('abort', change.give);
    watcher?.close();
    await file?.close();
  }
}

/** Cuts bytes into lines and lines into numbered records, dropping what is too long, no JSON, or was there before. */
export class NumberedLines {
  #rest: Buffer[] = [];
  #restBytes = 0;
  #last: number;

  constructor(after: number) {
    this.#last = after;
  }

  /** The number of the last record that was yielded. */
  get last(): number {
    return this.#last;
  }

  *push(bytes: Buffer): Generator<unknown> {
    let start = 0;
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
      this.#keep(bytes.subarray(start, end));
      const record = this.#take();
      if (record !== undefined) yield record;
      start = end + 1;
    }
    this.#keep(bytes.subarray(start));
  }

  #keep(part: Buffer): void {
    this.#restBytes += part.length;
    // The reader's buffer is used again, so what waits for its end is copied; a line too long is only counted.
    if (this.#restBytes <= maxLineBytes && part.length > 0) this.#rest.push(Buffer.from(part));
  }

  #take(): unknown {
    const line = this.#restBytes <= maxLineBytes ? Buffer.concat(this.#rest).toString('utf8') : '';
    this.#rest = [];
    this.#restBytes = 0;
    const value = parseJson(line);
    const n = typeof value === 'object' && value !== null && 'n' in value ? value.n : undefined;
    if (typeof n !== 'number' || !Number.isSafeInteger(n) || n <= this.#last) return undefined;
    this.#last = n;
    return value;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** By descriptor: a path could be made to lead elsewhere in the meantime. The backstop covers where nothing can be watched. */
function watchHandle(file: FileHandle, changed: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(`/proc/self/fd/${file.fd}`, { persistent: false }, changed);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}

/** Remembers one hint, so that a change between looking and waiting isn't slept through. */
function hint() {
  let given = false;
  let wake = () => {};
  const give = () => {
    given = true;
    wake();
  };
  return {
    give,
    async wait(ms: number): Promise<void> {
      if (!given) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      given = false;
    },
  };
}
