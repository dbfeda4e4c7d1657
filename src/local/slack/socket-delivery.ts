import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import type { Ack, Delivery } from './delivery.ts';
import { limits } from './limits.ts';
import type { LooseObject } from './workspace.ts';

const Answer = z.object({ envelope_id: z.string(), payload: z.record(z.string(), z.unknown()).optional() });
const pingMs = 10_000;
const closingMs = 250;

export interface SocketDelivery extends Delivery {
  /** A one-time address for `apps.connections.open`. */
  ticket(): string;
  readonly connections: number;
  /** Tells connections, all unless `count` says how many, to come again, as Slack's refresh does; `cut` closes without a word. */
  disconnect(how: 'refresh_requested' | 'warning' | 'cut', count?: number): void;
}

/** Socket Mode: up to ten connections, each payload to one of them in turn, acknowledged by envelope id. */
export function createSocketDelivery(options: {
  server: Server;
  appId: string;
  publicUrl: () => string;
  isAllowedHost: (host: string | undefined) => boolean;
  onConnections: (count: number) => void;
  signal: AbortSignal;
}): SocketDelivery {
  const { server, appId, publicUrl, isAllowedHost, onConnections, signal } = options;
  const tickets = new Set<string>();
  const sockets: WebSocket[] = [];
  const waiting = new Map<string, (body: LooseObject | null) => void>();
  const upgrades = new WebSocketServer({ noServer: true, maxPayload: 1024 * 1024 });

  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const known = tickets.delete(url.searchParams.get('ticket') ?? '');
    if (url.pathname !== '/link/' || !known || !isAllowedHost(request.headers.host)) {
      stream.end('HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n');
      return;
    }
    upgrades.handleUpgrade(request, stream, head, welcome);
  });

  function welcome(socket: WebSocket): void {
    if (sockets.length >= limits.socketConnections) {
      socket.send(JSON.stringify({ type: 'disconnect', reason: 'too_many_websockets' }));
      socket.close();
      return;
    }
    sockets.push(socket);
    onConnections(sockets.length);
    const pings = setInterval(() => socket.ping('Ping from local Slack'), pingMs);
    socket.on('message', (data) => acknowledge(String(data)));
    // `close` follows every error, and is where the connection is forgotten.
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      clearInterval(pings);
      const at = sockets.indexOf(socket);
      if (at >= 0) sockets.splice(at, 1);
      onConnections(sockets.length);
    });
    socket.send(
      JSON.stringify({
        type: 'hello',
        num_connections: sockets.length,
        debug_info: { host: 'local', build_number: 1, approximate_connection_time: 18_060 },
        connection_info: { app_id: appId },
      }),
    );
  }

  function acknowledge(text: string): void {
    let parsed: z.infer<typeof Answer>;
    try {
      parsed = Answer.parse(JSON.parse(text));
    } catch {
      // Slack ignores what isn't an acknowledgement; the sender sees a timeout.
      return;
    }
    const payload = parsed.payload ?? {};
    waiting.get(parsed.envelope_id)?.(Object.keys(payload).length > 0 ? payload : null);
  }

  signal.addEventListener('abort', () => {
    for (const socket of sockets) {
      socket.close(1001, 'The local workspace ends.');
      setTimeout(() => socket.terminate(), closingMs).unref();
    }
    upgrades.close();
  });

  return {
    get connections() {
      return sockets.length;
    },
    get ways() {
      return sockets.length;
    },
    ticket() {
      const ticket = randomUUID();
      tickets.add(ticket);
      return `${publicUrl().replace(/^http/, 'ws')}/link/?ticket=${ticket}&app_id=${appId}`;
    },
    async send(kind, payload, retry) {
      const socket = sockets.find((each) => each.readyState === WebSocket.OPEN);
      if (socket === undefined) return { ok: false, reason: 'connection_failed', noRetry: false };
      // The next payload goes to the next connection.
      sockets.push(...sockets.splice(sockets.indexOf(socket), 1));
      const envelopeId = randomUUID();
      const { promise, resolve } = Promise.withResolvers<Ack>();
      const timer = setTimeout(() => resolve({ ok: false, reason: 'timeout', noRetry: false }), limits.ackMs);
      const close = () => resolve({ ok: false, reason: 'connection_failed', noRetry: false });
      socket.once('close', close);
      waiting.set(envelopeId, (body) => resolve({ ok: true, body }));
      const envelope = {
        envelope_id: envelopeId,
        payload,
        type: kind,
        accepts_response_payload: kind !== 'events_api',
        ...(kind === 'events_api' && { retry_attempt: retry?.num ?? 0, retry_reason: retry?.reason ?? '' }),
      };
      socket.send(JSON.stringify(envelope));
      try {
        return await promise;
      } finally {
        clearTimeout(timer);
        waiting.delete(envelopeId);
        socket.off('close', close);
      }
    },
    disconnect(how, count = sockets.length) {
      for (const socket of sockets.slice(0, count)) {
        if (how === 'cut') socket.terminate();
        else socket.send(JSON.stringify({ type: 'disconnect', reason: how, debug_info: { host: 'local' } }));
      }
    },
  };
}
