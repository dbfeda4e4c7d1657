import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { listen } from './listen.ts';
import { page } from './page-files.ts';
import type { Sides } from './sides.ts';

export interface ForgePage extends AsyncDisposable {
  readonly url: string;
}

/** The page of a local forge without a local Slack: its pull requests, and where the conversation is. Throws `Problem` when the port is taken. */
export async function startForgePage(options: { port: number; forgeUrl: string; sides: Sides }): Promise<ForgePage> {
  const host = '127.0.0.1';
  const app = new Hono();
  const allowed = ['localhost', host];
  app.use(async (c, next) => {
    // A page of another name that resolves to this machine must not get in.
    if (!allowed.includes((c.req.header('host') ?? '').replace(/:\d+$/, '')))
      return c.text('Not a name of this machine.', 421);
    return next();
  });
  app.route('/', page({ forgeUrl: () => options.forgeUrl, sides: options.sides, home: 'forge.html' }));
  const server = createServer(getRequestListener(app.fetch));
  const port = await listen(server, host, options.port);
  return {
    url: `http://${host}:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((closed) => server.close(() => closed()));
    },
  };
}
