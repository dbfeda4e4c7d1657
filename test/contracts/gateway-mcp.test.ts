import { describe, expect, test } from 'vitest';
import { startMcpServer } from '../fakes/mcp-server.ts';
import { type Answer, ask, canary, dummyKey, startGatewayProcess } from './gateway-harness.ts';

const rpc = (method: string, params: object = {}, id: number | null = 1) => ({
  jsonrpc: '2.0',
  ...(id === null ? {} : { id }),
  method,
  params,
});
const accept = { accept: 'application/json, text/event-stream', authorization: `Bearer ${dummyKey}` };

async function prepare(tools: readonly string[] | null, { limits = {} }: { limits?: object } = {}) {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await startMcpServer(`Bearer ${canary}`));
  const mcp = { docs: { url: server.url, key: canary }, other: { url: server.url, key: canary } };
  const policy = { providers: [], mcp: [{ name: 'docs', tools: tools === null ? null : [...tools] }], ...limits };
  const gateway = stack.use(await startGatewayProcess({ policy, mcp }));
  let session = '';
  const send = async (
    body: unknown,
    headers: Record<string, string> = {},
    method = 'POST',
    path = '/mcp/docs',
  ): Promise<Answer> => {
    const own = { ...accept, ...(session === '' ? {} : { 'mcp-session-id': session }), ...headers };
    const answer = await ask(gateway.socket, method, path, { body, headers: own, key: null });
    session = String(answer.headers['mcp-session-id'] ?? session);
    return answer;
  };
  await send(rpc('initialize', { protocolVersion: '2025-06-18' }));
  return { server, gateway, send, session: () => session, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** The messages of an answer, plain or streamed. */
const messages = (text: string): unknown[] =>
  text.startsWith('{')
    ? [JSON.parse(text)]
    : Array.from(text.matchAll(/^data: (.*?)\r?$/gm), ([, data = '']) => JSON.parse(data));

describe('a task and its MCP server', () => {
  test('talk in a session, with the real key in place of the dummy, streamed answers and an end', async () => {
    await using set = await prepare(null);
    const answer = await set.send(rpc('tools/call', { name: 'delete_all', arguments: { word: 'errand' } }));
    expect(answer.headers['content-type']).toBe('text/event-stream');
    expect(messages(answer.text).at(-1)).toMatchObject({
      id: 1,
      result: { content: [{ text: expect.stringContaining('short journey') }] },
    });
    expect((await set.send(rpc('notifications/initialized', {}, null))).status).toBe(202);
    expect((await set.send('', {}, 'DELETE')).status).toBe(204);
    const shown = set.server.requests.map(({ headers }) => headers.authorization);
    expect(new Set(shown)).toEqual(new Set([`Bearer ${canary}`]));
    expect(set.server.requests.map(({ path }) => path)).toEqual(Array(4).fill('/mcp'));
    expect(set.server.requests.slice(1).every(({ headers }) => headers['mcp-session-id'] === set.session())).toBe(true);
    expect(JSON.stringify(set.server.requests)).not.toContain(dummyKey);
  });

  test('exchange no key, even where the server tells it', async () => {
    await using set = await prepare(null);
    const answer = await set.send(rpc('tools/call', { name: 'look_up' }));
    expect(answer.text).toContain('[redacted]');
    expect(answer.text).not.toContain(canary);
    expect(set.gateway.lines.join('\n')).not.toContain(canary);
  });

  test('have only the granted tools: the others are not listed, and not called', async () => {
    await using set = await prepare(['look_up']);
    const [, listed] = messages((await set.send(rpc('tools/list'))).text);
    expect(listed).toMatchObject({ result: { tools: [{ name: 'look_up' }] } });
    expect(JSON.stringify(listed)).not.toContain('delete_all');
    expect((await set.send(rpc('tools/call', { name: 'look_up' }))).status).toBe(200);
    const refused = await set.send(rpc('tools/call', { name: 'delete_all' }, 7));
    expect(JSON.parse(refused.text)).toMatchObject({
      id: 7,
      error: { code: -32_602, message: expect.stringContaining('delete_all') },
    });
    for (const body of [
      // The second of two names is the one that many parsers keep.
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"look_up","name":"delete_all"}}',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":["delete_all"]}}',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call"}',
      '{"jsonrpc":"2.0","id":1,"method":"resources/list"}',
      '{"jsonrpc":"2.0","id":1,"method":"completion/complete"}',
    ]) {
      expect(JSON.parse((await set.send(body)).text)).toMatchObject({
        error: { message: expect.stringContaining('errand_refused') },
      });
    }
    const batch = [rpc('tools/call', { name: 'delete_all' })];
    expect((await set.send(batch)).status).toBe(400);
    expect((await set.send(rpc('tools/call', { name: 'delete_all' }, null))).status).toBe(400);
    expect(set.server.called.map(({ name }) => name)).toEqual(['look_up']);
  });

  test.each([
    ['another server of the configuration', 'POST', '/mcp/other', 404],
    ['no server', 'POST', '/mcp/nowhere', 404],
    ['another path of it', 'POST', '/mcp/docs/admin', 404],
    ['a query', 'POST', '/mcp/docs?x=1', 404],
    ['a path that is written round about', 'POST', '/mcp/../mcp/docs', 404],
    ['another method', 'PUT', '/mcp/docs', 405],
  ])('do not meet at %s', async (_what, method, path, status) => {
    await using set = await prepare(null);
    expect((await set.send(rpc('ping'), {}, method, path)).status).toBe(status);
    expect(set.server.requests).toHaveLength(1);
  });

  test.each([
    ['without a key', { authorization: '' }],
    ['with another', { authorization: 'Bearer other' }],
    ['with a second', { 'x-api-key': 'other' }],
  ])('do not meet %s', async (_what, headers) => {
    await using set = await prepare(null);
    expect((await set.send(rpc('ping'), headers)).status).toBe(401);
    expect(set.server.requests).toHaveLength(1);
  });

  test('do not carry credentials of the task’s own making, nor cookies', async () => {
    await using set = await prepare(null);
    await set.send(rpc('ping'), { cookie: 'a=b', 'proxy-authorization': 'Basic x', 'x-forwarded-for': '1.2.3.4' });
    const sent = Object.keys(set.server.requests.at(-1)?.headers ?? {});
    expect(sent).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(cookie|proxy-authorization|x-forwarded-for)$/)]),
    );
  });

  test('part where a message is too large', async () => {
    await using set = await prepare(null);
    const word = 'x'.repeat(4 * 1024 * 1024);
    expect((await set.send(rpc('tools/call', { name: 'look_up', arguments: { word } }))).status).toBe(413);
    expect(set.server.called).toEqual([]);
  });

  test('part at a refused key in words that send no agent to sign in', async () => {
    await using set = await prepare(null);
    set.server.fail(401);
    const answer = await set.send(rpc('ping'));
    expect(answer.status).toBe(502);
    expect(answer.headers).not.toHaveProperty('www-authenticate');
    expect(answer.text).toContain('refused the key that Errand holds');
  });

  test('what passes is counted, and on disk', async () => {
    await using set = await prepare(null);
    await set.send(rpc('tools/call', { name: 'look_up' }));
    const meter = await set.gateway.json('meter.json');
    expect(meter.uploadedBytes).toBeGreaterThan(100);
    expect(meter.downloadedBytes).toBeGreaterThan(100);
  });
});

test('a gateway does not start where its policy grants a server that the keys file lacks', async () => {
  const policy = { providers: [], mcp: [{ name: 'docs', tools: null }] };
  await expect(startGatewayProcess({ policy })).rejects.toThrow('it has no MCP server');
});
