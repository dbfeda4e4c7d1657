import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { z } from 'zod';
import { agents } from './api/agents.ts';
import { chat } from './api/chat.ts';
import { conversations } from './api/conversations.ts';
import { files } from './api/files.ts';
import type { Api, Method } from './api/method.ts';
import { people } from './api/people.ts';
import { reactions } from './api/reactions.ts';
import { views } from './api/views.ts';
import type { Faults } from './faults.ts';
import type { RateLimiter } from './rate.ts';
import { Refused } from './refused.ts';
import { missingScope } from './scopes.ts';
import type { LooseObject } from './workspace.ts';

const methods: ReadonlyMap<string, Method> = new Map(
  [agents, chat, conversations, files, people, reactions, views].flatMap((group) => Object.entries(group)),
);
/** What this workspace serves; what isn't here answers `unknown_method`. */
export const servedMethods: readonly string[] = [...methods.keys()];
/** Arguments that forms carry as JSON. */
const structured = ['blocks', 'attachments', 'view', 'metadata', 'loading_messages', 'unfurls'];
const Body = z.record(z.string(), z.unknown());

export type Bindings = { Bindings: HttpBindings };

/** `POST /api/<method>`: tokens, rate limits, faults, the method itself, and the ledger of what it accepted. */
export function webApi(options: {
  api: Api;
  botToken: string;
  appToken: string;
  scopes: readonly string[];
  faults: Faults;
  rate: RateLimiter;
  signal: AbortSignal;
}): Hono<Bindings> {
  const { api, botToken, appToken, faults, rate, signal } = options;
  const app = new Hono<Bindings>();

  app.on(['GET', 'POST'], '/:method', async (c) => {
    const name = c.req.param('method');
    c.header('x-oauth-scopes', options.scopes.join(','));
    const args =
      c.req.method === 'GET' ? c.req.query() : toArguments(c.req.header('content-type') ?? '', await c.req.text());
    const token = /^Bearer (.+)$/.exec(c.req.header('authorization') ?? '')?.[1] ?? args.token;
    const fault = faults.forCall(name);
    if (fault?.type === 'hang') return untilAborted(signal, () => c.env.outgoing.destroy());
    if (fault?.type === 'status') return new Response('', { status: fault.status });
    if (fault?.type === 'error') return c.json({ ok: false, error: fault.error });
    const retryAfterS = fault?.type === 'rate_limited' ? fault.retryAfterS : null;
    if (retryAfterS !== null) return limited(retryAfterS);
    if (token === undefined || token === '') return c.json({ ok: false, error: 'not_authed' });
    if (token !== botToken && token !== appToken) return c.json({ ok: false, error: 'invalid_auth' });
    const found = methods.get(name);
    if (found === undefined) return c.json({ ok: false, error: 'unknown_method', req_method: name });
    if (token !== (found.token === 'bot' ? botToken : appToken)) {
      return c.json({ ok: false, error: 'not_allowed_token_type' });
    }
    const needed = missingScope(options.scopes, name, args, api.store);
    if (needed !== null) {
      return c.json({ ok: false, error: 'missing_scope', needed, provided: options.scopes.join(',') });
    }
    const waitS = rate.take(name, args);
    if (waitS !== null) return limited(waitS);
    const answer = call(found, name, args);
    await api.store.flush();
    if (fault?.type === 'lost_answer') c.env.outgoing.destroy();
    return c.json(answer);
  });

  function limited(retryAfterS: number): Response {
    return Response.json(
      { ok: false, error: 'ratelimited' },
      { status: 429, headers: { 'retry-after': String(retryAfterS) } },
    );
  }

  function call(found: Method, name: string, args: LooseObject): LooseObject {
    try {
      const answer = found.run(api, args);
      if (found.writes) {
        const { token: _token, ...told } = args;
        const text = (value: unknown) => (typeof value === 'string' ? value : null);
        api.store.record({
          method: name,
          args: told,
          channel: text(answer.channel) ?? text(args.channel ?? args.channel_id),
          ts: text(answer.ts ?? answer.message_ts ?? args.timestamp),
        });
      }
      return { ok: true, ...answer };
    } catch (error) {
      if (error instanceof Refused) return { ok: false, error: error.code, ...error.extra };
      throw error;
    }
  }

  return app;
}

function toArguments(type: string, body: string): LooseObject {
  if (type.startsWith('application/json')) {
    const parsed = Body.safeParse(parseJson(body));
    return parsed.success ? parsed.data : {};
  }
  const entries = [...new URLSearchParams(body)].map(([key, value]): [string, unknown] => [
    key,
    structured.includes(key) ? (parseJson(value) ?? value) : value,
  ]);
  return Object.fromEntries(entries);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function untilAborted(signal: AbortSignal, cut: () => void): Promise<Response> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  cut();
  return new Response(null, { status: 503 });
}
