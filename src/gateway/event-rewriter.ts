import { parseJson } from './event-stream.ts';

/** An event longer than this ends the stream: what was not read must not pass. */
const maxEventChars = 4 * 1024 * 1024;

/** Passes server-sent events on one by one, with the JSON of their data as `change` wants it; null leaves an event as it came. */
export class EventRewriter {
  readonly #change: (value: unknown) => unknown;
  readonly #decoder = new TextDecoder();
  #rest = '';

  constructor(change: (value: unknown) => unknown) {
    this.#change = change;
  }

  /** The events that are whole by now, however bytes and lines were cut. Throws a `RangeError` for one that is too long. */
  push(bytes: Uint8Array): string {
    this.#rest += this.#decoder.decode(bytes, { stream: true });
    const parts = this.#rest.split(/(?<=\r\n\r\n|\n\n|(?<!\r)\n\r\n|\r\r(?!\n))/);
    this.#rest = parts.pop() ?? '';
    if (this.#rest.length > maxEventChars) throw new RangeError('an event of more than 4 MB');
    if (/(?:\r\n\r\n|\n\n|\r\r)$/.test(this.#rest)) {
      parts.push(this.#rest);
      this.#rest = '';
    }
    return parts.map((event) => this.#rewrite(event)).join('');
  }

  /** An event that the end of the stream cut off is none, and is left out. */
  #rewrite(event: string): string {
    const lines = event.split(/\r\n|\n|\r/);
    const data = lines.flatMap((line) => /^data(?:: ?(.*))?$/.exec(line)?.[1] ?? []);
    const changed = data.length === 0 ? null : this.#change(parseJson(data.join('\n')));
    if (changed === null) return event;
    const others = lines.filter((line) => line !== '' && !/^data(:|$)/.test(line));
    return `${[...others, `data: ${JSON.stringify(changed)}`].join('\n')}\n\n`;
  }
}
