import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, createServer as createTlsServer, type PSKCallbackNegotation } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { isPublicAddress } from '../../src/gateway/addresses.ts';
import { type Gateway, startGateway } from '../../src/gateway/gateway.ts';
import type { Limits } from '../../src/gateway/limits.ts';
import { makeOutside, type Outside } from '../../src/gateway/way-out.ts';
import type { BlockedHost, Registry } from '../../src/task/network.ts';
import { ask, dummyKey, type GatewayProcess, openTunnel, raw, startGatewayProcess } from './gateway-harness.ts';

const host = 'registry.example.com';

interface World extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly dialled: readonly (readonly string[])[];
  readonly logs: readonly string[];
  /** The hosts it refused; those that nothing but the list kept it from end in `?`. */
  blocked(): Promise<readonly string[]>;
  meter(): Promise<Record<string, number>>;
}

/** A gateway in this process whose outside ends at a local port: the address rules would refuse loopback. */
async function openWorld(
  port: number,
  options: {
    limits?: Partial<Limits>;
    addresses?: readonly string[];
    outside?: Partial<Outside>;
    open?: boolean;
    registries?: Registry[];
  } = {},
): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), 'errand-gw-'));
  const dialled: (readonly string[])[] = [];
  const logs: string[] = [];
  const gateway = await startGateway({
    dir,
    policy: {
      providers: [],
      allow: [host],
      budgetUsd: null,
      budgetTokens: null,
      unpriced: 'dearest' as const,
      dummyKey,
      mcp: [],
      open: options.open ?? false,
      registries: options.registries ?? [],
    },
    keys: { providers: new Map(), mcp: new Map(), wayOut: {} },
    log: (_level, message) => logs.push(message),
    limits: options.limits ?? {},
    outside: {
      resolve: async () => options.addresses ?? ['93.184.216.34'],
      mayConnect: isPublicAddress,
      behindProxy: () => false,
      async dial(_host, addresses, signal) {
        dialled.push(addresses);
        const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, signal });
        await once(socket, 'connect');
        return socket;
      },
      ...options.outside,
    },
  });
  return {
    gateway,
    dialled,
    logs,
    blocked: async () => shownBlocked(JSON.parse(await readFile(join(dir, 'blocked.json'), 'utf8'))),
    meter: async () => JSON.parse(await readFile(join(dir, 'meter.json'), 'utf8')),
    async [Symbol.asyncDispose]() {
      await gateway.close();
      await rm(dir, { recursive: true });
    },
  };
}

const shownBlocked = (list: readonly BlockedHost[]) => list.map((each) => `${each.host}${each.allowable ? '?' : ''}`);

const blockedOf = async (gateway: GatewayProcess): Promise<readonly BlockedHost[]> =>
  JSON.parse(await readFile(join(gateway.dir, 'blocked.json'), 'utf8'));

interface Peer extends AsyncDisposable {
  readonly port: number;
  /** All bytes that reached it. */
  received(): string;
  readonly connections: number;
}

/** A server that answers each piece it gets by `answer`, and ends when its client does. */
async function openPeer(answer: (chunk: Buffer) => string | Buffer = (chunk) => chunk): Promise<Peer> {
  const chunks: Buffer[] = [];
  let connections = 0;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    connections += 1;
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      socket.write(answer(chunk));
    });
    socket.on('end', () => socket.end('goodbye'));
  });
  return {
    port: await listen(server),
    received: () => Buffer.concat(chunks).toString('latin1'),
    get connections() {
      return connections;
    },
    [Symbol.asyncDispose]: () => close(server),
  };
}

async function listen(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

async function close(server: Server): Promise<void> {
  await new Promise((done) => server.close(done));
}

/** What a TLS client sends first. */
async function helloFor(servername: string): Promise<Buffer> {
  const server = createServer();
  const port = await listen(server);
  const client = connectTls({ port, host: '127.0.0.1', servername, rejectUnauthorized: false });
  client.on('error', () => client.destroy());
  const [socket] = (await once(server, 'connection')) as [Socket];
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  await close(server);
  return bytes;
}

async function readUntil(socket: Socket, text: string): Promise<string> {
  let seen = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    seen += String(chunk);
    if (seen.includes(text)) break;
  }
  return seen;
}

