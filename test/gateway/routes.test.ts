import { describe, expect, test } from 'vitest';
import { findRoute } from '../../src/gateway/routes.ts';

const kinds = new Map([
  ['anthropic', 'anthropic'],
  ['openai', 'openai'],
] as const);
const kindOf = (name: string) => new Map<string, 'anthropic' | 'openai'>(kinds).get(name);

describe('what a task can ask of a provider', () => {
  test.each([
    ['POST', '/anthropic/v1/messages', { call: 'messages', query: null }],
    ['POST', '/anthropic/v1/messages?beta=true', { call: 'messages', query: 'beta=true' }],
    ['POST', '/anthropic/v1/messages/count_tokens', { call: 'count_tokens' }],
    ['GET', '/anthropic/v1/models?limit=1000', { call: 'models', model: null, query: 'limit=1000' }],
    ['GET', '/anthropic/v1/models/claude-opus-5-5', { call: 'models', model: 'claude-opus-5-5' }],
    ['HEAD', '/anthropic/api/hello', { call: 'hello' }],
    ['POST', '/openai/v1/responses', { call: 'responses' }],
    ['POST', '/openai/v1/chat/completions', { call: 'chat' }],
    ['GET', '/openai/v1/models', { call: 'models' }],
  ])('%s %s is passed on', (method, target, route) => {
    expect(findRoute(method, target, kindOf)).toMatchObject({ type: 'route', route });
  });

  test.each([
    ['POST', '/anthropic/v1/files', 403],
    ['POST', '/anthropic/v1/messages/batches', 403],
    ['POST', '/openai/v1/files', 403],
    ['GET', '/openai/v1/responses/resp_1', 403],
    ['POST', '/openai/v1/responses/resp_1/cancel', 403],
    ['POST', '/openai/v1/messages', 403],
    ['GET', '/anthropic/v1/messages', 405],
    ['DELETE', '/openai/v1/models', 405],
    ['POST', '/anthropic/v1/messages/../files', 400],
    ['POST', '/anthropic/v1/messages/%2e%2e/files', 400],
    ['POST', '/anthropic/v1//messages', 400],
    ['POST', '/anthropic/v1/./messages', 400],
    ['POST', '/anthropic/v1\\messages', 400],
    ['POST', '/anthropic/v1/messages;x=1', 400],
    ['POST', '/anthropic/v1/messages?to=http://evil.example/', 400],
    ['POST', '/anthropic/v1/messages#x', 400],
    ['POST', '/anthropic/v1/messages/', 403],
    ['POST', '//anthropic/v1/messages', 400],
    ['POST', '/Anthropic/v1/messages', 400],
    ['POST', '/other/v1/messages', 404],
    ['POST', '/v1/messages', 404],
    ['GET', '/anthropic/v1/models/a/b', 403],
    ['GET', '/', 400],
    ['OPTIONS', '*', 400],
  ])('%s %s is refused with %i', (method, target, status) => {
    expect(findRoute(method, target, kindOf)).toMatchObject({ type: 'refused', status });
  });
});
