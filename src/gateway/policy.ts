import { z } from 'zod';
import { Problem } from '../task/problem.ts';
import { priceSchema } from './prices.ts';

const registrySchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/),
  kind: z.enum(['npm', 'pip', 'apt', 'cargo']),
  url: z.url({ protocol: /^https?$/ }).regex(/\/$/),
});

const policySchema = z.strictObject({
  providers: z.array(z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/)),
  allow: z.array(z.string().min(1).max(253)),
  /** Every public host, instead of those. */
  open: z.boolean().default(false),
  registries: z.array(registrySchema).default([]),
  /** What the meter may show at most, earlier runs of the task included; null is no limit. */
  budgetUsd: z.number().nonnegative().nullable(),
  budgetTokens: z.number().nonnegative().nullable().default(null),
  /** What a model without a known price counts as against dollars: the dearest there is, or nothing where tokens hold it. */
  unpriced: z.enum(['dearest', 'tokens']).default('dearest'),
  dummyKey: z.string().min(8).max(256),
  mcp: z
    .array(
      z.strictObject({ name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/), tools: z.array(z.string()).nullable() }),
    )
    .default([]),
});

const call = z.enum(['messages', 'count_tokens', 'responses', 'chat', 'models']);
const shapeSchema = z.strictObject({
  /** Another header than the kind's own for the key, and what stands before it. */
  auth: z.strictObject({ header: z.string().regex(/^[a-z0-9-]{1,64}$/), scheme: z.string().nullable() }).optional(),
  /** Paths below the base URL that differ from the kind's own; null for a call that is not there. `{model}` is the model asked for. */
  paths: z.partialRecord(call, z.string().startsWith('/').nullable()).optional(),
  /** Added to every call, and stronger than what the task says. */
  query: z.record(z.string(), z.string()).optional(),
  headers: z.record(z.string().regex(/^[a-z0-9-]{1,64}$/), z.string()).optional(),
});

const providerSchema = z.strictObject({
  kind: z.enum(['anthropic', 'openai']),
  /** Which of the kind's conversations it offers. */
  apis: z.array(z.enum(['messages', 'responses', 'chat'])).optional(),
  /** As the provider's SDK reads it: Anthropic's without `/v1`, OpenAI's with it. */
  baseUrl: z.url({ protocol: /^https?$/ }),
  /** Null for one that asks for none. */
  key: z.string().min(1).nullable(),
  ...shapeSchema.shape,
  /** US dollars a million tokens, by the beginning of the model's name; wins over the table that ships. */
  prices: z.record(z.string().min(1), priceSchema).optional(),
});

const mcpSchema = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  key: z.string().min(1).nullable(),
  auth: shapeSchema.shape.auth,
  headers: shapeSchema.shape.headers,
});

const keysSchema = z.strictObject({
  providers: z.record(z.string(), providerSchema),
  mcp: z.record(z.string(), mcpSchema).default({}),
  /** The machine's own way out. */
  egress: z
    .strictObject({
      proxy: z.url({ protocol: /^https?$/ }).optional(),
      noProxy: z.string().optional(),
      /** A PEM bundle to trust besides Node's own authorities. */
      caFile: z.string().optional(),
    })
    .optional(),
});

export type GatewayPolicy = z.infer<typeof policySchema>;
export type Provider = z.infer<typeof providerSchema>;
export type McpServer = z.infer<typeof mcpSchema>;
export type ProviderShape = z.infer<typeof shapeSchema>;
export type ProviderKind = Provider['kind'];
export type WayOut = NonNullable<z.infer<typeof keysSchema>['egress']>;

export interface Keys {
  readonly providers: ReadonlyMap<string, Provider>;
  /** MCP servers by name. */
  readonly mcp: ReadonlyMap<string, McpServer>;
  readonly wayOut: WayOut;
}

const ordersSchema = z.strictObject({
  /** The task's folder. */
  dir: z.string().startsWith('/'),
  /** Whom to become; nobody else when left out. */
  uid: z.number().int().positive().nullable().default(null),
  /** The file to log to; stdout when left out. */
  log: z.string().startsWith('/').nullable().default(null),
  policy: z.unknown().optional(),
  keys: z.unknown().optional(),
});

export type Orders = z.infer<typeof ordersSchema>;

/** Reads where a gateway serves, as whom, and what it is to check. Throws `Problem`, never with a key in it. */
export function readOrders(text: string): Orders {
  return check('what it was told', ordersSchema, parsed(text));
}

/**
 * Checks what a gateway serves: what its task may reach, and the keys for that, of which it keeps only those of providers and servers
 * that the policy names. Throws `Problem`, never with a key in it, rather than let a gateway run without a policy.
 */
export function readTerms(orders: Pick<Orders, 'policy' | 'keys'>): {
  readonly policy: GatewayPolicy;
  readonly keys: Keys;
} {
  const policy = Object.freeze(check('the network policy', policySchema, orders.policy));
  return { policy, keys: toKeys(check('the set of keys', keysSchema, orders.keys), policy) };
}

function toKeys({ providers, mcp, egress }: z.infer<typeof keysSchema>, policy: GatewayPolicy): Keys {
  const named = policy.providers.map((name) => {
    const provider = Object.hasOwn(providers, name) ? providers[name] : undefined;
    if (provider === undefined) throw unusable('the set of keys', `it has no model provider \`${name}\``);
    return [name, provider] as const;
  });
  const servers = policy.mcp.map(({ name }) => {
    const server = Object.hasOwn(mcp, name) ? mcp[name] : undefined;
    if (server === undefined) throw unusable('the set of keys', `it has no MCP server \`${name}\``);
    return [name, server] as const;
  });
  return { providers: new Map(named), mcp: new Map(servers), wayOut: egress ?? {} };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser quotes the text in its message, and the text may hold a key.
    throw unusable('what it was told', 'it is not JSON');
  }
}

function check<T>(what: string, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const places = result.error.issues.map(({ path: place, code }) => `${place.join('.') || 'top'} (${code})`);
  throw unusable(what, `it is wrong at ${places.join(', ')}`);
}

function unusable(what: string, found: string): Problem {
  return new Problem({
    code: 'gateway_policy',
    sentence: `The gateway of this task did not start: ${what} is unusable, ${found}.`,
    next: 'The task has no network until its gateway is started again with a policy and its keys.',
  });
}
