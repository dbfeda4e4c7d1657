import { z } from 'zod';
import { type Price, priceSchema } from '../gateway/prices.ts';
import { field, readFields, readMap } from './fields.ts';
import * as kinds from './kinds.ts';
import type { ConfigProblem } from './problems.ts';

const command: kinds.Kind<string[]> = {
  must: 'a list of words, the program first',
  schema: z.array(z.string().min(1)).min(1),
};
const variables: kinds.Kind<Record<string, string>> = {
  must: 'a mapping of names to texts',
  schema: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string()),
};
const prices: kinds.Kind<Record<string, Price>> = {
  must: 'a mapping of model names to { input, output }, in US dollars a million tokens',
  schema: z.record(z.string().min(1), priceSchema),
};
/** Providers and MCP servers are a part of a path at the gateway. */
const shortName = /^[a-z0-9][a-z0-9-]{0,39}$/;
const headerName = z.string().regex(/^[A-Za-z0-9-]{1,64}$/);
const apis = kinds.listOf('a list of responses and chat', z.enum(['responses', 'chat']));
const path = z.string().regex(/^\/(?!\/)(?:[A-Za-z0-9._~/-]|\{model\})*$/);
const paths: kinds.Kind<Partial<Record<'messages' | 'count_tokens' | 'responses' | 'chat' | 'models', string | null>>> =
  {
    must: 'a mapping of messages, count_tokens, responses, chat or models to a path below baseUrl that begins with /, or to none',
    schema: z.partialRecord(
      z.enum(['messages', 'count_tokens', 'responses', 'chat', 'models']),
      z.union([z.literal('none').transform(() => null), path.refine((text) => !text.split('/').includes('..'))]),
    ),
  };
const query: kinds.Kind<Record<string, string>> = {
  must: 'a mapping of names to texts',
  schema: z.record(z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/), z.union([z.string(), z.number().transform(String)])),
};
const header: kinds.Kind<string> = {
  must: 'the name of a header',
  schema: headerName.transform((name) => name.toLowerCase()),
};
const headers: kinds.Kind<Record<string, string>> = {
  must: 'a mapping of header names to texts; a key belongs into keyVariable or keyFile',
  schema: z.record(
    headerName
      .transform((name) => name.toLowerCase())
      .refine((name) => !/^(authorization|cookie|host|connection|content-.*|transfer-encoding|.*api-key)$/.test(name)),
    z.string().regex(/^[\x20-\x7e]*$/),
  ),
};
const scheme: kinds.Kind<string> = {
  must: 'a word such as Bearer, or none',
  schema: z.string().regex(/^[A-Za-z]{1,20}$/),
};

const agentFields = {
  command: field(command, '[my-agent, --acp]'),
  env: field(variables, '{ MY_AGENT_MODE: quiet }'),
  provider: field(kinds.text, 'anthropic'),
  model: field(kinds.text, 'claude-sonnet-5'),
  mode: field(kinds.text, 'bypassPermissions'),
};
const keyFields = {
  keyVariable: field(kinds.text, 'LLM_KEY'),
  keyFile: field(kinds.text, '/run/secrets/llm-key'),
  authHeader: field(header, 'api-key'),
  authScheme: field(scheme, 'Bearer'),
};
const providerFields = {
  kind: field(kinds.oneOf('anthropic', 'openai'), 'openai'),
  baseUrl: field(kinds.url, 'https://llm.example.com/v1'),
  ...keyFields,
  apis: field(apis, '[chat]'),
  paths: field(paths, "{ chat: '/openai/deployments/{model}/chat/completions' }"),
  query: field(query, '{ api-version: 2026-10-01 }'),
  headers: field(headers, '{ x-team: shop }'),
  model: field(kinds.text, 'our-model'),
  prices: field(prices, '{ our-model: { input: 1, output: 4 } }'),
};

const mcpFields = {
  url: field(kinds.url, 'https://mcp.example.com/mcp'),
  ...keyFields,
  headers: field(headers, '{ x-team: shop }'),
  tools: field(kinds.names, '[search, read_page]'),
  repositories: field(kinds.repositories, '[acme/shop]'),
  agents: field(kinds.names, '[claude]'),
};

export type WrittenProvider = ReturnType<typeof readProviders> extends Map<string, infer Value> ? Value : never;
export type WrittenMcp = ReturnType<typeof readMcp> extends Map<string, infer Value> ? Value : never;
export type WrittenAgent = ReturnType<typeof readAgents> extends Map<string, infer Value> ? Value : never;

export function readAgents(raw: unknown, problems: ConfigProblem[]) {
  return readMap(raw, 'agents', problems, (value, at) => readFields(value, agentFields, at, problems));
}

export function readProviders(raw: unknown, problems: ConfigProblem[]) {
  return readMap(raw, 'providers', problems, (value, at, name) => {
    const read = readFields(value, providerFields, at, problems);
    if (shortName.test(name) && name !== 'mcp') return read;
    problems.push({
      where: at,
      problem: 'its name must be small letters, digits and hyphens, and not mcp',
      example: null,
    });
    return undefined;
  });
}

export function readMcp(raw: unknown, problems: ConfigProblem[]) {
  return readMap(raw, 'mcp', problems, (value, at, name) => {
    const read = readFields(value, mcpFields, at, problems);
    if (shortName.test(name)) return read;
    problems.push({ where: at, problem: 'its name must be small letters, digits and hyphens', example: null });
    return undefined;
  });
}
