import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { ModelAnswer } from './wire.ts';

const attempts = 30;
const pauseMs = 100;
const bodyBytes = 4096;
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

/** Model calls are plain POSTs to a path other than `/mcp/…`; the egress proxy's `CONNECT host` and `GET http://host` are none of ours. */
function observe(client: Socket, upstream: Socket, answered: (answer: ModelAnswer) => void): void {
  let model = false;
  client.on('data', (chunk: Buffer) => {
    const request = /^([A-Z]+) (\S+)/.exec(chunk.toString('latin1', 0, 16));
    if (request)
      model = request[1] === 'POST' && request[2]?.startsWith('/') === true && !request[2].startsWith('/mcp/');
  });
  let current: ModelAnswer | null = null;
  let chunked = false;
  let end = '';
  upstream.on('data', (chunk: Buffer) => {
    if (!model) return;
    end = (end + chunk.toString('latin1', Math.max(0, chunk.length - 5))).slice(-5);
    const status = /^HTTP\/1\.[01] ([2-5]\d\d) /.exec(chunk.toString('latin1', 0, 16))?.[1];
    if (status !== undefined) {
      current = { status: Number(status), body: chunk.toString('utf8', 0, bodyBytes) };
      chunked = /^transfer-encoding: *chunked/im.test(current.body);
      answered(current);
    } else if (current !== null && current.status >= 400 && current.body.length < bodyBytes) {
      current = { status: current.status, body: current.body + chunk.toString('utf8', 0, bodyBytes) };
      answered(current);
    }
  });
  upstream.on('end', () => {
    // A client that hangs up after the last event has all it wanted.
    const left = client.readableEnded || client.destroyed;
    const cut = !left && current !== null && current.status < 400 && chunked && end !== '0\r\n\r\n';
    if (cut) answered({ status: 502, body: 'The answer broke off.' });
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
