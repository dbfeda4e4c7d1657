import { z } from 'zod';
import { parseJson } from './event-stream.ts';

/** What a task may do at one server: these tools, or with null all that the server offers. */
export interface McpGrant {
  readonly name: string;
  readonly tools: readonly string[] | null;
}

export type CheckedMessage =
  | { readonly type: 'fit'; readonly body: Buffer }
  /** Answered here, as JSON-RPC answers it. */
  | { readonly type: 'refused'; readonly answer: string }
  | { readonly type: 'unfit'; readonly sentence: string };

const id = z.union([z.string(), z.number()]);
const jsonrpc = z.literal('2.0');
// Strict: a key that is unknown here may be one that is judged to a server whose decoder takes `Method` for `method`.
const call = z.strictObject({ jsonrpc, id: id.nullish(), method: z.string(), params: z.unknown().optional() });
const reply = z.union([
  z.strictObject({ jsonrpc, id, result: z.looseObject({}) }),
  z.strictObject({ jsonrpc, id, error: z.looseObject({}) }),
]);
const toolCall = z.strictObject({
  name: z.string(),
  arguments: z.unknown().optional(),
  _meta: z.unknown().optional(),
});
const toolList = z.looseObject({
  result: z.looseObject({ tools: z.array(z.looseObject({ name: z.string() })) }),
});

/** What every session needs, and what tools need; all else of a server is behind the list of tools. */
const besideTools = /^(initialize|ping|notifications\/[a-z_/]+|logging\/setLevel|tools\/list)$/;

/**
 * Decides whether a message of the task's may reach an MCP server. With a list of tools only these are called and nothing else of
 * the server is used; without one every message goes. One message a request: revisions with batches are older than this transport's.
 */
export function checkMessage(grant: McpGrant, bytes: Buffer): CheckedMessage {
  const value = parseJson(bytes.toString('utf8'));
  const asked = call.safeParse(value).data;
  if (asked === undefined) {
    const replied = reply.safeParse(value).data;
    return replied === undefined ? unfit('The body is not one JSON-RPC message of known keys.') : passing(replied);
  }
  const { tools } = grant;
  if (tools === null) return passing(asked);
  if (asked.method === 'tools/call') {
    const params = toolCall.safeParse(asked.params).data;
    if (params === undefined) {
      return refused(asked.id, -32_602, 'A tool call has a name, arguments and _meta, and nothing else.');
    }
    if (tools.includes(params.name)) return passing({ ...asked, params });
    return refused(
      asked.id,
      -32_602,
      `The tool ${params.name.slice(0, 100)} of ${grant.name} is not open to this task.`,
    );
  }
  if (besideTools.test(asked.method)) return passing(asked);
  return refused(
    asked.id,
    -32_601,
    `${asked.method.slice(0, 100)} of ${grant.name} is not open to this task: only some tools are.`,
  );
}

/** A message of the server's as the task sees it: tools that it may not call are not listed. Null where it stays as it came. */
export function withoutClosedTools(grant: McpGrant, value: unknown): unknown {
  const { tools } = grant;
  if (tools === null) return null;
  const listed = toolList.safeParse(value).data;
  if (listed === undefined) return null;
  return {
    ...listed,
    result: { ...listed.result, tools: listed.result.tools.filter(({ name }) => tools.includes(name)) },
  };
}

function passing(value: unknown): CheckedMessage {
  // Written anew: what passes is what was read, also where another parser would read the bytes in another way.
  return { type: 'fit', body: Buffer.from(JSON.stringify(value)) };
}

function refused(asked: string | number | null | undefined, code: number, message: string): CheckedMessage {
  if (asked === null || asked === undefined) return unfit(message);
  return {
    type: 'refused',
    answer: JSON.stringify({ jsonrpc: '2.0', id: asked, error: { code, message: `errand_refused: ${message}` } }),
  };
}

function unfit(sentence: string): CheckedMessage {
  return { type: 'unfit', sentence };
}
