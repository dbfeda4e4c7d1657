import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Control } from './control.ts';
import { createControlRoutes } from './control-routes.ts';
import { HttpError } from './errors.ts';
import type { Fault, FaultInput } from './faults.ts';
import { Forge } from './forge.ts';
import { isGitPath, serveGit } from './git-http.ts';
import { byName, movedTo } from './moved.ts';
import { createRest } from './rest.ts';
import { demoFiles, demoRepository } from './seed.ts';
import { Store } from './state.ts';

export interface LocalForgeOptions {
  /** 0 takes a free port. Listens on loopback only. */
  readonly port: number;
  /** Everything the forge knows; a later start goes on from it. */
  readonly dataDir: string;
  /** The one token that REST and git take; it belongs to `errand-bot`. */
  readonly token: string;
  /** Where people see pull requests; the forge's own address when absent. */
  readonly pageUrl?: string;
  /** As an Enterprise Server has it: REST answers under `/api/v3` alone. */
  readonly enterprise?: boolean;
  readonly faults?: readonly FaultInput[];
  readonly log?: (error: unknown) => void;
}

export interface LocalForge extends AsyncDisposable {
  /** What `GITHUB_URL` is set to. */
  readonly url: string;
  /** What `GITHUB_API_URL` is set to. */
  readonly apiUrl: string;
  readonly port: number;
  readonly control: Control;
  close(): Promise<void>;
}

/**
 * Starts a small GitHub on loopback: git over HTTP and the REST calls that Errand makes, over real repositories, with `acme/web` in it
 * at first. REST answers under `/api/v3` and under `/`; people's actions are under `/local`. Rejects when the port is taken.
 */
export async function startLocalForge(options: LocalForgeOptions): Promise<LocalForge> {
  const store = await Store.open(options.dataDir);
  const log = options.log ?? (() => undefined);
  const server = createServer();
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject).listen(options.port, '127.0.0.1', () => listening.resolve());
  await listening.promise;
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  const url = `http://127.0.0.1:${port}`;
  const pageUrl = (options.pageUrl ?? url).replace(/\/$/, '');
  const forge = new Forge({ store, at: { api: `${url}/api/v3`, git: url, page: pageUrl }, token: options.token, log });
  const control = new Control(forge);
  for (const fault of options.faults ?? []) control.fault(fault);
  if (store.state.repositories.length === 0) {
    await control.createRepository({ repository: demoRepository, files: demoFiles });
  }

  const rest = createRest(forge);
  const people = createControlRoutes(control, pageUrl);
  const answer = getRequestListener((request, bindings) => {
    const { pathname } = new URL(request.url);
    return pathname.startsWith('/local/') ? people.fetch(request, bindings) : rest.fetch(request, bindings);
  });

  server.on('request', (incoming, outgoing) => {
    if (options.enterprise === true && !isOfEnterprise(incoming.url ?? '/')) {
      incoming.resume();
      outgoing.writeHead(404, { 'content-type': 'text/html' }).end('<title>Page not found</title>');
      return;
    }
    // GitHub Enterprise Server's prefix and github.com's bare paths are the same routes.
    incoming.url = (incoming.url ?? '/').replace(/^\/api(?:\/v3(?=\/|$)|(?=\/graphql$))/, '') || '/';
    incoming.url = byName(store, incoming.url);
    const path = incoming.url.split('?')[0] ?? '/';
    if (!path.startsWith('/local/')) forge.note(`${incoming.method} ${path}`);
    const fault = path.startsWith('/local/') ? undefined : forge.faults.take(incoming.method ?? 'GET', path);
    if (fault !== undefined && fault.kind !== 'lost_answer' && fault.kind !== 'cut_answer') {
      strike(fault, incoming, outgoing);
      return;
    }
    const moved = path.startsWith('/local/')
      ? undefined
      : movedTo(store, incoming.method ?? 'GET', incoming.url, forge.at);
    if (moved !== undefined) {
      incoming.resume();
      const body = JSON.stringify({ message: 'Moved Permanently', url: moved.location });
      outgoing.writeHead(moved.status, { location: moved.location, 'content-type': 'application/json' }).end(body);
      return;
    }
    const handled = isGitPath(path)
      ? serveGit(forge, incoming, outgoing, fault !== undefined)
      : answer(incoming, fault === undefined ? outgoing : cut(fault, outgoing));
    Promise.resolve(handled).catch((error: unknown) => {
      if (!(error instanceof HttpError)) log(error);
      outgoing.destroy();
    });
  });

  const close = async () => {
    const closed = Promise.withResolvers<void>();
    server.close(() => closed.resolve());
    server.closeAllConnections();
    await closed.promise;
    await store.save();
  };
  return { url, apiUrl: `${url}/api/v3`, port, control, close, [Symbol.asyncDispose]: close };
}

/** What such a server has for programs; the rest of its addresses are pages. */
function isOfEnterprise(url: string): boolean {
  const [path = '/'] = url.split('?');
  return /^\/(?:api\/v3|api\/graphql|local)(?:\/|$)/.test(path) || isGitPath(path);
}

/** The request is carried out, and the connection breaks where its answer would begin, or in the middle of it. */
function cut(fault: Fault, outgoing: ServerResponse): ServerResponse {
  if (fault.kind === 'cut_answer') {
    const half = () => {
      outgoing.flushHeaders();
      outgoing.socket?.end();
    };
    outgoing.write = () => {
      half();
      return true;
    };
    outgoing.end = () => {
      half();
      return outgoing;
    };
    return outgoing;
  }
  outgoing.writeHead = () => {
    outgoing.destroy();
    return outgoing;
  };
  return outgoing;
}

function strike(fault: Fault, incoming: IncomingMessage, outgoing: ServerResponse): void {
  incoming.resume();
  if (fault.kind === 'hang') return;
  if (fault.kind === 'disconnect') {
    outgoing.destroy();
    return;
  }
  if (fault.kind === 'page') {
    outgoing.writeHead(200, { 'content-type': 'text/html' }).end('<title>Sign in to the network</title>');
    return;
  }
  const error = struckWith(fault);
  outgoing.writeHead(error.status, { 'content-type': 'application/json; charset=utf-8', ...error.headers });
  outgoing.end(JSON.stringify(error.body));
}

function struckWith(fault: Fault): HttpError {
  const reset = Math.ceil(Date.now() / 1000) + fault.retryAfterSeconds;
  if (fault.kind === 'rate_limit') {
    return new HttpError(403, fault.message ?? 'API rate limit exceeded for user ID 7.', {
      headers: { 'x-ratelimit-limit': '5000', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(reset) },
      docs: 'https://docs.github.com/rest/overview/rate-limits-for-the-rest-api',
    });
  }
  if (fault.kind === 'secondary_rate_limit') {
    const words = 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.';
    return new HttpError(403, fault.message ?? words, { headers: { 'retry-after': String(fault.retryAfterSeconds) } });
  }
  return new HttpError(fault.status, fault.message ?? defaultWords(fault.status));
}

function defaultWords(status: number): string {
  const words: Record<number, string> = {
    401: 'Bad credentials',
    403: 'Resource not accessible by personal access token',
    404: 'Not Found',
  };
  return words[status] ?? 'Server Error';
}
