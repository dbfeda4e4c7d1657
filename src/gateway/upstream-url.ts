import type { Provider, ProviderKind } from './policy.ts';
import type { ModelRoute } from './routes.ts';

type Call = ModelRoute['call'];

/** Below the base URL as each kind's own programs read it: OpenAI's ends in `/v1`, Anthropic's does not. */
const ownPaths: Readonly<Record<ProviderKind, Partial<Record<Call, string>>>> = {
  anthropic: { messages: '/v1/messages', count_tokens: '/v1/messages/count_tokens', models: '/v1/models' },
  openai: { responses: '/responses', chat: '/chat/completions', models: '/models' },
};

/**
 * The URL of a call at its provider; undefined where the provider has no such call. Only the configuration says paths: of the task's
 * request the query goes along, weaker than the provider's own, and the model's name where a path has a place for it, encoded.
 */
export function toUpstreamUrl(provider: Provider, route: ModelRoute, asked: string): string | undefined {
  const { kind, apis, paths = {}, query = {} } = provider;
  const { call } = route;
  const conversation = call === 'messages' || call === 'responses' || call === 'chat';
  if (apis !== undefined && conversation && !apis.includes(call)) return undefined;
  const own = call === 'hello' ? undefined : paths[call];
  const path = own === undefined ? ownPaths[kind][call] : own;
  if (path === undefined || path === null) return undefined;
  const model = route.model ?? asked;
  if (path.includes('{model}') && /^\.{0,2}$/.test(model)) return undefined;
  const filled = path.replaceAll('{model}', () => encodeURIComponent(model));
  const suffix = route.model === null ? '' : `/${encodeURIComponent(route.model)}`;
  const url = new URL(`${provider.baseUrl.replace(/\/+$/, '')}${filled}${suffix}`);
  for (const [name, value] of new URLSearchParams(route.query ?? '')) url.searchParams.append(name, value);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}
