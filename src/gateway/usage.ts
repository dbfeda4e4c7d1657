import { z } from 'zod';
import type { TokenCount } from './prices.ts';

const count = z.number().int().nonnegative().nullish();

const anthropicUsage = z.object({
  input_tokens: count,
  output_tokens: count,
  cache_read_input_tokens: count,
  cache_creation_input_tokens: count,
  cache_creation: z.object({ ephemeral_1h_input_tokens: count }).nullish(),
});
const openaiUsage = z.object({
  input_tokens: count,
  output_tokens: count,
  input_tokens_details: z.object({ cached_tokens: count, cache_write_tokens: count }).nullish(),
  prompt_tokens: count,
  completion_tokens: count,
  prompt_tokens_details: z.object({ cached_tokens: count, cache_write_tokens: count }).nullish(),
});

/** The part of any answer or streamed event, of the three APIs, that says something about usage. */
const messageSchema = z.object({
  type: z.string().nullish(),
  model: z.string().nullish(),
  usage: z.unknown().optional(),
  message: z.object({ model: z.string().nullish(), usage: z.unknown().optional() }).nullish(),
  response: z.object({ model: z.string().nullish(), usage: z.unknown().optional() }).nullish(),
  delta: z.unknown().optional(),
  choices: z.array(z.object({ delta: z.unknown().optional() })).nullish(),
});

export interface CallUsage {
  readonly model: string | null;
  readonly tokens: TokenCount;
  /** Whether the provider said so itself to the end; else the rest is estimated from what passed. */
  readonly reported: boolean;
}

/** A token is some four characters of text; estimates round up. */
const charactersPerToken = 3;

/** Adds up what the messages of one answer say about its usage. */
export class UsageReader {
  #model: string | null = null;
  #tokens: TokenCount | null = null;
  #final = false;
  #characters = 0;
  readonly #requestTokens: number;

  /** `requestBytes` stands in for input tokens until the provider has counted. */
  constructor(requestBytes: number) {
    this.#requestTokens = Math.ceil(requestBytes / charactersPerToken);
  }

  /** Takes one parsed answer or event; anything else changes nothing. */
  read(value: unknown): void {
    const { data } = messageSchema.safeParse(value);
    if (data === undefined) return;
    this.#model = data.message?.model ?? data.response?.model ?? data.model ?? this.#model;
    this.#characters += lengthOfText(data.delta);
    for (const choice of data.choices ?? []) this.#characters += lengthOfText(choice.delta);
    const usage = data.message?.usage ?? data.response?.usage ?? data.usage;
    if (usage === undefined || usage === null) return;
    this.#tokens = mergeTokens(this.#tokens, toTokens(usage));
    this.#final ||= data.type !== 'message_start';
  }

  /** What the call has used so far, as far as can be told. */
  get usage(): CallUsage {
    const tokens = this.#tokens ?? { ...nothing, input: this.#requestTokens };
    const estimate = Math.ceil(this.#characters / charactersPerToken);
    return {
      model: this.#model,
      tokens: this.#final ? tokens : { ...tokens, output: Math.max(tokens.output, estimate) },
      reported: this.#final,
    };
  }
}

const nothing: TokenCount = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, cacheWriteHour: 0 };

function toTokens(usage: unknown): Partial<TokenCount> {
  const anthropic = anthropicUsage.safeParse(usage).data;
  const openai = openaiUsage.safeParse(usage).data;
  const details = openai?.input_tokens_details ?? openai?.prompt_tokens_details;
  if (openai !== undefined && (openai.prompt_tokens != null || openai.input_tokens_details != null)) {
    const cacheRead = details?.cached_tokens ?? 0;
    const cacheWrite = details?.cache_write_tokens ?? 0;
    const all = openai.input_tokens ?? openai.prompt_tokens ?? 0;
    const output = openai.output_tokens ?? openai.completion_tokens ?? 0;
    return { input: Math.max(0, all - cacheRead - cacheWrite), output, cacheRead, cacheWrite };
  }
  const hour = anthropic?.cache_creation?.ephemeral_1h_input_tokens ?? 0;
  const stored = anthropic?.cache_creation_input_tokens;
  return present({
    input: anthropic?.input_tokens,
    output: anthropic?.output_tokens,
    cacheRead: anthropic?.cache_read_input_tokens,
    cacheWrite: stored == null ? undefined : Math.max(0, stored - hour),
    cacheWriteHour: stored == null ? undefined : hour,
  });
}

/** A later report of a stream repeats or raises an earlier one, and may leave out what it said. */
function mergeTokens(before: TokenCount | null, after: Partial<TokenCount>): TokenCount {
  const base = before ?? nothing;
  const most = (key: keyof TokenCount) => Math.max(base[key], after[key] ?? 0);
  return {
    input: most('input'),
    output: most('output'),
    cacheRead: most('cacheRead'),
    cacheWrite: most('cacheWrite'),
    cacheWriteHour: most('cacheWriteHour'),
  };
}

function present(values: Readonly<Record<keyof TokenCount, number | null | undefined>>): Partial<TokenCount> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value != null));
}

const deltaObject = z.record(z.string(), z.unknown());

function lengthOfText(delta: unknown): number {
  if (typeof delta === 'string') return delta.length;
  if (Array.isArray(delta)) return delta.reduce((sum: number, each: unknown) => sum + lengthOfText(each), 0);
  const fields = deltaObject.safeParse(delta).data;
  return fields === undefined ? 0 : Object.values(fields).reduce((sum: number, each) => sum + lengthOfText(each), 0);
}
