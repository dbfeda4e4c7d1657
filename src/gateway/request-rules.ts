import { parseJson } from './event-stream.ts';
import type { ModelRoute } from './routes.ts';

export type Checked =
  | { readonly type: 'fit'; readonly body: Buffer; readonly model: string; readonly stream: boolean }
  | { readonly type: 'unfit'; readonly sentence: string };

interface JsonObject {
  readonly [name: string]: unknown;
}

/**
 * Decides whether a model call may leave. A provider can itself be made to reach the network (its own search, fetch and MCP tools,
 * images by URL), which would carry a task's data past the egress proxy; it can also be made to work unmetered or at a higher
 * price. Such calls are refused; of the tools that Codex lists by itself only the tool is taken out. Chat streams are told to
 * report usage.
 */
export function checkRequest(call: ModelRoute['call'], bytes: Buffer): Checked {
  const asked = objectOf(parseJson(bytes.toString('utf8')));
  if (asked === undefined) return unfit('The body is not a JSON object.');
  const double = findDouble(asked);
  if (double !== undefined) return unfit(`The key ${double.slice(0, 60)} differs from a known one only by its case.`);
  const body = tellUsage(call, withoutListed(asked));
  const model = typeof body.model === 'string' ? body.model : '';
  const sentence = findReach(call, body, model);
  if (sentence !== undefined) return unfit(sentence);
  // Written anew: what passes is what was read, also where another parser would read the bytes in another way.
  return { type: 'fit', body: Buffer.from(JSON.stringify(body)), model, stream: body.stream === true };
}

/** Every key that is judged below, at any depth. */
const judged = new Set([
  ...['model', 'stream', 'stream_options', 'include_usage', 'speed', 'service_tier', 'background'],
  ...['tools', 'mcp_servers', 'web_search_options', 'environment', 'type'],
  ...['input', 'output', 'messages', 'system', 'content', 'source'],
  ...['file', 'file_url', 'file_id', 'server_url', 'image_url', 'url'],
]);

/**
 * A key that a decoder which folds case, as Go's does, takes for one that is judged, and which would then count in its place. Only
 * what is judged is looked into: arguments and schemas of tools name their things as they like.
 */
function findDouble(value: unknown): string | undefined {
  if (Array.isArray(value)) return firstOf(value, findDouble);
  if (!isObject(value)) return undefined;
  return firstOf(Object.entries(value), ([key, inner]) => {
    if (!judged.has(key)) return judged.has(folded(key)) ? key : undefined;
    // The `input` of a tool call is an object of its arguments; that of a request is a list.
    return key === 'input' && !Array.isArray(inner) ? undefined : findDouble(inner);
  });
}

/** By way of upper case, where ſ becomes S. */
function folded(key: string): string {
  return key.toUpperCase().toLowerCase();
}

function firstOf<T, R>(values: readonly T[], find: (value: T) => R | undefined): R | undefined {
  for (const value of values) {
    const found = find(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

function tellUsage(call: ModelRoute['call'], body: JsonObject): JsonObject {
  if (call !== 'chat' || body.stream !== true) return body;
  return { ...body, stream_options: { ...objectOf(body.stream_options), include_usage: true } };
}

/** What Codex offers a model unasked; the rest of its call is sound. */
const listedUnasked = /^(web_search(_preview)?(_\d{4}_\d{2}_\d{2})?|image_generation)$/;

function withoutListed(body: JsonObject): JsonObject {
  const isListed = ({ type }: JsonObject) => listedUnasked.test(String(type));
  const items = list(body.input);
  if (![body, ...items].some(({ tools }) => list(tools).some(isListed))) return body;
  const strip = (holder: JsonObject) =>
    holder.tools === undefined ? holder : { ...holder, tools: list(holder.tools).filter((tool) => !isListed(tool)) };
  return { ...strip(body), ...(items.length > 0 ? { input: items.map(strip) } : {}) };
}

function findReach(call: ModelRoute['call'], body: JsonObject, model: string): string | undefined {
  if (body.speed === 'fast' || ['priority', 'fast', 'ultrafast'].includes(String(body.service_tier))) {
    return 'Faster service at a higher price is not open to a task.';
  }
  if (body.background === true) return 'Background responses are not open to a task: they can not be metered.';
  if (call === 'messages' || call === 'count_tokens') return anthropicReach(body);
  if (/-search-(preview|api)|deep-research/.test(model)) return `The model ${model} reaches the network by itself.`;
  return openaiReach(body);
}

// Anthropic Messages

const anthropicTools = /^(custom|bash_\d+|text_editor_\d+|computer_\d+|memory_\d+|tool_search_tool_[a-z0-9_]+)$/;
const anthropicSources = new Set(['base64', 'text', 'content']);

function anthropicReach(body: JsonObject): string | undefined {
  if (list(body.mcp_servers).length > 0) return toolSentence('mcp_servers');
  const tool = list(body.tools).find(({ type }) => type !== undefined && !anthropicTools.test(String(type)));
  if (tool !== undefined) return toolSentence(tool.type);
  const blocks = [...list(body.system), ...list(body.messages).flatMap(({ content }) => list(content))];
  return blocks.some(anthropicBlockReaches) ? 'Content by URL or by file id is not open to a task.' : undefined;
}

function anthropicBlockReaches(block: JsonObject): boolean {
  const source = objectOf(block.source);
  if (source !== undefined) {
    if (!anthropicSources.has(String(source.type))) return true;
    if (list(source.content).some(anthropicBlockReaches)) return true;
  }
  return block.type === 'container_upload' || list(block.content).some(anthropicBlockReaches);
}

// OpenAI Responses and Chat Completions

const openaiTools = new Set(['function', 'custom', 'local_shell', 'shell', 'apply_patch', 'tool_search', 'namespace']);
const byReference = ['file_url', 'file_id', 'server_url'];

function openaiReach(body: JsonObject): string | undefined {
  if (body.web_search_options !== undefined) return toolSentence('web_search_options');
  const items = [...list(body.input), ...list(body.messages)];
  const tools = [...list(body.tools), ...items.flatMap((item) => list(item.tools))];
  const tool = tools.flatMap(withNested).find(({ type, environment }) => {
    const hosted = objectOf(environment)?.type ?? 'local';
    return !openaiTools.has(String(type)) || hosted !== 'local';
  });
  if (tool !== undefined) return toolSentence(tool.type);
  const parts = items.flatMap((item) => [item, ...list(item.content), ...list(item.output)]);
  const outputs = items.map((item) => item.output).filter(isObject);
  return [...parts, ...outputs].some(openaiPartReaches)
    ? 'Content by URL or by file id is not open to a task.'
    : undefined;
}

function withNested(tool: JsonObject): readonly JsonObject[] {
  return [tool, ...list(tool.tools).flatMap(withNested)];
}

function openaiPartReaches(part: JsonObject): boolean {
  if (byReference.some((key) => part[key] !== undefined && part[key] !== null)) return true;
  const file = objectOf(part.file);
  if (file !== undefined && byReference.some((key) => file[key] !== undefined && file[key] !== null)) return true;
  const image = part.image_url;
  const url = typeof image === 'string' ? image : objectOf(image)?.url;
  return image !== undefined && image !== null && !String(url).startsWith('data:');
}

function list(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function objectOf(value: unknown): JsonObject | undefined {
  return isObject(value) ? value : undefined;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function toolSentence(type: unknown): string {
  return `The tool ${String(type).slice(0, 60)} runs at the model's provider and reaches the network from there; it is not open to a task.`;
}

function unfit(sentence: string): Checked {
  return { type: 'unfit', sentence };
}
