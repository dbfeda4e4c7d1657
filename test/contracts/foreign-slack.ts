import { createServer } from 'node:http';
import { z } from 'zod';
import { listen } from '../../src/local/listen.ts';

const info = z.looseObject({ user: z.looseObject({}) });

/**
 * emulate's Slack, which says of nobody whether they are a guest; Slack itself says it of every account in use, and Errand takes
 * nobody for a member of whom it isn't told. `users.info` is completed, all else goes through as it is.
 */
export async function withGuestFlags(url: string): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = createServer((request, response) => {
    const answer = async () => {
      const body = Buffer.concat(await Array.fromAsync(request));
      const headers = new Headers();
      for (const name of ['authorization', 'content-type']) {
        const value = request.headers[name];
        if (typeof value === 'string') headers.set(name, value);
      }
      const method = request.method ?? 'GET';
      const given = await fetch(`${url}${request.url}`, { method, headers, ...(body.length > 0 && { body }) });
      const text = await given.text();
      response.writeHead(given.status, { 'content-type': given.headers.get('content-type') ?? 'application/json' });
      response.end(request.url?.includes('users.info') ? completed(text) : text);
    };
    answer().catch(() => response.destroy());
  });
  const port = await listen(server, '127.0.0.1', 0);
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((closed) => server.close(() => closed()));
    },
  };
}

function completed(text: string): string {
  const found = info.safeParse(JSON.parse(text));
  if (!found.success) return text;
  const user = { is_restricted: false, is_ultra_restricted: false, ...found.data.user };
  return JSON.stringify({ ...found.data, user });
}
