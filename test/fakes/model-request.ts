import { z } from 'zod';

export type Api = 'anthropic' | 'responses' | 'chat';

/** One model call, decoded the same way for the three APIs. */
export interface ModelRequest {
  readonly api: Api;
  readonly model: string;
  readonly stream: boolean;
  /** Names of the tools that the agent offers, nested ones too; none for an agent's side requests (titles, quota checks). */
  readonly tools: readonly string[];
  readonly system: string;
  readonly messages: readonly Message[];
  /** What the person asked last. */
  readonly prompt: string;
  /** How many rounds of tool results followed the prompt: 0 for a fresh prompt. */
  readonly round: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export interface Message {
  readonly role: 'user' | 'assistant' | 'tool';
  readonly text: string;
}

const part = z.looseObject({
  type: z.string().optional(),
  text: z.string().optional(),
  content: z.unknown().optional(),
  name: z.string().optional(),
});
const content = z.union([z.string(), z.array(part)]).nullish();
const tool = z.looseObject({
  name: z.string().optional(),
  type: z.string().optional(),
  description: z.string().optional(),
  function: z.looseObject({ name: z.string() }).optional(),
  get tools() {
    return z.array(tool).optional();
  },
});
const item = z.looseObject({
  type: z.string().optional(),
  role: z.string().optional(),
  content,
  output: z.unknown().optional(),
  name: z.string().optional(),
  tools: z.array(tool).optional(),
});
const bodySchema = z.looseObject({
  model: z.string().default('unknown'),
  stream: z.boolean().default(false),
  tools: z.array(tool).nullish(),
  system: content,
  instructions: z.string().nullish(),
  messages: z.array(item).nullish(),
  input: z.union([z.string(), z.array(item)]).nullish(),
});

/** Throws a ZodError where the body is no call of this API. */
export function decodeRequest(api: Api, body: unknown, headers: Readonly<Record<string, string>>): ModelRequest {
  const call = bodySchema.parse(body);
  const items = api === 'responses' ? inputItems(call.input) : (call.messages ?? []);
  const messages = items.flatMap(toMessages);
  const systems = items.filter(({ role }) => role === 'system' || role === 'developer');
  return {
    api,
    model: call.model,
    stream: call.stream,
    tools: [...(call.tools ?? []), ...items.flatMap((each) => each.tools ?? [])].flatMap(toolNames),
    system: [textOf(call.system), call.instructions ?? '', ...systems.map((each) => textOf(each.content))].join('\n'),
    messages,
    ...lastPrompt(messages),
    headers,
    body,
  };
}

type Item = z.infer<typeof item>;

/** Codex groups tools in namespaces, and lets its newer models reach most of them only from a script: `exec.<tool>` here. */
function toolNames(each: z.infer<typeof tool>): readonly string[] {
  if (each.type === 'namespace') return (each.tools ?? []).flatMap(toolNames);
  const name = each.function?.name ?? each.name ?? each.type ?? 'unknown';
  if (each.type !== 'custom' || name !== 'exec') return [name];
  const nested = (each.description ?? '').matchAll(/^### `(\w+)`/gm);
  return [name, ...Array.from(nested, ([, inner]) => `exec.${inner}`)];
}

function inputItems(input: z.infer<typeof bodySchema>['input']): readonly Item[] {
  return typeof input === 'string' ? [{ role: 'user', content: input }] : (input ?? []);
}

function toMessages(each: Item): readonly Message[] {
  if (each.type?.endsWith('_call_output')) {
    const output = typeof each.output === 'string' ? each.output : JSON.stringify(each.output);
    return [{ role: 'tool', text: output }];
  }
  if (each.type?.endsWith('_call')) return [{ role: 'assistant', text: '' }];
  if (each.role === 'tool') return [{ role: 'tool', text: textOf(each.content) }];
  if (each.role === 'assistant') return [{ role: 'assistant', text: textOf(each.content) }];
  if (each.role !== 'user') return [];
  const parts = Array.isArray(each.content) ? each.content : [];
  const results = parts.filter(({ type }) => type === 'tool_result');
  if (results.length > 0) {
    return results.map(({ content: result }) => ({
      role: 'tool',
      text: typeof result === 'string' ? result : JSON.stringify(result),
    }));
  }
  const text = textOf(each.content);
  return text === '' ? [] : [{ role: 'user', text }];
}

/** Agents send reminders and context under the user's name; those are wrapped in a tag and are nobody's words. */
function textOf(value: z.infer<typeof content>): string {
  if (typeof value === 'string') return value;
  return (value ?? [])
    .map(({ text }) => text ?? '')
    .filter((text) => text !== '' && !/^\s*<(system-reminder|environment_context|user_instructions)>/.test(text))
    .join('\n');
}

function lastPrompt(messages: readonly Message[]): { prompt: string; round: number } {
  const at = messages.findLastIndex(({ role }) => role === 'user');
  const after = messages.slice(at + 1);
  const round = after.filter(({ role }, index) => role === 'tool' && after[index - 1]?.role !== 'tool').length;
  return { prompt: messages[at]?.text ?? '', round };
}
