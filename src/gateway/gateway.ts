import { chmod, mkdir, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { Problem } from '../task/problem.ts';
import { BlockedHosts } from './blocked.ts';
import { EgressProxy } from './egress-proxy.ts';
import { gatewayFiles } from './files.ts';
import { defaultLimits, type Limits } from './limits.ts';
import type { Log } from './log.ts';
import { McpProxy } from './mcp-proxy.ts';
import { Meter } from './meter.ts';
import { ModelProxy } from './model-proxy.ts';
import type { GatewayPolicy, Keys } from './policy.ts';
import { RegistryFetch } from './registry-fetch.ts';
import { RegistryProxy } from './registry-proxy.ts';
import { Upstream } from './upstream.ts';
import { makeOutside, type Outside } from './way-out.ts';

export interface GatewayOptions {
  readonly dir: string;
  readonly policy: GatewayPolicy;
  readonly keys: Keys;
  readonly log: Log;
  readonly limits?: Partial<Limits>;
  /** PEM certificates to trust; Node's own when left out. */
  readonly ca?: readonly string[];
  /** How the egress proxy reaches the world; the public internet, with its address rules, when left out. */
  readonly outside?: Outside;
}

export interface Gateway extends AsyncDisposable {
  readonly socket: string;
  /** Stops listening, cuts what is under way, and leaves the meter on disk. */
  close(): Promise<void>;
}

/** The longest path that a unix socket's address holds, less its final zero. */
const maxSocketPath = 107;

/** Serves one task on its unix socket until closed. Throws `Problem` when it can't, rather than serve half. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const files = gatewayFiles(options.dir);
  const limits: Limits = { ...defaultLimits, ...options.limits };
  const { policy, keys, log } = options;
  if (Buffer.byteLength(files.socket) > maxSocketPath) {
    throw noSocket(files.socket, `the path is longer than ${maxSocketPath} bytes`, 'Choose a shorter ERRAND_DATA_DIR.');
  }
  const meter = await Meter.load(files.meter, policy);
  const blocked = await BlockedHosts.load(files.blocked);
  const upstream = new Upstream({ ...keys.wayOut, ca: options.ca, limits, log });
  const outside = options.outside ?? makeOutside(keys.wayOut, options.ca);
  const models = new ModelProxy({ policy, providers: keys.providers, upstream, meter, limits, log });
  const mcp = new McpProxy({ policy, servers: keys.mcp, upstream, meter, limits, log });
  const own = policy.registries.map(({ url }) => new URL(url).host);
  const fetch = new RegistryFetch({ own, wayOut: keys.wayOut, ca: options.ca, outside, limits });
  const registries = new RegistryProxy({ policy, fetch, blocked, meter, limits, log });
  const egress = new EgressProxy({ ...policy, outside, blocked, meter, limits, log });

  const underWay = new Set<Promise<void>>();
  const follow = (work: Promise<void>, stream: Duplex | ServerResponse) => {
    const settled = work
      .catch((error: unknown) => {
        log('error', 'a request failed', { error: error instanceof Error ? error.stack : String(error) });
        stream.destroy();
      })
      .finally(() => underWay.delete(settled));
    underWay.add(settled);
  };
  const server = createServer({
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: Math.min(limits.headersMs, 2_000),
    keepAliveTimeout: limits.modelIdleMs,
  });
  server.maxConnections = limits.connections;
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { url = '' } = request;
    const way = url.startsWith('/mcp/') ? mcp : url.startsWith('/registry/') ? registries : models;
    follow(url.startsWith('/') ? way.handle(request, response) : egress.refusePlain(request, response), response);
  });
  const tunnels = new Set<Duplex>();
  server.on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => {
    tunnels.add(client);
    client.once('close', () => tunnels.delete(client));
    follow(egress.connect(request, client, head), client);
  });
  server.on('clientError', (_error, client) => {
    const refusal = 'HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n';
    // Not left half open: whoever never closes its side would hold its place for ever.
    if (client.writable) client.end(refusal, () => client.destroy());
    else client.destroy();
  });

  // Usually it is there, and not this process's own.
  if ((await mkdir(files.socketDir, { recursive: true })) !== undefined) await chmod(files.socketDir, 0o755);
  await removeStale(files.socket);
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (cause) =>
    reject(noSocket(files.socket, cause.message, 'Look at the folder and its owner.', cause)),
  );
  // Whoever is let into the folder may connect, from the first moment on: a sandbox's user is nobody that this machine knows.
  const umask = process.umask(0o111);
  server.listen(files.socket, resolve);
  process.umask(umask);
  await listening;
  await meter.save();

  let closing: Promise<void> | undefined;
  const close = async () => {
    const closed = new Promise<void>((done) => server.close(() => done()));
    server.closeAllConnections();
    for (const tunnel of tunnels) tunnel.destroy();
    await Promise.all([closed, ...underWay]);
    upstream[Symbol.dispose]();
    fetch[Symbol.dispose]();
    await meter.save();
  };
  const closeOnce = () => (closing ??= close());
  return { socket: files.socket, close: closeOnce, [Symbol.asyncDispose]: closeOnce };
}

/** A socket that nobody answers on is left over from a gateway that was killed; one that answers is not ours to take. */
async function removeStale(path: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const probe = connect(path);
  probe.once('connect', () => resolve(true));
  probe.once('error', () => resolve(false));
  const answered = await promise;
  probe.destroy();
  if (answered) throw noSocket(path, 'another gateway serves it', 'Stop that one first, by the id in gateway.pid.');
  await rm(path, { force: true });
}

function noSocket(path: string, found: string, next: string, cause?: unknown): Problem {
  const sentence = `The gateway of this task did not start: it can't listen on ${path}, ${found}.`;
  return new Problem({ code: 'gateway_socket', sentence, next }, { cause });
}
