import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';

/** A private key as ssh-keygen writes it, ready to sign with. */
export interface SshKey {
  readonly kind: 'ssh-ed25519' | 'ssh-rsa';
  readonly key: KeyObject;
  /** The public half in SSH's own encoding. */
  readonly blob: Buffer;
}

const magic = 'openssh-key-v1\0';

/**
 * Reads a private key without a passphrase: OpenSSH's format (its PROTOCOL.key), PKCS#1 or PKCS#8. Throws an `Error` that says what is
 * wrong and holds nothing of the key.
 */
export function readSshKey(text: string): SshKey {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END/.exec(text)?.[1];
  const key = body === undefined ? readPem(text) : readOpenSsh(Buffer.from(body, 'base64'));
  const jwk = createPublicKey(key).export({ format: 'jwk' });
  if (key.asymmetricKeyType === 'ed25519') {
    return { kind: 'ssh-ed25519', key, blob: Buffer.concat([string('ssh-ed25519'), string(bytes(jwk.x))]) };
  }
  if (key.asymmetricKeyType === 'rsa') {
    const parts = [string('ssh-rsa'), number(bytes(jwk.e)), number(bytes(jwk.n))];
    return { kind: 'ssh-rsa', key, blob: Buffer.concat(parts) };
  }
  throw unsteady(key.asymmetricKeyType ?? 'this one');
}

function readPem(text: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch {
    throw noKey();
  }
}

function readOpenSsh(data: Buffer): KeyObject {
  if (data.toString('latin1', 0, magic.length) !== magic) throw noKey();
  const outer = new Reader(data.subarray(magic.length));
  const cipher = outer.text();
  outer.bytes();
  outer.bytes();
  if (cipher !== 'none' || outer.number() !== 1) throw noKey();
  outer.bytes();
  const inner = new Reader(outer.bytes());
  inner.number();
  inner.number();
  const kind = inner.text();
  if (kind === 'ssh-ed25519') {
    const [x, both] = [inner.bytes(), inner.bytes()];
    return fromJwk({ kty: 'OKP', crv: 'Ed25519', x: x.toString('base64url'), d: both.toString('base64url', 0, 32) });
  }
  if (kind !== 'ssh-rsa') throw unsteady(kind);
  const [n, e, d, qi, p, q] = Array.from({ length: 6 }, () => inner.bytes());
  if (d === undefined || p === undefined || q === undefined) throw noKey();
  const [dp, dq] = [modulo(d, p), modulo(d, q)];
  return fromJwk({ kty: 'RSA', ...mapped({ n, e, d, p, q, dp, dq, qi }) });
}

/** d mod (prime - 1). */
function modulo(d: Buffer, prime: Buffer): Buffer {
  const of = (value: Buffer) => BigInt(`0x${value.toString('hex') || '0'}`);
  const hex = (of(d) % (of(prime) - 1n)).toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
}

function mapped(parts: Readonly<Record<string, Buffer | undefined>>): JsonWebKey {
  return Object.fromEntries(Object.entries(parts).map(([name, value]) => [name, text64(value ?? Buffer.alloc(0))]));
}

function fromJwk(key: JsonWebKey): KeyObject {
  try {
    return createPrivateKey({ key, format: 'jwk' });
  } catch {
    throw noKey();
  }
}

/** Without the zero that SSH puts before a number whose first bit is set. */
function text64(value: Buffer): string {
  let start = 0;
  while (start < value.length - 1 && value[start] === 0) start += 1;
  return value.subarray(start).toString('base64url');
}

function bytes(text = ''): Buffer {
  return Buffer.from(text, 'base64url');
}

/** SSH's `string`: a length of four bytes before it. */
export function string(value: string | Buffer): Buffer {
  const content = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, content]);
}

/** SSH's `mpint` of a positive number. */
function number(value: Buffer): Buffer {
  return string((value[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), value]) : value);
}

class Reader {
  #rest: Buffer;

  constructor(data: Buffer) {
    this.#rest = data;
  }

  number(): number {
    if (this.#rest.length < 4) throw noKey();
    const value = this.#rest.readUInt32BE(0);
    this.#rest = this.#rest.subarray(4);
    return value;
  }

  bytes(): Buffer {
    const length = this.number();
    if (length > this.#rest.length) throw noKey();
    const value = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return value;
  }

  text(): string {
    return this.bytes().toString('latin1');
  }
}

function noKey(): Error {
  return new Error('it is no private key, or has a passphrase');
}

/** A commit that is made again after a crash must be the same commit, and so must its signature. */
function unsteady(kind: string): Error {
  return new Error(`a key of the kind ${kind} signs differently each time`);
}
