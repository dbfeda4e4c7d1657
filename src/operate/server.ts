import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import { collectDefaultMetrics } from 'prom-client';
import { Problem } from '../task/problem.ts';
import type { Checkup } from './checkup.ts';
import type { Metrics } from './metrics.ts';

export interface OperateAppOptions {
  readonly metrics: Metrics;
  readonly checkup: Checkup;
  /** Looks up what is not counted as it happens, before it is shown; never rejects. */
  readonly refresh: () => Promise<void>;
  /** What the board is, below `/board`; null serves none. */
  readonly board: Hono | null;
}

export interface OperateServerOptions extends OperateAppOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
}

export interface OperateServer extends AsyncDisposable {
  readonly port: number;
}

/**
 * What whoever runs Errand looks at: `/livez` (this process answers), `/readyz` (it can do its work; 503 and why, where it can't),
 * `/metrics` for Prometheus, and the board. Only the board asks who one is: the others name nobody and no task.
 */
export function createOperateApp({ metrics, checkup, refresh, board }: OperateAppOptions): Hono {
  const app = new Hono({ strict: false });
  // The board has headers of its own.
  const plain = secureHeaders({ contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } });
  app.get('/livez', plain, (c) => c.text('alive\n'));
  app.get('/readyz', plain, (c) => c.json({ ready: checkup.ready, checks: checkup.states }, checkup.ready ? 200 : 503));
  app.get('/metrics', plain, async (c) => {
    await refresh();
    const text = await metrics.registry.metrics();
    return c.body(text, 200, { 'content-type': metrics.registry.contentType });
  });
  if (board !== null) app.route('/board', board);
  return app;
}

/** Serves it, with what Node says of this process among the metrics. Throws `Problem` when the port is taken. */
export async function serveOperate(options: OperateServerOptions): Promise<OperateServer> {
  collectDefaultMetrics({ register: options.metrics.registry });
  const app = createOperateApp(options);
  const server = createServer(getRequestListener(app.fetch));
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once('error', (cause: NodeJS.ErrnoException) => reject(taken(options, cause)));
  server.listen(options.port, options.host, () => {
    const address = server.address();
    resolve(typeof address === 'object' && address !== null ? address.port : options.port);
  });
  return {
    port: await promise,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((done) => server.close(() => done()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function taken({ host, port }: OperateServerOptions, cause: NodeJS.ErrnoException): Problem {
  return new Problem(
    {
      code: 'port_taken',
      sentence: `Errand could not serve its metrics on ${host}:${port}: the system said ${cause.code ?? cause.message}.`,
      next: 'Free that port, or set ERRAND_OPERATE_PORT to another; where bot and worker share a machine the worker takes the next.',
    },
    { cause },
  );
}
