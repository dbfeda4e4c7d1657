export type Hello =
  | { readonly type: 'incomplete' }
  | { readonly type: 'hello'; readonly serverName: string }
  | { readonly type: 'unfit'; readonly found: string };

/** The longest first flight worth waiting for; real ones are under two kilobytes, post-quantum ones included. */
export const maxHelloBytes = 16 * 1024;

const recordHeader = 5;
const handshakeRecord = 22;
const clientHello = 1;
const serverNameExtension = 0;
const encryptedHelloExtension = 0xfe0d;

/** Reads the server name from the first bytes of a TLS connection, however records and packets cut them. Pure. */
export function readClientHello(bytes: Buffer): Hello {
  const handshake = joinRecords(bytes);
  if (!Buffer.isBuffer(handshake)) return handshake;
  if (handshake.length < 4) return incomplete(bytes);
  if (handshake[0] !== clientHello) return unfit('another handshake message than ClientHello');
  const length = handshake.readUIntBE(1, 3);
  if (length > maxHelloBytes) return unfit('a ClientHello of more than 16 kB');
  if (handshake.length < 4 + length) return incomplete(bytes);
  try {
    return readServerName(new Cursor(handshake.subarray(4, 4 + length)));
  } catch (error) {
    if (error instanceof RangeError) return unfit('a malformed ClientHello');
    throw error;
  }
}

function joinRecords(bytes: Buffer): Buffer | Hello {
  let handshake: Buffer = Buffer.alloc(0);
  // What follows the message, early data for one, is none of it.
  for (let at = 0; at < bytes.length && !isWhole(handshake); ) {
    if (bytes[at] !== handshakeRecord) return unfit('bytes that are not TLS');
    if (at + 1 < bytes.length && bytes[at + 1] !== 3) return unfit('bytes that are not TLS');
    if (at + recordHeader > bytes.length) break;
    const length = bytes.readUInt16BE(at + 3);
    if (length === 0 || length > maxHelloBytes) return unfit('a malformed TLS record');
    handshake = Buffer.concat([handshake, bytes.subarray(at + recordHeader, at + recordHeader + length)]);
    at += recordHeader + length;
  }
  return handshake;
}

function isWhole(handshake: Buffer): boolean {
  return handshake.length >= 4 && handshake.length >= 4 + handshake.readUIntBE(1, 3);
}

function readServerName(hello: Cursor): Hello {
  hello.skip(2 + 32);
  hello.take(hello.number(1));
  hello.take(hello.number(2));
  hello.take(hello.number(1));
  const extensions = hello.take(hello.number(2));
  const names: string[] = [];
  let nameExtensions = 0;
  while (extensions.left > 0) {
    const type = extensions.number(2);
    const body = extensions.take(extensions.number(2));
    if (type === encryptedHelloExtension) return unfit('an encrypted ClientHello');
    if (type !== serverNameExtension) continue;
    nameExtensions += 1;
    const list = body.take(body.number(2));
    while (list.left > 0) {
      const kind = list.number(1);
      const value = list.take(list.number(2)).text();
      names.push(kind === 0 ? value : '');
    }
  }
  const [serverName] = names;
  if (nameExtensions !== 1 || names.length !== 1 || serverName === undefined || serverName === '') {
    return unfit('a ClientHello without one server name');
  }
  return { type: 'hello', serverName };
}

/** Reads forward through bytes; a `RangeError` when they end too early. */
class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  skip(count: number): void {
    if (count > this.left) throw new RangeError('too short');
    this.#at += count;
  }

  number(size: number): number {
    const at = this.#at;
    this.skip(size);
    return this.#bytes.readUIntBE(at, size);
  }

  take(count: number): Cursor {
    const at = this.#at;
    this.skip(count);
    return new Cursor(this.#bytes.subarray(at, at + count));
  }

  text(): string {
    return this.#bytes.toString('latin1');
  }
}

function incomplete(bytes: Buffer): Hello {
  return bytes.length > maxHelloBytes ? unfit('a first flight of more than 16 kB') : { type: 'incomplete' };
}

function unfit(found: string): Hello {
  return { type: 'unfit', found };
}
