import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { toCause } from './cause.ts';
import { EventRewriter } from './event-rewriter.ts';
import { parseJson } from './event-stream.ts';
import type { Limits } from './limits.ts';
import type { Log } from './log.ts';
import { checkMessage, type McpGrant, withoutClosedTools } from './mcp-rules.ts';
import type { Meter } from './meter.ts';
import { holdsKey, showKey } from './model-headers.ts';
import type { GatewayPolicy, McpServer } from './policy.ts';
import { Redactor } from './redact.ts';
import { readBody, readChunks, readText, write } from './streams.ts';
import { type Upstream, UpstreamDown } from './upstream.ts';

export interface McpProxyOptions {
  readonly policy: GatewayPolicy;
  readonly servers: ReadonlyMap<string, McpServer>;
  readonly upstream: Upstream;
  readonly meter: Meter;
  readonly limits: Limits;
  readonly log: Log;
}

const toServer = /^(accept|content-type|user-agent|mcp-session-id|mcp-protocol-version|last-event-id)$/;
const toTask = /^(content-type|mcp-session-id|mcp-protocol-version|retry-after|allow)$/;
const methods = new Set(['POST', 'GET', 'DELETE']);

interface Call {
  readonly grant: McpGrant;
  readonly server: McpServer;
  readonly refuse: (status: number, code: string, sentence: string) => void;
}

/**
 * `/mcp/<name>`: a task's way to an MCP server of the configuration, by its streamable HTTP transport. The address is the
 * configuration's, the real key takes the place of the dummy one, and only granted tools are listed and called.
 */
export class McpProxy {
  readonly #options: McpProxyOptions;
  #underWay = 0;

  constructor(options: McpProxyOptions) {
    this.#options = options;
  }

  /** Answers every request itself or from the server; never throws what the outside did. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { policy, servers, meter, limits } = this.#options;
    const name = /^\/mcp\/([a-z0-9-]{1,40})$/.exec(request.url ?? '')?.[1] ?? '';
    const grant = policy.mcp.find((each) => each.name === name);
    const server = servers.get(name);
    const refuse: Call['refuse'] = (status, code, sentence) => sendError(response, status, `${code}: ${sentence}`);
    if (grant === undefined || server === undefined) refuse(404, 'errand_refused', 'This task has no such MCP server.');
    else if (!holdsKey(request, policy.dummyKey)) refuse(401, 'errand_refused', "The key is not this task's own.");
    else if (!methods.has(request.method ?? '')) refuse(405, 'errand_refused', `${request.method} is not open here.`);
    else if (meter.state.uploadedBytes >= limits.uploadBytes || meter.state.downloadedBytes >= limits.downloadBytes) {
      refuse(429, 'errand_refused', 'This task has used up the bytes it may exchange.');
    } else if (this.#underWay >= limits.mcpCalls) {
      refuse(429, 'errand_busy', `A task may have ${limits.mcpCalls} MCP requests under way.`);
    } else {
      this.#underWay += 1;
      try {
        await this.#forward(request, response, { grant, server, refuse });
      } finally {
        this.#underWay -= 1;
        await meter.save();
      }
    }
  }

  async #forward(request: IncomingMessage, response: ServerResponse, call: Call): Promise<void> {
    const { upstream, meter, limits, log } = this.#options;
    const { grant, server, refuse } = call;
    const bytes = await readBody(request, limits.mcpRequestBytes);
    if (bytes === 'too_large') {
      refuse(413, 'errand_refused', `The request is larger than ${limits.mcpRequestBytes} bytes.`);
      return;
    }
    const checked = request.method === 'POST' ? checkMessage(grant, bytes) : null;
    if (checked?.type === 'refused') {
      log('warn', 'refused an MCP message', { server: grant.name });
      response.writeHead(200, { 'content-type': 'application/json' }).end(checked.answer);
      return;
    }
    if (checked?.type === 'unfit') {
      refuse(400, 'errand_refused', checked.sentence);
      return;
    }
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    meter.addBytes('uploadedBytes', bytes.length);
    let answer: IncomingMessage;
    try {
      answer = await upstream.request({
        method: request.method ?? 'GET',
        url: server.url,
        headers: { ...picked(request, toServer), 'accept-encoding': 'identity', ...server.headers, ...showKey(server) },
        body: checked?.body ?? null,
        signal: gone.signal,
        sent: () => {},
      });
    } catch (error) {
      if (gone.signal.aborted) return;
      if (!(error instanceof UpstreamDown)) throw error;
      log('error', 'an MCP server is down', { server: grant.name, cause: error.message });
      refuse(503, 'errand_mcp_down', `${grant.name} did not answer: ${error.message}.`);
      return;
    }
    await this.#answer(answer, response, call);
    log('info', 'MCP request', { server: grant.name, method: request.method, status: answer.statusCode });
  }

  async #answer(answer: IncomingMessage, response: ServerResponse, { grant, server, refuse }: Call): Promise<void> {
    const { meter, limits, log } = this.#options;
    const status = answer.statusCode ?? 502;
    const redactor = new Redactor([server.key ?? '']);
    const encoding = answer.headers['content-encoding'] ?? 'identity';
    if (
      status === 401 ||
      status === 403 ||
      status < 200 ||
      (status >= 300 && status < 400) ||
      encoding !== 'identity'
    ) {
      answer.destroy();
      log('error', 'an MCP server did not serve', { server: grant.name, status });
      // Not its own 401: that would send the agent to sign in, where it can't go.
      const why =
        status === 401 || status === 403 ? `refused the key that Errand holds (${status})` : `answered ${status}`;
      refuse(502, 'errand_mcp_down', `${grant.name} ${why}.`);
      return;
    }
    const type = answer.headers['content-type'] ?? '';
    const headers = Object.fromEntries(
      Object.entries(picked(answer, toTask)).map(([name, value]) => [name, redactor.text(String(value))]),
    );
    try {
      if (type.startsWith('text/event-stream')) {
        response.writeHead(status, headers);
        response.flushHeaders();
        await this.#stream(answer, response, grant, redactor);
        await meter.save();
        response.end();
        return;
      }
      const text = await readText(answer, limits.answerBytes);
      this.#count(Buffer.byteLength(text));
      const changed = withoutClosedTools(grant, parseJson(text));
      await meter.save();
      response.writeHead(status, headers).end(redactor.text(changed === null ? text : JSON.stringify(changed)));
    } catch (error) {
      log('warn', 'an MCP answer broke off', { server: grant.name, cause: toCause(error) });
      answer.destroy();
      response.destroy();
    }
  }

  async #stream(answer: IncomingMessage, response: ServerResponse, grant: McpGrant, redactor: Redactor): Promise<void> {
    const events = new EventRewriter((value) => withoutClosedTools(grant, value));
    for await (const chunk of readChunks(answer)) {
      this.#count(chunk.length);
      await write(response, Buffer.from(redactor.text(events.push(chunk))));
    }
  }

  #count(bytes: number): void {
    const { meter, limits } = this.#options;
    meter.addBytes('downloadedBytes', bytes);
    if (meter.state.downloadedBytes > limits.downloadBytes) throw new RangeError('the bytes that a task may exchange');
  }
}

function picked({ headers }: IncomingMessage, names: RegExp): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name, value]) => names.test(name) && value !== undefined));
}

function sendError(response: ServerResponse, status: number, message: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const headers = { 'content-type': 'application/json', ...(status === 413 ? { connection: 'close' } : {}) };
  response.writeHead(status, headers);
  response.end(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32_000, message } }));
}
