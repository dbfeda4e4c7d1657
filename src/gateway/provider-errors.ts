import type { ProviderKind } from './policy.ts';

/** What went wrong, as the runner and people look for it in an agent's words. */
export type GatewayErrorCode =
  | 'errand_budget'
  | 'errand_model_down'
  | 'errand_model_auth'
  | 'errand_refused'
  | 'errand_busy';

const anthropicTypes: Readonly<Record<GatewayErrorCode, string>> = {
  errand_budget: 'rate_limit_error',
  errand_model_down: 'api_error',
  errand_model_auth: 'authentication_error',
  errand_refused: 'invalid_request_error',
  errand_busy: 'overloaded_error',
};

/** An error in the shape that the provider's own clients understand; its message starts with the code. */
export function toProviderError(kind: ProviderKind, code: GatewayErrorCode, sentence: string): string {
  const message = `${code}: ${sentence}`;
  if (kind === 'anthropic') return JSON.stringify({ type: 'error', error: { type: anthropicTypes[code], message } });
  // Codex retries every 429 but this one.
  const known = code === 'errand_budget' ? 'insufficient_quota' : code;
  return JSON.stringify({ error: { message, type: known, param: null, code: known } });
}
