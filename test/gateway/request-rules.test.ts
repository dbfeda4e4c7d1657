import { describe, expect, test } from 'vitest';
import { checkRequest } from '../../src/gateway/request-rules.ts';
import type { ModelRoute } from '../../src/gateway/routes.ts';

const check = (call: ModelRoute['call'], body: unknown) => checkRequest(call, Buffer.from(JSON.stringify(body)));
const asks = (content: unknown) => ({ model: 'm', messages: [{ role: 'user', content }] });
const gives = (content: unknown) => ({ model: 'm', input: [{ role: 'user', content }] });
const data = 'data:image/png;base64,AAAA';

describe('a model call that stays a model call is passed on as it came', () => {
  test.each<[string, ModelRoute['call'], unknown]>([
    ['text and own tools', 'messages', { ...asks('Hi'), tools: [{ name: 'Bash', input_schema: {} }] }],
    [
      'a typed tool that the agent runs',
      'messages',
      { ...asks('Hi'), tools: [{ type: 'bash_20250124', name: 'bash' }] },
    ],
    ['an image inside', 'messages', asks([{ type: 'image', source: { type: 'base64', data: 'AAAA' } }])],
    [
      'a tool call whose arguments only look like a source',
      'messages',
      asks([
        { type: 'tool_use', name: 'Fetch', input: { source: { type: 'url', url: 'http://x' }, file_url: 'http://x' } },
      ]),
    ],
    ['an image inside', 'responses', gives([{ type: 'input_image', image_url: data }])],
    [
      "Codex's grouped tools",
      'responses',
      {
        model: 'm',
        input: [
          { type: 'additional_tools', tools: [{ type: 'namespace', tools: [{ type: 'custom', name: 'exec' }] }] },
          { type: 'function_call', name: 'x', arguments: '{"file_url":"http://x"}' },
        ],
      },
    ],
    ['an image inside', 'chat', asks([{ type: 'image_url', image_url: { url: data } }])],
  ])('%s (%s)', (_what, call, body) => {
    const bytes = Buffer.from(JSON.stringify(body));
    expect(checkRequest(call, bytes)).toEqual({ type: 'fit', body: bytes, model: 'm', stream: false });
  });
});

describe('a call that makes the provider reach out is refused', () => {
  test.each<[string, ModelRoute['call'], unknown]>([
    ['MCP servers', 'messages', { ...asks('Hi'), mcp_servers: [{ type: 'url', url: 'http://x' }] }],
    ['web fetch', 'messages', { ...asks('Hi'), tools: [{ type: 'web_fetch_20250910', name: 'web_fetch' }] }],
    ['web search', 'messages', { ...asks('Hi'), tools: [{ type: 'web_search_20250305', name: 'web_search' }] }],
    ['hosted code', 'messages', { ...asks('Hi'), tools: [{ type: 'code_execution_20250825', name: 'x' }] }],
    ['an image by URL', 'messages', asks([{ type: 'image', source: { type: 'url', url: 'http://x/?secret' } }])],
    ['a file of the account', 'messages', asks([{ type: 'document', source: { type: 'file', file_id: 'file_1' } }])],
    [
      'an image by URL in a tool result',
      'messages',
      asks([{ type: 'tool_result', content: [{ type: 'image', source: { type: 'url', url: 'http://x' } }] }]),
    ],
    [
      'an image by URL, only counted',
      'count_tokens',
      asks([{ type: 'image', source: { type: 'url', url: 'http://x' } }]),
    ],
    [
      'nested web search',
      'responses',
      { ...gives('Hi'), tools: [{ type: 'namespace', tools: [{ type: 'web_search' }] }] },
    ],
    ['MCP', 'responses', { ...gives('Hi'), tools: [{ type: 'mcp', server_url: 'http://x' }] }],
    ['nested MCP', 'responses', { ...gives('Hi'), tools: [{ type: 'namespace', tools: [{ type: 'mcp' }] }] }],
    [
      'a tool in the conversation',
      'responses',
      { model: 'm', input: [{ type: 'additional_tools', tools: [{ type: 'mcp', server_url: 'http://x' }] }] },
    ],
    [
      'a hosted shell',
      'responses',
      { ...gives('Hi'), tools: [{ type: 'shell', environment: { type: 'container_auto' } }] },
    ],
    ['an image by URL', 'responses', gives([{ type: 'input_image', image_url: 'https://x/?secret' }])],
    ['a file by URL', 'responses', gives([{ type: 'input_file', file_url: 'https://x' }])],
    [
      'an image by URL in an output',
      'responses',
      {
        model: 'm',
        input: [{ type: 'function_call_output', output: [{ type: 'input_image', image_url: 'https://x' }] }],
      },
    ],
    ['an image by URL', 'chat', asks([{ type: 'image_url', image_url: { url: 'https://x' } }])],
    ['search options', 'chat', { ...asks('Hi'), web_search_options: {} }],
    ['a searching model', 'chat', { ...asks('Hi'), model: 'gpt-5-search-api' }],
  ])('%s (%s)', (_what, call, body) => {
    expect(check(call, body)).toMatchObject({ type: 'unfit' });
  });
});

