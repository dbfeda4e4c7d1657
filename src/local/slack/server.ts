import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import type { Clock } from '../../task/ports/clock.ts';
import { listen } from '../listen.ts';
import { page } from '../page-files.ts';
import { bothLocal, type Sides } from '../sides.ts';
import type { Api } from './api/method.ts';
import { createEvents } from './events.ts';
import { createExchange } from './exchange.ts';
import { createFaults, type Fault, type Faults } from './faults.ts';
import { createPageSession, fileRoutes } from './file-routes.ts';
import { createFileShelf } from './file-shelf.ts';
import { createFiles } from './files.ts';
import { createHttpDelivery } from './http-delivery.ts';
import { humanSide } from './human.ts';
import { createInteractions, type Interactions, type Shortcut } from './interactions.ts';
import { eventRetryDelaysMs } from './limits.ts';
import { createOutbound, type Outbound } from './outbound.ts';
import { createPeople, type People } from './people.ts';
import { createRateLimiter } from './rate.ts';
import { Refused } from './refused.ts';
import { renderThread } from './render-thread.ts';
import { applyResponse } from './responses.ts';
import { createSocketDelivery, type SocketDelivery } from './socket-delivery.ts';
import { openWorkspace, type WorkspaceStore } from './store.ts';
import { type Bindings, webApi } from './web-api.ts';
import type { LooseObject } from './workspace.ts';

export interface LocalSlackOptions {
  /** 0 takes any free port. */
  readonly port: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Where the workspace is kept; none keeps it in memory. */
  readonly dataFile?: string;
  readonly botToken: string;
  readonly appToken: string;
  readonly signingSecret: string;
  readonly command: string;
  readonly usageHint?: string;
  /** What the command does, beside it in the page's completion. */
  readonly commandDescription?: string;
  /** What the page's composer begins with. */
  readonly prefill?: string;
  readonly shortcuts?: readonly Shortcut[];
  readonly deliver: { readonly type: 'socket' } | { readonly type: 'http'; readonly url: string };
  readonly clock?: Clock;
  readonly faults?: readonly Fault[];
  /** Multiplies Slack's rate limits, which answer 429; default 20, for a page that one person tries things on. */
  readonly rateScale?: number | 'off';
  /** When an unacknowledged event comes again; default Slack's at once, 1 and 5 minutes. */
  readonly retryDelaysMs?: readonly number[];
  /** Whether `agents.sessions.*` works; default no, as in most workspaces. */
  readonly agentSessions?: boolean;
  /** Whose each side is; default both local. */
  readonly sides?: Sides;
  /** The local forge whose pull requests the page shows. */
  readonly forgeUrl?: string;
  /** What auth.test says the token may, in `x-oauth-scopes`. */
  readonly scopes?: readonly string[];
  /** The event types that the app has subscribed to, as in its manifest; default all. */
  readonly events?: readonly string[];
}

