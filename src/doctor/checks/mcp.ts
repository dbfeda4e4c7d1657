import { z } from 'zod';
import type { Config, McpConfig } from '../../config.ts';
import { EventStreamReader, parseJson } from '../../gateway/event-stream.ts';
import { showKey } from '../../gateway/model-headers.ts';
import { outbound } from '../../service/outbound.ts';
import { causeOf, checked, type Finding, fail, ok } from '../finding.ts';

const hello = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'errand', version: '1' } },
};
const greeting = z.object({ result: z.object({ serverInfo: z.object({ name: z.string() }) }) });

/** Each MCP server of the configuration: it is greeted as an agent would, and the session ended again. */
export async function checkMcp(config: Config): Promise<readonly Finding[]> {
  const rows = await Promise.all(
    Array.from(config.mcp.values(), (server) =>
      checked(`MCP ${server.name}`, 20_000, (signal) => greet(config, server, signal)),
    ),
  );
  return rows.flat();
}

async function greet(config: Config, server: McpConfig, signal: AbortSignal): Promise<Finding> {
  const name = `MCP ${server.name}`;
  const { host } = new URL(server.url);
  const { fetch: send = fetch } = outbound(config.outbound);
  const shown = Object.entries({ ...server.headers, ...showKey(server) }).map(([key, value]) => [key, String(value)]);
  const headers = {
    ...Object.fromEntries(shown),
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
  };
  let response: Response;
  let text: string;
  try {
    response = await send(server.url, {
      method: 'POST',
      headers,
      body: JSON.stringify(hello),
      redirect: 'manual',
      signal,
    });
    text = (await response.text()).slice(0, 100_000);
  } catch (error) {
    return fail(
      name,
      `Unreachable: ${host} (${causeOf(error)}).`,
      `Check mcp.${server.name}.url, the network and HTTPS_PROXY.`,
    );
  }
  const { status } = response;
  if (status === 401 || status === 403) {
    return fail(
      name,
      `Refused: ${host} does not take the key (${status}).`,
      `Check the key of mcp.${server.name}, and authHeader.`,
    );
  }
  const session = response.headers.get('mcp-session-id');
  if (session !== null) {
    const ended = { ...headers, 'mcp-session-id': session };
    // Servers may refuse to end a session; they forget it in time.
    await send(server.url, { method: 'DELETE', headers: ended, redirect: 'manual', signal }).catch(() => undefined);
  }
  const said = readGreeting(text);
  if (status >= 300 || said === undefined) {
    return fail(
      name,
      `${host} does not answer as an MCP server (${status}).`,
      `Put the address of its HTTP transport into mcp.${server.name}.url.`,
    );
  }
  return ok(name, `${said} at ${host} greets back.`);
}

function readGreeting(text: string): string | undefined {
  const found: unknown[] = [parseJson(text)];
  const events = new EventStreamReader((value) => found.push(value));
  events.push(Buffer.from(text));
  events.end();
  return found
    .map((value) => greeting.safeParse(value).data?.result.serverInfo.name)
    .find((name) => name !== undefined);
}