async function readAll(socket: Socket): Promise<string> {
  let seen = '';
  socket.on('data', (chunk: Buffer) => {
    seen += chunk.toString('latin1');
  });
  socket.on('error', () => socket.destroy());
  if (!socket.closed) await new Promise((closed) => socket.once('close', closed));
  return seen;
}

describe('an allowed host', () => {
  test('is reached over TLS from end to end', async () => {
    const psk: PSKCallbackNegotation = { psk: Buffer.from('a key of this test'), identity: 'test' };
    // A pre-shared key needs no certificate.
    const common = { ciphers: 'PSK', maxVersion: 'TLSv1.2' } as const;
    const server = createTlsServer({ ...common, pskCallback: () => psk.psk }, (socket) => {
      socket.end(`you asked for ${socket.servername}`);
    });
    await using world = await openWorld(await listen(server));
    const { socket } = await openTunnel(world.gateway.socket, `${host}:443`);
    const client = connectTls({
      ...common,
      socket,
      servername: host,
      pskCallback: () => psk,
      checkServerIdentity: () => undefined,
    });
    expect(await readUntil(client, host)).toBe(`you asked for ${host}`);
    client.destroy();
    await close(server);
  });

  test('is dialled only at the addresses that were checked', async () => {
    await using peer = await openPeer();
    await using world = await openWorld(peer.port, { addresses: ['10.0.0.1', '93.184.216.34', '::1'] });
    const { socket } = await openTunnel(world.gateway.socket, `${host}:443`);
    expect(world.dialled).toEqual([['93.184.216.34']]);
    socket.destroy();
  });

  test('answers a client that has already ended its side', async () => {
    await using peer = await openPeer();
    await using world = await openWorld(peer.port);
    const { socket } = await openTunnel(world.gateway.socket, `${host}:443`);
    socket.end(await helloFor(host));
    expect(await readAll(socket)).toContain('goodbye');
  });

  test('gets a hello that comes byte by byte', async () => {
    await using peer = await openPeer(() => '');
    await using world = await openWorld(peer.port);
    const { socket } = await openTunnel(world.gateway.socket, `${host}:443`);
    const hello = await helloFor(host);
    for (const byte of hello) await new Promise<void>((sent) => socket.write(Buffer.from([byte]), () => sent()));
    socket.end();
    await readAll(socket);
    expect(peer.received()).toBe(hello.toString('latin1'));
  });
});

