const mask = Buffer.from('[redacted]');

/** Takes secrets out of bytes as they pass, also where a chunk's end cuts one; holds back only what may be a secret's beginning. */
export class Redactor {
  readonly #secrets: readonly Buffer[];
  #held: Buffer = Buffer.alloc(0);

  constructor(secrets: readonly string[]) {
    this.#secrets = secrets.filter((secret) => secret !== '').map((secret) => Buffer.from(secret));
  }

  push(chunk: Uint8Array): Buffer {
    const bytes = this.#mask(Buffer.concat([this.#held, chunk]));
    const keep = this.#beginningAtEnd(bytes);
    this.#held = bytes.subarray(bytes.length - keep);
    return bytes.subarray(0, bytes.length - keep);
  }

  end(): Buffer {
    const rest = this.#held;
    this.#held = Buffer.alloc(0);
    return rest;
  }

  /** For what comes in one piece. */
  text(text: string): string {
    return this.#mask(Buffer.from(text)).toString();
  }

  #mask(bytes: Buffer): Buffer {
    let clean = bytes;
    for (const secret of this.#secrets) {
      for (let at = clean.indexOf(secret); at !== -1; at = clean.indexOf(secret, at + mask.length)) {
        clean = Buffer.concat([clean.subarray(0, at), mask, clean.subarray(at + secret.length)]);
      }
    }
    return clean;
  }

  #beginningAtEnd(bytes: Buffer): number {
    const lengths = this.#secrets.map((secret) => {
      for (let length = Math.min(secret.length - 1, bytes.length); length > 0; length--) {
        if (bytes.subarray(bytes.length - length).equals(secret.subarray(0, length))) return length;
      }
      return 0;
    });
    return Math.max(0, ...lengths);
  }
}
