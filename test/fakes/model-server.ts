import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { demo } from './model-demo.ts';
import { type Api, decodeRequest, type ModelRequest } from './model-request.ts';
import { defaultUsage, type Fault, isFault, type Reply, say, type Turn, toWire } from './model-turns.ts';
import { formatEvent, toErrorBody, toJson, toStream } from './model-wire.ts';

export type { ModelRequest } from './model-request.ts';
export * from './model-turns.ts';

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The body as it came; '' for none. */
  readonly text: string;
  /** Null for what is no model call, `GET /v1/models` for one. */
  readonly call: ModelRequest | null;
}

export type Handler = (request: ModelRequest) => Turn | Promise<Turn>;

export interface ModelServer extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`, without `/v1`; '' on a unix socket. */
  readonly url: string;
  /** Every request, in the order they came. */
  readonly requests: readonly RecordedRequest[];
  /** Answers each agent call by this function, from now on. */
  on(handler: Handler): void;
  /** Answers the next agent calls by these turns, one each, and with `done` after the last. */
  script(turns: readonly (Turn | Handler)[], done?: Turn): void;
  /** How many scripted turns nobody has asked for yet. */
  readonly left: number;
  /** Resolves once `count` agent calls have come. */
  called(count: number): Promise<void>;
  close(): Promise<void>;
}

const routes: Readonly<Record<string, Api>> = {
  '/v1/messages': 'anthropic',
  '/v1/responses': 'responses',
  '/v1/chat/completions': 'chat',
};

/**
 * A model endpoint that answers by script: Anthropic Messages, OpenAI Responses and Chat Completions, streamed or not. An agent's
 * side requests (no tools: titles, quota checks) get a plain answer and use up no turn. Listens on loopback or on a unix socket. Calls are
 * served below `prefixes` too, as `/v1` there.
 */
export async function startModelServer(
  options: { port?: number; unixSocket?: string; handler?: Handler; prefixes?: readonly string[] } = {},
): Promise<ModelServer> {
  const requests: RecordedRequest[] = [];
  const turns: (Turn | Handler)[] = [];
  const waiting = new Set<() => void>();
  let handler: Handler = options.handler ?? (() => say('Done.'));
  let calls = 0;
  let count = 0;

  async function nextTurn(request: ModelRequest): Promise<Turn> {
    if (request.tools.length === 0) return sideAnswer(request);
    calls += 1;
    for (const check of waiting) check();
    const turn = turns.shift() ?? handler;
    return typeof turn === 'function' ? turn(request) : turn;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await readText(request);
    const path = request.url ?? '';
    const pathname = withoutPrefix(new URL(path, 'http://model').pathname, options.prefixes ?? []);
    const headers = flatten(request);
    const api = request.method === 'POST' ? routes[pathname] : undefined;
    const call = api === undefined ? null : decodeRequest(api, JSON.parse(text), headers);
    requests.push({ method: request.method ?? '', path, headers, text, call });
    if (api === undefined || call === null) {
      const plain = plainAnswer(request.method ?? '', pathname);
      sendJson(response, plain === undefined ? 404 : 200, plain ?? toErrorBody('anthropic', 404));
      return;
    }
    const turn = await nextTurn(call);
    count += 1;
    if (isFault(turn)) await sendFault(response, call, turn, `${count}`);
    else await sendReply(response, call, turn, `${count}`);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (!response.headersSent) sendJson(response, 400, { error: { message: String(error), type: 'scripted_error' } });
      else response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    const listening = () => resolve();
    if (options.unixSocket === undefined) server.listen(options.port ?? 0, '127.0.0.1', listening);
    else server.listen(options.unixSocket, listening);
  });

  async function close(): Promise<void> {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  return {
    url: options.unixSocket === undefined ? `http://127.0.0.1:${portOf(server.address())}` : '',
    requests,
    get left() {
      return turns.length;
    },
    on(next) {
      handler = next;
    },
    script(next, done) {
      turns.splice(0, turns.length, ...next);
      if (done !== undefined) handler = () => done;
    },
    called(wanted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const check = () => {
        if (calls < wanted) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
      return promise;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A path as the provider itself has it, where an endpoint has it elsewhere. */
function withoutPrefix(path: string, prefixes: readonly string[]): string {
  const prefix = prefixes.find((each) => path.startsWith(`${each}/`));
  return prefix === undefined ? path : `/v1${path.slice(prefix.length)}`;
}

function sideAnswer(request: ModelRequest): Reply {
  // A title comes as JSON where the agent asks for that form.
  const wantsJson = /json/i.test(request.system) || /"json_schema"/.test(JSON.stringify(request.body));
  return say(wantsJson ? '{"title":"Scripted errand","isNewTopic":false}' : 'Scripted errand');
}

function plainAnswer(method: string, path: string): unknown {
  if (method === 'POST' && path === '/v1/messages/count_tokens') return { input_tokens: 100 };
  if (method === 'GET' && /^\/v1\/models(\/[^/]+)?$/.test(path)) {
    const model = { id: 'scripted', type: 'model', object: 'model', display_name: 'Scripted', created: 1_700_000_000 };
    return path === '/v1/models' ? { object: 'list', data: [model], has_more: false } : model;
  }
  return undefined;
}

async function sendReply(response: ServerResponse, call: ModelRequest, reply: Reply, id: string): Promise<void> {
  const answer = { id, model: call.model, ...toWire(reply, call.tools), usage: { ...defaultUsage, ...reply.usage } };
  if (!call.stream) {
    await reply.hold;
    sendJson(response, 200, toJson(call.api, answer));
    return;
  }
  const { head, rest } = toStream(call.api, answer);
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  response.write(head.map(formatEvent).join(''));
  await reply.hold;
  for (const event of rest) response.write(formatEvent(event));
  response.end();
}

async function sendFault(response: ServerResponse, call: ModelRequest, fault: Fault, id: string): Promise<void> {
  switch (fault.fault) {
    case 'status': {
      const body = fault.body ?? toErrorBody(call.api, fault.status);
      sendJson(response, fault.status, body, fault.headers);
      return;
    }
    case 'cut': {
      const text = 'This sentence is never finished';
      const answer = { id, model: call.model, text, calls: [], usage: defaultUsage };
      const { head, rest } = toStream(call.api, answer);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const bytes = [...head, ...rest.slice(0, 2)].map(formatEvent).join('');
      await new Promise<void>((resolve) => response.write(bytes, () => resolve()));
      response.destroy();
      return;
    }
    case 'hang':
      return;
    default:
      return fault satisfies never;
  }
}

function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', 'request-id': 'req_scripted', ...headers });
  response.end(JSON.stringify(body));
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function flatten(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('the model server has no port');
  return address.port;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { port: { type: 'string' }, demo: { type: 'boolean' } } });
  const server = await startModelServer({ port: Number(values.port ?? 0), ...(values.demo ? { handler: demo } : {}) });
  console.log(`model server on ${server.url}`);
}