test('the search that Codex lists unasked is taken out, and nothing else', () => {
  const own = { type: 'function', name: 'shell' };
  const listed = [{ type: 'web_search', external_web_access: true }, { type: 'image_generation' }, own];
  const more = { type: 'additional_tools', tools: [{ type: 'web_search_preview' }, own] };
  const checked = check('responses', {
    ...gives('Hi'),
    input: [...gives('Hi').input, more],
    tools: listed,
    store: false,
  });
  if (checked.type !== 'fit') throw new Error(checked.sentence);
  expect(JSON.parse(checked.body.toString())).toEqual({
    model: 'm',
    input: [
      { role: 'user', content: 'Hi' },
      { type: 'additional_tools', tools: [own] },
    ],
    tools: [own],
    store: false,
  });
});

test('of a name that comes twice only what was checked is passed on', () => {
  const text = '{"model":"m","mcp_servers":[{"url":"http://x"}],"mcp_servers":[],"messages":[]}';
  const checked = checkRequest('messages', Buffer.from(text));
  if (checked.type !== 'fit') throw new Error(checked.sentence);
  expect(checked.body.toString()).toBe('{"model":"m","mcp_servers":[],"messages":[]}');
});

describe('a call that could not be metered or costs more is refused', () => {
  test.each<[string, unknown]>([
    ['background work', { ...gives('Hi'), background: true }],
    ['a dearer tier', { ...gives('Hi'), service_tier: 'priority' }],
    ['fast mode', { ...asks('Hi'), speed: 'fast' }],
  ])('%s', (_what, body) => {
    expect(check('responses', body)).toMatchObject({ type: 'unfit' });
  });

  test.each(['', '[]', 'null', '"x"', '{"model":'])('%j, which is no JSON object', (text) => {
    expect(checkRequest('messages', Buffer.from(text))).toMatchObject({ type: 'unfit' });
  });

  test('a chat stream is told to report usage, whatever it asked', () => {
    const checked = check('chat', { ...asks('Hi'), stream: true, stream_options: { include_usage: false, x: 1 } });
    if (checked.type !== 'fit') throw new Error(checked.sentence);
    expect(JSON.parse(checked.body.toString())).toMatchObject({ stream_options: { include_usage: true, x: 1 } });
  });
});

describe('a key that another decoder would take for one that is judged is refused', () => {
  const hosted = [{ type: 'web_search_20250305', name: 'web_search' }];
  test.each<[string, ModelRoute['call'], object]>([
    ['Tools', 'messages', { ...asks('Hi'), Tools: hosted }],
    ['Model', 'chat', { ...asks('Hi'), Model: 'gpt-search-api' }],
    ['ſtream', 'chat', { ...asks('Hi'), ſtream: true }],
    ['Include_Usage', 'chat', { ...asks('Hi'), stream: true, stream_options: { Include_Usage: false } }],
    ['Type', 'messages', { ...asks('Hi'), tools: [{ type: 'custom', Type: 'web_search_20250305' }] }],
    ['Source', 'messages', asks([{ type: 'tool_result', content: [{ type: 'image', Source: { type: 'url' } }] }])],
    ['File_URL', 'responses', gives([{ type: 'input_file', File_URL: 'http://x' }])],
  ])('%s (%s)', (key, call, body) => {
    expect(check(call, body)).toEqual({
      type: 'unfit',
      sentence: `The key ${key} differs from a known one only by its case.`,
    });
  });

  test.each<[string, ModelRoute['call'], object]>([
    ['arguments', 'messages', asks([{ type: 'tool_use', name: 'Write', input: { Content: 'x', URL: 'y' } }])],
    [
      'schemas',
      'messages',
      { ...asks('Hi'), tools: [{ name: 'a', input_schema: { properties: { Type: { type: 'string' } } } }] },
    ],
    [
      'parameters',
      'chat',
      { ...asks('Hi'), tools: [{ type: 'function', function: { parameters: { properties: { Model: {} } } } }] },
    ],
  ])('but not in %s of a tool (%s)', (_what, call, body) => expect(check(call, body).type).toBe('fit'));
});
