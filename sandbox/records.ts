import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { maxLineBytes, type RunnerRecord, type RunnerResult } from './protocol.ts';

type Body<Whole> = Whole extends RunnerRecord ? Omit<Whole, 'n' | 'at'> : never;
export type RecordBody = Body<RunnerRecord>;

const tailBytes = 256 * 1024;

/** The run's numbered records, appended to `<directory>/<run>.jsonl` and echoed; the last one is the result. */
export class Records implements Disposable {
  readonly #file: number;
  readonly #resultPath: string;
  readonly #echo: (line: string) => void;
  /** True where an earlier life of this run already wrote its result. */
  readonly ended: boolean;
  #last: number;
  #finished = false;

  private constructor(file: number, resultPath: string, last: number, echo: (line: string) => void) {
    this.ended = existsSync(resultPath);
    this.#file = file;
    this.#resultPath = resultPath;
    this.#last = last;
    this.#echo = echo;
  }

  /**
   * Opens or continues a run's records: numbers go on after what the file holds, and a line torn by a crash is closed.
   * Throws where the path is not a plain file of ours (a link, a directory).
   */
  static open(options: { directory: string; run: string; echo: (line: string) => void }): Records {
    mkdirSync(options.directory, { recursive: true });
    const path = join(options.directory, `${options.run}.jsonl`);
    const { O_APPEND, O_CREAT, O_NOFOLLOW, O_RDWR } = constants;
    const file = openSync(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, 0o644);
    const status = fstatSync(file);
    if (!status.isFile()) {
      closeSync(file);
      throw new Error(`${path} is not a regular file.`);
    }
    const held = readTail(file, status.size);
    if (held !== '' && !held.endsWith('\n')) writeSync(file, '\n');
    const resultPath = join(options.directory, `${options.run}.result.json`);
    return new Records(file, resultPath, lastNumber(held), options.echo);
  }

  /** Appends one record, cut to fit a line; returns its number. */
  write(body: RecordBody): number {
    const n = this.#last + 1;
    const line = fit({ n, at: Date.now(), ...body });
    writeSync(this.#file, `${line}\n`);
    this.#last = n;
    this.#echo(`${line}\n`);
    return n;
  }

  /** Appends the result as the last record and puts the result file in place in one step. Only the first result counts. */
  async finish(result: RunnerResult): Promise<void> {
    if (this.#finished) return;
    this.#finished = true;
    this.write({ type: 'result', result });
    fsyncSync(this.#file);
    const temporary = `${this.#resultPath}.tmp`;
    await rm(temporary, { force: true, recursive: true });
    await writeFile(temporary, `${fit(result)}\n`, { flag: 'wx', flush: true });
    await rename(temporary, this.#resultPath);
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}

function readTail(file: number, size: number): string {
  const buffer = Buffer.alloc(Math.min(size, tailBytes));
  const read = readSync(file, buffer, 0, buffer.length, size - buffer.length);
  return buffer.toString('utf8', 0, read);
}

function lastNumber(held: string): number {
  for (const line of held.split('\n').reverse()) {
    const match = /^\{"n":([1-9]\d{0,14}),.*\}$/.exec(line);
    if (match) return Number(match[1]);
  }
  return 0;
}

/** One line of JSON that keeps within `maxLineBytes`, by shortening its strings and lists as far as needed. */
function fit(value: unknown): string {
  let line = JSON.stringify(value);
  for (let limit = 16_384; Buffer.byteLength(line) >= maxLineBytes && limit > 0; limit = Math.floor(limit / 2)) {
    line = JSON.stringify(shorten(value, limit));
  }
  return line;
}

function shorten(value: unknown, limit: number): unknown {
  if (typeof value === 'string') return value.length > limit ? `${value.slice(0, limit).toWellFormed()}…` : value;
  if (Array.isArray(value)) return value.slice(0, limit).map((item) => shorten(item, limit));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shorten(item, limit)]));
}
