import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { BlockedHosts } from './blocked.ts';
import { toCause } from './cause.ts';
import { readClientHello } from './client-hello.ts';
import { checkConnect, normaliseHost } from './hosts.ts';
import type { Limits } from './limits.ts';
import type { Log } from './log.ts';
import type { Meter } from './meter.ts';
import type { Outside } from './way-out.ts';

export interface EgressProxyOptions {
  readonly allow: readonly string[];
  /** Every public host, instead of those. */
  readonly open: boolean;
  readonly outside: Outside;
  readonly blocked: BlockedHosts;
  readonly meter: Meter;
  readonly limits: Limits;
  readonly log: Log;
}

/** Lets a task reach the listed hosts over TLS, port 443, and nothing else; says and records what it refuses. */
export class EgressProxy {
  readonly #options: EgressProxyOptions;
  readonly #mayReach: (host: string) => boolean;
  #tunnels = 0;

  constructor(options: EgressProxyOptions) {
    this.#options = options;
    const allow = new Set(options.allow.flatMap((host) => normaliseHost(host) ?? []));
    this.#mayReach = (host) => options.open || allow.has(host);
  }

  /** Answers a CONNECT request. Resolves when the tunnel has ended; never throws what the outside did. */
  async connect(request: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    const { limits, log } = this.#options;
    client.on('error', () => client.destroy());
    if (this.#tunnels >= limits.tunnels) {
      answer(client, 429, `errand_busy: a task may have ${limits.tunnels} connections open.`);
      return;
    }
    this.#tunnels += 1;
    try {
      await this.#open(request.url ?? '', client, head);
    } catch (error) {
      log('warn', 'a tunnel failed', { cause: toCause(error) });
      client.destroy();
    } finally {
      this.#tunnels -= 1;
      await this.#options.meter.save();
    }
  }

  /** Refuses a plain HTTP request that was sent here as to a proxy. */
  async refusePlain(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const host = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(request.url ?? '')?.[1] ?? 'an unknown host';
    const shown =
      normaliseHost(host.replace(/^.*@/, '').replace(/:\d+$/, '')) ?? host.replace(/[^\x21-\x7e]/g, '?').slice(0, 253);
    this.#options.log('warn', 'refused plain HTTP', { host: shown });
    await this.#options.blocked.add(shown);
    response.writeHead(403, { 'content-type': 'text/plain', connection: 'close' });
    response.end(`errand_blocked: plain HTTP to ${shown} is not open to a task: only HTTPS to the allowed hosts is.\n`);
  }

  async #open(authority: string, client: Duplex, head: Buffer): Promise<void> {
    const { outside, limits, meter } = this.#options;
    const target = checkConnect(authority, this.#mayReach);
    if (target.type === 'refused') {
      await this.#refuse(client, target.host, target.sentence, target.allowable);
      return;
    }
    const { host } = target;
    if (meter.state.uploadedBytes >= limits.uploadBytes || meter.state.downloadedBytes >= limits.downloadBytes) {
      await this.#refuse(client, host, `${host} is out of reach: this task has used up the bytes it may exchange.`);
      return;
    }
    const addresses = await outside.resolve(host).catch((): readonly string[] => []);
    const open = addresses.filter((address) => outside.mayConnect(address));
    if (addresses.length > 0 && open.length === 0) {
      await this.#refuse(
        client,
        host,
        `${host} resolves to an address inside a private network, which is not open to a task.`,
      );
      return;
    }
    if (open.length === 0 && !outside.behindProxy(host)) {
      answer(client, 502, `errand_egress: ${host} has no address.`);
      return;
    }
    const server = await outside.dial(host, open, AbortSignal.timeout(limits.connectMs)).catch((error: unknown) => {
      answer(client, 502, `errand_egress: ${host} could not be reached (${toCause(error)}).`);
      return undefined;
    });
    if (server === undefined) return;
    server.on('error', () => server.destroy());
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    const hello = await this.#readHello(client, head, host);
    if (hello === undefined || client.destroyed || server.destroyed) {
      client.destroy();
      server.destroy();
      return;
    }
    await this.#join(client, server, hello, host);
  }

  /** Waits for a ClientHello that names the host; undefined, with the reason recorded, when anything else comes. */
  async #readHello(client: Duplex, head: Buffer, host: string): Promise<Buffer | undefined> {
    const { limits, log, blocked } = this.#options;
    const timer = setTimeout(() => client.destroy(), limits.helloMs);
    const chunks: Buffer[] = [head];
    try {
      for (;;) {
        const bytes = Buffer.concat(chunks);
        const hello = readClientHello(bytes);
        if (hello.type === 'hello' && normaliseHost(hello.serverName) === host) return bytes;
        if (hello.type !== 'incomplete') {
          const found = hello.type === 'hello' ? 'the name of another server' : hello.found;
          const other = hello.type === 'hello' ? normaliseHost(hello.serverName) : undefined;
          log('warn', 'closed a tunnel before its first byte', { host, found, ...(other && { other }) });
          await blocked.add(other ?? host);
          return undefined;
        }
        const chunk = await nextChunk(client);
        if (chunk === undefined) return undefined;
        chunks.push(chunk);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async #join(client: Duplex, server: Duplex & { setTimeout(ms: number): unknown }, hello: Buffer, host: string) {
    const { limits, meter, log } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cut = (reason: string) => {
      log('warn', 'cut a tunnel', { host, reason });
      client.destroy();
      server.destroy();
    };
    const count = (direction: 'uploadedBytes' | 'downloadedBytes', limit: number) => (chunk: Buffer) => {
      meter.addBytes(direction, chunk.length);
      if (meter.state[direction] > limit) cut(direction);
    };
    server.setTimeout(limits.tunnelIdleMs);
    server.on('timeout', () => cut('idle'));
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.once('close', () => {
        other.destroy();
        resolve();
      });
    }
    meter.addBytes('uploadedBytes', hello.length);
    server.write(hello);
    client.on('data', count('uploadedBytes', limits.uploadBytes));
    server.on('data', count('downloadedBytes', limits.downloadBytes));
    client.pipe(server);
    server.pipe(client);
    await promise;
  }

  async #refuse(client: Duplex, host: string, sentence: string, allowable = false): Promise<void> {
    this.#options.log('warn', 'refused a connection', { host, reason: sentence });
    await this.#options.blocked.add(host, allowable);
    answer(client, 403, `errand_blocked: ${sentence}`);
  }
}

const reasons: Readonly<Record<number, string>> = { 403: 'Forbidden', 429: 'Too Many Requests', 502: 'Bad Gateway' };

function answer(client: Duplex, status: number, sentence: string): void {
  const body = `${sentence}\n`;
  const head = `HTTP/1.1 ${status} ${reasons[status]}\r\ncontent-type: text/plain\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n`;
  // Not left half open: whoever never closes its side would hold its place for ever.
  client.end(head + body, () => client.destroy());
  client.resume();
}

/** The next bytes, with the stream at rest again after them; undefined at its end. */
async function nextChunk(stream: Duplex): Promise<Buffer | undefined> {
  for (;;) {
    const chunk: unknown = stream.read();
    if (Buffer.isBuffer(chunk)) return chunk;
    if (stream.readableEnded || stream.destroyed) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    const events = ['readable', 'end', 'close'] as const;
    for (const event of events) stream.once(event, resolve);
    await promise;
    for (const event of events) stream.off(event, resolve);
  }
}
