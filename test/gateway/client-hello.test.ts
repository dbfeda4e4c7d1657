import { createServer } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { beforeAll, describe, expect, test } from 'vitest';
import { readClientHello } from '../../src/gateway/client-hello.ts';

/** The first flight of Node's own TLS client. */
async function record(servername: string | undefined): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const server = createServer((socket) => socket.once('data', resolve));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const client = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...(servername && { servername }) });
  client.on('error', () => client.destroy());
  const bytes = await promise;
  client.destroy();
  server.close();
  return bytes;
}

/** Cuts one record's payload into several records. */
function splitRecords(flight: Buffer, size: number): Buffer {
  const payload = flight.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < payload.length; at += size) {
    const piece = payload.subarray(at, at + size);
    records.push(Buffer.from([22, 3, 1, piece.length >> 8, piece.length & 0xff]), piece);
  }
  return Buffer.concat(records);
}

function addExtension(flight: Buffer, type: number): Buffer {
  const extension = Buffer.from([type >> 8, type & 0xff, 0, 1, 0]);
  const longer = Buffer.concat([flight, extension]);
  longer.writeUInt16BE(longer.readUInt16BE(3) + extension.length, 3);
  longer.writeUIntBE(longer.readUIntBE(6, 3) + extension.length, 6, 3);
  const sessionAt = 5 + 4 + 34;
  const ciphersAt = sessionAt + 1 + longer.readUInt8(sessionAt);
  const compressionAt = ciphersAt + 2 + longer.readUInt16BE(ciphersAt);
  const extensionsAt = compressionAt + 1 + longer.readUInt8(compressionAt);
  longer.writeUInt16BE(longer.readUInt16BE(extensionsAt) + extension.length, extensionsAt);
  return longer;
}

describe('reading a ClientHello', () => {
  let flight: Buffer;
  beforeAll(async () => {
    flight = await record('registry.example.com');
  });

  test('gives the server name', () => {
    expect(readClientHello(flight)).toEqual({ type: 'hello', serverName: 'registry.example.com' });
  });

  test.each([1, 40, 200])('gives it from records of %i bytes, too', (size) => {
    expect(readClientHello(splitRecords(flight, size))).toMatchObject({ serverName: 'registry.example.com' });
  });

  test('minds nothing that follows it: early data comes in the same flight', () => {
    const more = Buffer.concat([flight, Buffer.from([20, 3, 3, 0, 1, 1, 23, 3, 3, 0, 2, 7, 7])]);
    expect(readClientHello(more)).toMatchObject({ serverName: 'registry.example.com' });
  });

  test('waits at every byte before the last', () => {
    for (let length = 0; length < flight.length; length++) {
      expect(readClientHello(flight.subarray(0, length)).type).toBe('incomplete');
    }
  });

  test('refuses one without a server name', async () => {
    expect(readClientHello(await record(undefined))).toMatchObject({ type: 'unfit' });
  });

  test('refuses one with two server names', () => {
    expect(readClientHello(addExtension(flight, 0))).toMatchObject({ type: 'unfit' });
  });

  test('refuses one that is encrypted inside', () => {
    expect(readClientHello(addExtension(flight, 0xfe0d))).toEqual({
      type: 'unfit',
      found: 'an encrypted ClientHello',
    });
  });

  test('takes one with an extension that it does not know', () => {
    expect(readClientHello(addExtension(flight, 0x1234))).toMatchObject({ type: 'hello' });
  });

  test.each(['SSH-2.0-OpenSSH_9.2\r\n', 'GET / HTTP/1.1\r\n', '\u0016\u0002\u0000', '\u0000'])('refuses %j', (text) => {
    expect(readClientHello(Buffer.from(text, 'latin1'))).toMatchObject({ type: 'unfit' });
  });

  test('refuses a hello that never ends', () => {
    const endless = Buffer.concat([Buffer.from([22, 3, 1, 0x10, 0, 1, 0xff, 0xff, 0xff]), Buffer.alloc(20_000)]);
    expect(readClientHello(endless)).toMatchObject({ type: 'unfit' });
  });

  test('never throws, whatever byte is changed', () => {
    for (let at = 0; at < flight.length; at++) {
      const changed = Buffer.from(flight);
      changed[at] = (changed[at] ?? 0) ^ 0xff;
      expect(() => readClientHello(changed)).not.toThrow();
    }
  });
});
