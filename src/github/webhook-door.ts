import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Hint } from '../task/ports/forge.ts';
import { Problem } from '../task/problem.ts';
import { readWebhook } from './webhook.ts';

export const webhookPath = '/github/webhooks';

/** GitHub sends up to 25 MiB; one that is so large tells of many commits, and polling finds what it told. */
const maxBytes = 5 * 2 ** 20;

export type Door = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Answers GitHub's deliveries: 202 once `look` knows where to look, 401 to who doesn't know the secret, 503 where it could not be noted.
 * GitHub sends nothing again by itself. One that comes twice, late or not at all costs time alone, since it is never believed: it says
 * where to look.
 */
export function createWebhookDoor(options: {
  readonly secret: string;
  readonly look: (hint: Hint) => Promise<void>;
  readonly onError: (error: unknown) => void;
}): Door {
  const { secret, look, onError } = options;
  const answer = async (request: IncomingMessage): Promise<number> => {
    if (request.method !== 'POST') return 405;
    const body = await bodyOf(request);
    if (body === null) return 413;
    if (!isSigned(body, secret, request.headers['x-hub-signature-256'])) return 401;
    const payload = payloadOf(body, request.headers['content-type'] ?? '');
    if (payload === undefined) return 400;
    const hint = readWebhook(String(request.headers['x-github-event']), payload);
    if (hint !== null) await look(hint);
    return 202;
  };
  return (request, response) => {
    answer(request).then(
      (status) => response.writeHead(status, { connection: status === 202 ? 'keep-alive' : 'close' }).end(),
      (error: unknown) => {
        onError(error);
        response.writeHead(503).end();
      },
    );
  };
}

/** A server for a door alone. Throws `Problem` when the port is taken. */
export async function serveDoor(door: Door, port: number): Promise<{ readonly port: number } & AsyncDisposable> {
  const server = createServer({ requestTimeout: 30_000, maxHeaderSize: 16_384 }, (request, response) => {
    if (request.url?.split('?')[0] === webhookPath) door(request, response);
    else response.writeHead(404, { connection: 'close' }).end();
  });
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject).listen(port, () => listening.resolve());
  await listening.promise.catch((cause: unknown) => {
    throw new Problem(
      {
        code: 'port_taken',
        sentence: `Errand could not listen on port ${port} for GitHub's webhooks.`,
        next: 'Set GITHUB_WEBHOOK_PORT to a free one.',
      },
      { cause },
    );
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    async [Symbol.asyncDispose]() {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      await closed.promise;
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const piece = Buffer.from(chunk);
    bytes += piece.length;
    if (bytes > maxBytes) return null;
    chunks.push(piece);
  }
  return Buffer.concat(chunks);
}

/** By GitHub's own rule: HMAC SHA-256 of the body's bytes, `sha256=` and hexadecimal, compared in constant time. */
function isSigned(body: Buffer, secret: string, signature: string | string[] | undefined): boolean {
  const wanted = Buffer.from(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
  const given = Buffer.from(typeof signature === 'string' ? signature : '');
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** As the webhook's settings say: JSON, or a form with JSON in it, which is what GitHub's page proposes. */
function payloadOf(body: Buffer, type: string): unknown {
  const text = body.toString('utf8');
  const isForm = type.startsWith('application/x-www-form-urlencoded');
  try {
    return JSON.parse(isForm ? (new URLSearchParams(text).get('payload') ?? '') : text);
  } catch {
    return undefined;
  }
}
