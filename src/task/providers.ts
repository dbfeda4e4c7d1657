/** The calls that carry a conversation: Anthropic's Messages, and OpenAI's Responses and Chat Completions. */
export type ModelApi = 'messages' | 'responses' | 'chat';

export type ProviderKind = 'anthropic' | 'openai';

/** What a provider of a kind offers unless its configuration says less. */
export const apisOf: Readonly<Record<ProviderKind, readonly ModelApi[]>> = {
  anthropic: ['messages'],
  openai: ['responses', 'chat'],
};

export const apiNames: Readonly<Record<ModelApi, string>> = {
  messages: 'Anthropic’s Messages',
  responses: 'OpenAI’s Responses',
  chat: 'OpenAI’s Chat Completions',
};

/** A model provider of the configuration, as far as choosing it goes. */
export interface ProviderPolicy {
  readonly apis: readonly ModelApi[];
  /** The setting that is missing for it to work; null when it can. */
  readonly missing: string | null;
  /** The model for a request that names none; null leaves it to the agent. */
  readonly model: string | null;
  /** The one for an agent that has none of its own either. */
  readonly standardModel: string | null;
}

/** The first of an agent's APIs, best first, that a provider offers. */
export function sharedApi(wanted: readonly ModelApi[], offered: readonly ModelApi[]): ModelApi | undefined {
  return wanted.find((api) => offered.includes(api));
}
