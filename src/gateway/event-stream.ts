/** An event longer than this is passed on but not read: no event that reports usage comes near. */
const maxEventBytes = 4 * 1024 * 1024;

/** Reads server-sent events from bytes as they pass, however they are cut, and hands over each `data` that is JSON. */
export class EventStreamReader {
  readonly #onData: (value: unknown) => void;
  readonly #decoder = new TextDecoder();
  #rest = '';
  #data: string[] = [];
  #size = 0;

  constructor(onData: (value: unknown) => void) {
    this.#onData = onData;
  }

  push(bytes: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#takeLine(line);
    if (this.#rest.length > maxEventBytes) this.#rest = '';
  }

  /** A stream that ends without the closing blank line has its last event read too. */
  end(): void {
    this.#takeLine(this.#rest.trimEnd());
    this.#takeLine('');
    this.#rest = '';
  }

  #takeLine(line: string): void {
    if (line.startsWith('data:')) {
      this.#size += line.length;
      if (this.#size <= maxEventBytes) this.#data.push(line.slice('data:'.length).trimStart());
      return;
    }
    if (line !== '' || this.#data.length === 0) return;
    const data = this.#data.join('\n');
    this.#data = [];
    this.#size = 0;
    const value = parseJson(data);
    if (value !== undefined) this.#onData(value);
  }
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