describe('before its first byte a tunnel is closed', () => {
  test.each<[string, () => Promise<Buffer> | Buffer, string]>([
    ['to another server name', () => helloFor('evil.example.net'), 'evil.example.net'],
    ['without TLS', () => Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'), host],
    ['with plain HTTP', () => Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n'), host],
  ])('%s', async (_what, bytes, recorded) => {
    await using peer = await openPeer();
    await using world = await openWorld(peer.port);
    const { socket } = await openTunnel(world.gateway.socket, `${host}:443`);
    socket.write(await bytes());
    expect(await readAll(socket)).toBe('');
    expect(peer.received()).toBe('');
    expect(await world.blocked()).toEqual([recorded]);
  });

  test('when nothing comes in time', async () => {
    await using peer = await openPeer();
    await using world = await openWorld(peer.port, { limits: { helloMs: 50 } });
    const { socket } = await openTunnel(world.gateway.socket, `${host}:443`);
    expect(await readAll(socket)).toBe('');
    expect(peer.received()).toBe('');
  });
});

describe('a host is refused with 403, in one sentence, and remembered', () => {
  test('when it is not listed, is an address, or another port', async () => {
    await using gateway = await startGatewayProcess({ policy: { allow: [host] } });
    for (const authority of [
      'evil.example.net:443',
      '169.254.169.254:443',
      '[::1]:443',
      `${host}:22`,
      `evil.${host}:443`,
    ]) {
      const { status, text } = await openTunnel(gateway.socket, authority);
      expect(status).toBe(403);
      expect(text).toMatch(/^errand_blocked: .*\.\n$/);
    }
    await openTunnel(gateway.socket, 'EVIL.example.net.:443');
    expect(shownBlocked(await blockedOf(gateway))).toEqual([
      'evil.example.net?',
      '169.254.169.254:443',
      '[::1]:443',
      `${host}:22`,
      `evil.${host}?`,
    ]);
  });

  test.each(['127.0.0.1', '10.0.0.1', '169.254.169.254', '::ffff:127.0.0.1', 'fd00::1'])(
    'when it is listed and resolves to %s',
    async (address) => {
      await using peer = await openPeer();
      await using world = await openWorld(peer.port, { addresses: [address] });
      const { status, text } = await openTunnel(world.gateway.socket, `${host}:443`);
      expect(status).toBe(403);
      expect(text).toContain('private network');
      expect(world.dialled).toEqual([]);
      expect(await world.blocked()).toEqual([host]);
    },
  );

  test('when it is asked for over plain HTTP', async () => {
    await using gateway = await startGatewayProcess({ policy: { allow: [host] } });
    const answer = await ask(gateway.socket, 'GET', `http://user@${host}:8080/x`);
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('errand_blocked');
    expect(shownBlocked(await blockedOf(gateway))).toEqual([host]);
  });

  test('and goes on being remembered by the next process', async () => {
    await using first = await startGatewayProcess();
    await openTunnel(first.socket, 'one.example.net:443');
    await first.stop('SIGKILL');
    await using second = await startGatewayProcess({ dir: first.dir });
    await openTunnel(second.socket, 'two.example.net:443');
    expect(shownBlocked(await blockedOf(second))).toEqual(['one.example.net?', 'two.example.net?']);
  });
});

describe('limits', () => {
  test('an upload past the budget is cut, and the next tunnel refused', async () => {
    await using peer = await openPeer(() => '');
    await using world = await openWorld(peer.port, { limits: { uploadBytes: 100_000 } });
    const { socket } = await openTunnel(world.gateway.socket, `${host}:443`);
    const hello = await helloFor(host);
    socket.write(Buffer.concat([hello, Buffer.alloc(400_000)]));
    await readAll(socket);
    expect(peer.received().length).toBeLessThan(300_000);
    expect((await openTunnel(world.gateway.socket, `${host}:443`)).status).toBe(403);
    await world.gateway.close();
    expect((await world.meter()).uploadedBytes).toBeGreaterThan(100_000);
  });

  test('a download past the budget is cut', async () => {
    await using peer = await openPeer(() => Buffer.alloc(400_000));
    await using world = await openWorld(peer.port, { limits: { downloadBytes: 100_000 } });
    const { socket } = await openTunnel(world.gateway.socket, `${host}:443`);
    socket.write(await helloFor(host));
    expect((await readAll(socket)).length).toBeLessThan(300_000);
  });

  test('tunnels beyond the number are refused, and open again when one closes', async () => {
    await using peer = await openPeer();
    await using world = await openWorld(peer.port, { limits: { tunnels: 1 } });
    const first = await openTunnel(world.gateway.socket, `${host}:443`);
    expect((await openTunnel(world.gateway.socket, `${host}:443`)).status).toBe(429);
    first.socket.end('not TLS');
    await readAll(first.socket);
    const again = await openTunnel(world.gateway.socket, `${host}:443`);
    expect(again.status).toBe(200);
    again.socket.destroy();
  });

  test('a request whose head never ends is closed, and others are served meanwhile', async () => {
    await using world = await openWorld(1, { limits: { headersMs: 100 } });
    const slow = raw(world.gateway.socket, 'GET /anthropic/v1/models HTTP/1.1\r\nhost: x\r\n');
    expect((await ask(world.gateway.socket, 'GET', '/nobody/v1/models')).status).toBe(404);
    expect(await slow).toMatch(/^(HTTP\/1\.1 4|$)/);
  });

  test('a client that was refused and never closes its side holds no place', async () => {
    await using world = await openWorld(1, { limits: { headersMs: 100 } });
    const closed = async (bytes: string) => {
      const socket = connect({ path: world.gateway.socket, allowHalfOpen: true });
      socket.write(bytes);
      socket.resume();
      socket.on('error', () => undefined);
      await once(socket, 'end');
      // Its own side is open; writing tells whether there is anybody left to read.
      const ended = new Promise((done) => socket.once('close', done));
      const writing = setInterval(() => socket.write('x'), 20);
      await ended;
      clearInterval(writing);
    };
    await closed('GET /x HTTP/1.1\r\nx: ');
    await closed('CONNECT evil.example.net:443 HTTP/1.1\r\n\r\n');
  });

  test('connections beyond the number are closed at once', async () => {
    await using world = await openWorld(1, { limits: { connections: 1 } });
    const held = connect(world.gateway.socket);
    await once(held, 'connect');
    expect(await raw(world.gateway.socket, 'GET / HTTP/1.1\r\n')).toBe('');
    held.destroy();
  });

  test('a head that is too large is refused', async () => {
    await using world = await openWorld(1);
    const answer = await raw(world.gateway.socket, `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`);
    expect(answer).toMatch(/^(HTTP\/1\.1 4|$)/);
  });

  test('a host without an address, or that nobody can connect to, is told as such', async () => {
    await using none = await openWorld(1, { outside: { resolve: () => Promise.reject(new Error('ENOTFOUND')) } });
    expect(await openTunnel(none.gateway.socket, `${host}:443`)).toMatchObject({ status: 502 });
    await using down = await openWorld(1);
    const { status, text } = await openTunnel(down.gateway.socket, `${host}:443`);
    expect({ status, text }).toEqual({ status: 502, text: expect.stringContaining('ECONNREFUSED') });
  });
});

describe('where every public host is open', () => {
  test('a host on no list is reached, and a private one is not', async () => {
    await using peer = await openPeer(() => '');
    await using world = await openWorld(peer.port, { open: true });
    const { status, socket } = await openTunnel(world.gateway.socket, 'anywhere.example.net:443');
    socket.destroy();
    await using inner = await openWorld(peer.port, { open: true, addresses: ['10.0.0.1'] });
    const refused = await openTunnel(inner.gateway.socket, 'anywhere.example.net:443');
    expect([status, refused.status, await inner.blocked()]).toEqual([200, 403, ['anywhere.example.net']]);
  });
});

test("behind the machine's own proxy a tunnel goes through it, with its login", async () => {
  await using peer = await openPeer(() => '');
  const seen: unknown[] = [];
  const proxy = createHttpServer();
  proxy.on('connect', (request, client) => {
    seen.push([request.url, request.headers['proxy-authorization']]);
    const onward = connect({ port: peer.port, host: '127.0.0.1' });
    client.write('HTTP/1.1 200 OK\r\n\r\n');
    client.on('error', () => onward.destroy());
    onward.on('error', () => client.destroy());
    client.pipe(onward).pipe(client);
  });
  const port = await listen(proxy);
  const real = makeOutside({ proxy: `http://user:p%40ss@127.0.0.1:${port}`, noProxy: 'internal.example.com' });
  const outside = { ...real, resolve: () => Promise.reject(new Error('ENOTFOUND')) };
  await using world = await openWorld(1, { outside });
  const { socket } = await openTunnel(world.gateway.socket, `${host}:443`);
  const hello = await helloFor(host);
  socket.end(hello);
  await readAll(socket);
  expect(seen).toEqual([[`${host}:443`, `Basic ${Buffer.from('user:p@ss').toString('base64')}`]]);
  expect(peer.received()).toBe(hello.toString('latin1'));
  expect(real.behindProxy('a.internal.example.com')).toBe(false);
  await close(proxy);
});
