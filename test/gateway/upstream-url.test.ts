import { describe, expect, test } from 'vitest';
import type { Provider } from '../../src/gateway/policy.ts';
import type { ModelRoute } from '../../src/gateway/routes.ts';
import { toUpstreamUrl } from '../../src/gateway/upstream-url.ts';

const anthropic: Provider = { kind: 'anthropic', baseUrl: 'https://a.example', key: 'k' };
const openai: Provider = { kind: 'openai', baseUrl: 'https://o.example/v1/', key: 'k' };
const azure: Provider = {
  kind: 'openai',
  baseUrl: 'https://acme.azure.example',
  key: 'k',
  apis: ['chat'],
  paths: { chat: '/openai/deployments/{model}/chat/completions', models: null },
  query: { 'api-version': '2026-10-01' },
};

const url = (provider: Provider, call: ModelRoute['call'], more: Partial<ModelRoute> = {}, asked = 'gpt-5.5') =>
  toUpstreamUrl(provider, { provider: 'p', call, model: null, query: null, ...more }, asked);

describe('a call goes', () => {
  test.each([
    [anthropic, 'messages', 'https://a.example/v1/messages'],
    [anthropic, 'count_tokens', 'https://a.example/v1/messages/count_tokens'],
    [openai, 'responses', 'https://o.example/v1/responses'],
    [openai, 'chat', 'https://o.example/v1/chat/completions'],
    [azure, 'chat', 'https://acme.azure.example/openai/deployments/gpt-5.5/chat/completions?api-version=2026-10-01'],
  ] as const)('from %o by %s to %s', (provider, call, expected) => {
    expect(url(provider, call)).toBe(expected);
  });

  test('to one model’s description where it names one', () => {
    expect(url(openai, 'models', { model: 'gpt-5.5', query: 'limit=1' })).toBe(
      'https://o.example/v1/models/gpt-5.5?limit=1',
    );
  });

  test('nowhere where the provider has no such call', () => {
    expect(url(azure, 'responses')).toBeUndefined();
    expect(url(azure, 'models')).toBeUndefined();
    expect(url(anthropic, 'chat')).toBeUndefined();
  });
});

test.each(['../../admin', 'a/b?x=y#z', '%2e%2e', 'gpt 5'])(
  'a model named %s stays in its place of the path',
  (model) => {
    const { pathname, hash, searchParams } = new URL(url(azure, 'chat', {}, model) ?? '');
    expect(pathname).toBe(`/openai/deployments/${encodeURIComponent(model)}/chat/completions`);
    expect([hash, [...searchParams.keys()]]).toEqual(['', ['api-version']]);
  },
);

test.each(['', '.', '..'])('a model named “%s” fills no path', (model) => {
  expect(url(azure, 'chat', {}, model)).toBeUndefined();
});

test('what the configuration adds to every call is stronger than what the task says', () => {
  const asked = url(azure, 'chat', { query: 'api-version=1999&beta=true' });
  expect([...new URL(asked ?? '').searchParams]).toEqual([
    ['api-version', '2026-10-01'],
    ['beta', 'true'],
  ]);
});
