import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { ModelAnswer } from './wire.ts';

const attempts = 30;
const pauseMs = 100;
const unreachable = [
  'HTTP/1.1 502 Bad Gateway',
  'content-type: application/json',
  'connection: close',
  '',
  '{"error":{"type":"api_error","code":"errand_gateway","message":"The gateway does not answer."}}',
].join('\r\n');

/**
 * Offers the gateway's unix socket on a TCP port of the loopback. Each connection opens the path anew, waiting up to three
 * seconds for it, so a gateway that was restarted and bound again is found; half-closed connections stay half open.
 */
export async function startForwarder(options: {
  listen: { host: string; port: number };
  gateway: string;
  answered: (answer: ModelAnswer) => void;
}): Promise<AsyncDisposable & { readonly port: number }> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    open.add(client);
    client.once('close', () => open.delete(client));
    void forward(client, options.gateway, options.answered);
  });
  server.listen(options.listen);
  await once(server, 'listening');
  return {
    port: portOf(server),
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

async function forward(client: Socket, gateway: string, answered: (answer: ModelAnswer) => void): Promise<void> {
  client.pause();
  client.on('error', () => client.destroy());
  const upstream = await reach(gateway, client);
  if (upstream === undefined) {
    answered({ status: 502, body: 'errand_gateway' });
    client.end(unreachable);
    client.resume();
    return;
  }
  upstream.on('error', () => client.destroy());
  client.on('close', () => upstream.destroy());
  upstream.on('close', () => client.destroySoon());
  observe(client, upstream, answered);
  client.pipe(upstream);
  upstream.pipe(client);
}

async function reach(path: string, client: Socket): Promise<Socket | undefined> {
  for (let attempt = 0; attempt < attempts && !client.destroyed; attempt++) {
    const socket = connect({ path, allowHalfOpen: true });
    try {
      await once(socket, 'connect');
      return socket;
    } catch {
      socket.destroy();
      await pause(pauseMs);
    }
  }
  return undefined;
}

/** Model calls are plain HTTP with a path; the egress proxy's `CONNECT host` and `GET http://host` are none of ours. */
function observe(client: Socket, upstream: Socket, answered: (answer: ModelAnswer) => void): void {
  let model = false;
  client.on('data', (chunk: Buffer) => {
    const first = /^([A-Z]+) (\S)/.exec(chunk.toString('latin1', 0, 16));
    if (first) model = first[2] === '/';
  });
  let current: ModelAnswer | null = null;
  upstream.on('data', (chunk: Buffer) => {
    if (!model) return;
    const status = /^HTTP\/1\.[01] ([2-5]\d\d) /.exec(chunk.toString('latin1', 0, 16))?.[1];
    const before: string = status === undefined ? (current?.body ?? '') : '';
    const code: number | undefined = status === undefined ? current?.status : Number(status);
    if (code === undefined || before.length > 4096) return;
    current = { status: code, body: before + chunk.toString('utf8', 0, 4096) };
    if (code < 400 && status === undefined) return;
    answered(current);
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
