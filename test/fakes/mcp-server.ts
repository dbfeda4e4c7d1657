import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';

export interface McpRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

export interface McpServer extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly McpRequest[];
  /** Names and arguments of the tools that were called. */
  readonly called: readonly { readonly name: string; readonly args: unknown }[];
  /** Answers each request with this status from now on. */
  fail(status: number): void;
}

const message = z.looseObject({
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string(),
  params: z
    .looseObject({
      name: z.string().optional(),
      arguments: z.unknown().optional(),
      protocolVersion: z.string().optional(),
    })
    .optional(),
});

const tools = ['look_up', 'delete_all'].map((name) => ({
  name,
  description: `${name} in the house dictionary`,
  inputSchema: { type: 'object', properties: { word: { type: 'string' } } },
}));

/**
 * A small MCP server by the streamable HTTP transport, revision 2025-06-18: sessions, an open stream for GET, DELETE, tools answered as
 * server-sent events and all else as JSON. Whoever doesn't show the key gets 401. `look_up` answers a word and, in its own log
 * line, the key that it was shown.
 */
export async function startMcpServer(key: string, header = 'authorization'): Promise<McpServer> {
  const requests: McpRequest[] = [];
  const called: { name: string; args: unknown }[] = [];
  const sessions = new Set<string>();
  let failing: number | null = null;

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await readText(request);
    const body: unknown = text === '' ? null : JSON.parse(text);
    requests.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body });
    if (failing !== null) return void response.writeHead(failing).end();
    if (request.headers[header] !== key) return void response.writeHead(401, { 'www-authenticate': 'Bearer' }).end();
    const session = String(request.headers['mcp-session-id'] ?? '');
    if (request.method === 'DELETE') {
      response.writeHead(sessions.delete(session) ? 204 : 404).end();
      return;
    }
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(': open\n\n');
      return;
    }
    const { id, method, params } = message.parse(body);
    if (method !== 'initialize' && !sessions.has(session)) return void response.writeHead(404).end();
    if (id === undefined) return void response.writeHead(202).end();
    const result = resultOf(method, params);
    const extra: Record<string, string> = {};
    if (method === 'initialize') {
      extra['mcp-session-id'] = randomUUID();
      sessions.add(extra['mcp-session-id']);
    }
    const reply = JSON.stringify({ jsonrpc: '2.0', id, result });
    if (!method.startsWith('tools/')) {
      response.writeHead(200, { 'content-type': 'application/json', ...extra }).end(reply);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const note = { level: 'info', data: `asked with ${key}` };
    response.write(
      `event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params: note })}\n\n`,
    );
    // In two pieces, as networks do.
    response.write(`id: 1\r\nevent: message\r\ndata: ${reply.slice(0, 20)}`);
    setImmediate(() => response.end(`${reply.slice(20)}\r\n\r\n`));
  }

  function resultOf(method: string, params: z.infer<typeof message>['params']): unknown {
    switch (method) {
      case 'initialize':
        return {
          protocolVersion: params?.protocolVersion ?? '2025-06-18',
          capabilities: { tools: {}, resources: {} },
          serverInfo: { name: 'house-dictionary', version: '1' },
        };
      case 'tools/list':
        return { tools };
      case 'tools/call':
        called.push({ name: params?.name ?? '', args: params?.arguments });
        return { content: [{ type: 'text', text: 'errand, noun: a short journey to get something done' }] };
      case 'resources/list':
        return { resources: [{ uri: 'house://secrets', name: 'secrets' }] };
      default:
        return {};
    }
  }

  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    requests,
    called,
    fail(status) {
      failing = status;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((closed) => server.close(() => closed()));
    },
  };
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