export interface LocalSlack extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`: the page. */
  readonly url: string;
  /** For `SLACK_API_URL`, ending in `/api/`. */
  readonly apiUrl: string;
  readonly store: WorkspaceStore;
  readonly people: People;
  readonly interactions: Interactions;
  readonly outbound: Outbound;
  readonly faults: Faults;
  readonly socket: SocketDelivery | null;
  setForgeUrl(url: string): void;
  thread(channel: string, ts: string, as?: string): string;
  close(): Promise<void>;
}

/** Starts a workspace that speaks Slack's Web API, Socket Mode and signed HTTP events, and serves the page. Throws `Problem` when the port is taken. */
export async function startLocalSlack(options: LocalSlackOptions): Promise<LocalSlack> {
  const clock = options.clock ?? { now: () => Date.now() };
  const host = options.host ?? '127.0.0.1';
  const ending = new AbortController();
  const { signal } = ending;
  const store = await openWorkspace(options.dataFile ?? null, clock);
  const faults = createFaults(options.faults ?? []);
  const app = new Hono<Bindings>();
  const server = createServer(getRequestListener(app.fetch));
  let port = options.port;
  let forgeUrl = options.forgeUrl ?? null;
  const publicUrl = () => `http://127.0.0.1:${port}`;
  const allowed = new Set(['localhost', '127.0.0.1', '[::1]', host]);
  /** A page of another name that resolves to this machine must not get in. */
  const isAllowedHost = (header: string | undefined) => allowed.has((header ?? '').replace(/:\d+$/, ''));

  const socket =
    options.deliver.type === 'socket'
      ? createSocketDelivery({
          server,
          appId: store.workspace.appId,
          publicUrl,
          isAllowedHost,
          onConnections: (count) => store.tell({ type: 'connections', count }),
          signal,
        })
      : null;
  const delivery =
    options.deliver.type === 'http'
      ? createHttpDelivery({ url: options.deliver.url, signingSecret: options.signingSecret, clock, signal })
      : socket;
  if (delivery === null) throw new Error('no way to deliver');
  const outbound = createOutbound({
    delivery,
    faults,
    retryDelaysMs: options.retryDelaysMs ?? eventRetryDelaysMs,
    signal,
  });
  const exchange = createExchange({ clock, publicUrl, teamId: store.workspace.team.id });
  const events = createEvents(store, outbound, options.events ?? null);
  const api: Api = {
    store,
    events,
    exchange,
    publicUrl,
    openSocket: () => socket?.ticket() ?? null,
    agentSessions: options.agentSessions ?? false,
    hears: (event) => options.events?.includes(event) ?? true,
    files: createFiles(store, createFileShelf(options.dataFile === undefined ? null : filesBeside(options.dataFile))),
  };
  const people = createPeople(api, outbound, options.command);
  const shortcuts = options.shortcuts ?? [];
  const interactions = createInteractions(api, outbound, shortcuts);

  app.use(async (c, next) => {
    if (!isAllowedHost(c.req.header('host'))) return c.text('Not a name of this machine.', 421);
    const origin = c.req.header('origin');
    const upload = c.req.path === '/local/upload' && c.req.header('content-type') === 'application/octet-stream';
    const foreign = origin !== undefined && origin !== `http://${c.req.header('host')}`;
    if (c.req.method !== 'GET' && foreign) return c.text('Only the page itself may write.', 403);
    if (
      c.req.method !== 'GET' &&
      c.req.path.startsWith('/local/') &&
      !upload &&
      !c.req.header('content-type')?.startsWith('application/json')
    ) {
      return c.text('Write JSON, or a file as it is.', 415);
    }
    return next();
  });
  app.route(
    '/api',
    webApi({
      api,
      botToken: options.botToken,
      appToken: options.appToken,
      scopes: options.scopes ?? [],
      faults,
      rate: createRateLimiter({ clock, scale: options.rateScale ?? generousScale }),
      signal,
    }),
  );
  app.post('/commands/:team/:n/:token', async (c) => {
    const fault = faults.forCall('response_url');
    if (fault?.type === 'status') return new Response('', { status: fault.status });
    const target = exchange.useResponseUrl(c.req.param('token'));
    if (typeof target === 'string') return c.json({ ok: false, error: target }, 404);
    const body: LooseObject = await c.req.json().catch(() => ({}));
    try {
      applyResponse(api, target, body, 'response_url');
    } catch (error) {
      if (error instanceof Refused) return c.json({ ok: false, error: error.code, ...error.extra }, 400);
      throw error;
    }
    await store.flush();
    return c.text('ok');
  });
  const session = createPageSession(options.signingSecret, () => port);
  const sides = options.sides ?? bothLocal;
  app.route('/', page({ forgeUrl: () => forgeUrl, sides, home: 'index.html', onEntrance: session.start }));
  app.route('/', fileRoutes({ api, botToken: options.botToken, scopes: options.scopes ?? [], session }));
  app.route(
    '/local',
    humanSide({
      api,
      people,
      interactions,
      outbound,
      faults,
      socket,
      command: options.command,
      commandDescription: options.commandDescription ?? '',
      usageHint: options.usageHint ?? '[repo:owner/name] what to do',
      prefill: options.prefill ?? defaultPrefill(options.command),
      shortcuts,
      sides,
      signal,
    }),
  );

  port = await listen(server, host, options.port);
  store.origin = publicUrl();

  async function close(): Promise<void> {
    ending.abort();
    await store.flush();
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  return {
    url: publicUrl(),
    apiUrl: `${publicUrl()}/api/`,
    store,
    people,
    interactions,
    outbound,
    faults,
    socket,
    setForgeUrl: (url) => {
      forgeUrl = url;
    },
    thread: (channel, ts, as) => renderThread(store, { channel, ts, ...(as !== undefined && { as }) }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Uploaded files lie beside the workspace's own file. */
const filesBeside = (dataFile: string) => `${dataFile.replace(/\.json$/, '')}-files`;

const generousScale = 20;

/** An errand that needs no model: it runs as soon as Errand does. */
function defaultPrefill(command: string): string {
  return [
    `${command} agent:shell Spell "receive" right`,
    '```sh',
    "grep -rl recieve --include='*.md' --include='*.js' . | xargs sed -i 's/recieve/receive/g'",
    '```',
  ].join('\n');
}
