import { once } from 'node:events';
import { readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { failWith, say, startModelServer } from '../fakes/model-server.ts';
import {
  agentMessage,
  agentResponse,
  ask,
  canary,
  dummyKey,
  message,
  raw,
  runGateway,
  startGatewayProcess,
} from './gateway-harness.ts';

const post = (socket: string, body: unknown, options = {}) =>
  ask(socket, 'POST', '/anthropic/v1/messages', { body, ...options });

describe('a model call', () => {
  test('reaches the provider with the real key and without any of the client', async () => {
    await using model = await startModelServer();
    await using gateway = await startGatewayProcess({ modelUrl: model.url });
    const headers = {
      authorization: `Bearer ${dummyKey}`,
      cookie: 'a=b',
      'anthropic-version': '2023-06-01',
      'openai-organization': 'org-other',
      'x-forwarded-for': '1.2.3.4',
    };
    const answer = await post(gateway.socket, message, { headers });
    expect(answer.status).toBe(200);
    const [seen] = model.requests;
    expect(seen?.path).toBe('/v1/messages');
    expect(seen?.headers).toMatchObject({ 'x-api-key': canary, 'anthropic-version': '2023-06-01' });
    expect(JSON.stringify(model.requests)).not.toContain(dummyKey);
    for (const name of ['authorization', 'cookie', 'openai-organization', 'x-forwarded-for']) {
      expect(seen?.headers).not.toHaveProperty(name);
    }
  });

  test("goes to OpenAI's path with a bearer key", async () => {
    await using model = await startModelServer();
    await using gateway = await startGatewayProcess({ modelUrl: model.url });
    const headers = { authorization: `Bearer ${dummyKey}` };
    const answer = await ask(gateway.socket, 'POST', '/openai/v1/responses', {
      body: agentResponse,
      headers,
      key: null,
    });
    expect(answer.status).toBe(200);
    expect(model.requests[0]).toMatchObject({ path: '/v1/responses', headers: { authorization: `Bearer ${canary}` } });
  });

  test("goes to a named provider's own path, with its own header for the key and its own query", async () => {
    await using model = await startModelServer({ prefixes: ['/openai/deployments/gpt-5.5'] });
    const azure = {
      kind: 'openai',
      baseUrl: model.url,
      key: canary,
      apis: ['chat'],
      auth: { header: 'api-key', scheme: null },
      paths: { chat: '/openai/deployments/{model}/chat/completions' },
      query: { 'api-version': '2026-10-01' },
      headers: { 'x-team': 'shop' },
    };
    await using gateway = await startGatewayProcess({ policy: { providers: ['azure'] }, providers: { azure } });
    const body = { model: 'gpt-5.5', messages: [{ role: 'user', content: 'Hi' }] };
    const answer = await ask(gateway.socket, 'POST', '/azure/v1/chat/completions', { body });
    expect(answer.status).toBe(200);
    expect(model.requests).toMatchObject([
      {
        path: '/openai/deployments/gpt-5.5/chat/completions?api-version=2026-10-01',
        headers: { 'api-key': canary, 'x-team': 'shop' },
      },
    ]);
    expect(model.requests[0]?.headers).not.toHaveProperty('authorization');
    expect(model.requests[0]?.headers).not.toHaveProperty('x-api-key');
    expect(await ask(gateway.socket, 'POST', '/azure/v1/responses', { body: agentResponse })).toMatchObject({
      status: 404,
    });
    expect(model.requests).toHaveLength(1);
  });

  test('goes to a provider that asks for no key without one', async () => {
    await using model = await startModelServer();
    const vllm = { kind: 'openai', baseUrl: `${model.url}/v1`, key: null };
    await using gateway = await startGatewayProcess({ policy: { providers: ['vllm'] }, providers: { vllm } });
    const body = { model: 'qwen3', messages: [{ role: 'user', content: 'Hi' }] };
    expect((await ask(gateway.socket, 'POST', '/vllm/v1/chat/completions', { body })).status).toBe(200);
    expect(model.requests[0]?.headers).not.toHaveProperty('authorization');
    expect(JSON.stringify(model.requests)).not.toContain(dummyKey);
  });

  test.each([
    ['no key', { key: null }],
    ['another key', { key: 'sk-ant-attacker' }],
    ['a second key', { headers: { authorization: 'Bearer sk-attacker' } }],
    ["the key's beginning", { key: dummyKey.slice(0, -1) }],
  ])('with %s is answered 401 and goes nowhere', async (_what, options) => {
    await using model = await startModelServer();
    await using gateway = await startGatewayProcess({ modelUrl: model.url });
    const answer = await post(gateway.socket, message, options);
    expect(answer.status).toBe(401);
    expect(JSON.parse(answer.text)).toMatchObject({ type: 'error' });
    expect(model.requests).toEqual([]);
  });

  test.each([
    ['POST', '/anthropic/v1/files', 403],
    ['POST', '/anthropic/v1/messages/../files', 400],
    ['POST', '/anthropic/v1/messages/%2e%2e/files', 400],
    ['DELETE', '/anthropic/v1/messages', 405],
    ['POST', '/openai/v1/files', 403],
  ])('%s %s is refused here', async (method, path, status) => {
    await using model = await startModelServer();
    await using gateway = await startGatewayProcess({ modelUrl: model.url });
    expect((await ask(gateway.socket, method, path, { body: message })).status).toBe(status);
    expect(model.requests).toEqual([]);
  });

  test('to a provider that the policy does not name is refused', async () => {
    await using model = await startModelServer();
    await using gateway = await startGatewayProcess({ modelUrl: model.url, policy: { providers: ['anthropic'] } });
    expect((await ask(gateway.socket, 'POST', '/openai/v1/responses', { body: agentResponse })).status).toBe(404);
  });

  test('that makes the provider fetch something is refused', async () => {
    await using model = await startModelServer();
    await using gateway = await startGatewayProcess({ modelUrl: model.url });
    const answer = await post(gateway.socket, {
      ...message,
      mcp_servers: [{ type: 'url', url: 'http://evil.example' }],
    });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('errand_refused');
    expect(model.requests).toEqual([]);
  });

  test('smuggled behind another with two lengths is refused', async () => {
    await using model = await startModelServer();
    await using gateway = await startGatewayProcess({ modelUrl: model.url });
    const head = `POST /anthropic/v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: ${dummyKey}\r\n`;
    const smuggled = 'GET /anthropic/v1/models HTTP/1.1\r\nhost: x\r\n\r\n';
    for (const lengths of [
      'content-length: 5\r\ntransfer-encoding: chunked\r\n',
      'content-length: 5\r\ncontent-length: 60\r\n',
      'transfer-encoding: identity, chunked, x\r\n',
    ]) {
      const answer = await raw(gateway.socket, `${head}${lengths}\r\n0\r\n\r\n${smuggled}`);
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    }
    expect(model.requests).toEqual([]);
  });

  test('larger than the limit is refused', async () => {
    await using gateway = await startGatewayProcess();
    const body = JSON.stringify({ ...message, metadata: 'x'.repeat(33 * 1024 * 1024) });
    const answer = await post(gateway.socket, body).catch((error: NodeJS.ErrnoException) => error);
    // The refusal may come while the body is still being sent; then the connection breaks.
    expect(answer instanceof Error ? answer.message : answer.status).toSatisfy(
      (found) => found === 413 || /EPIPE|ECONNRESET|socket hang up/.test(String(found)),
    );
  });

  test('is streamed as the provider writes it', async () => {
    await using model = await startModelServer();
    await using gateway = await startGatewayProcess({ modelUrl: model.url });
    const { promise: hold, resolve: release } = Promise.withResolvers<void>();
    model.script([{ text: 'after the wait', hold }]);
    const body = JSON.stringify({ ...agentMessage, stream: true });
    const outgoing = request({
      socketPath: gateway.socket,
      method: 'POST',
      path: '/anthropic/v1/messages',
      headers: { 'x-api-key': dummyKey, 'content-length': Buffer.byteLength(body) },
    });
    outgoing.end(body);
    const [response] = await once(outgoing, 'response');
    const [first] = await once(response, 'data');
    expect(String(first)).toContain('message_start');
    expect(String(first)).not.toContain('after the wait');
    release();
    const rest: string[] = [];
    for await (const chunk of response) rest.push(String(chunk));
    expect(rest.join('')).toContain('message_stop');
  });

  test('whose answer breaks off breaks off here, too, and is counted', async () => {
    await using model = await startModelServer();
    await using gateway = await startGatewayProcess({ modelUrl: model.url });
    model.script([{ fault: 'cut' }]);
    await expect(post(gateway.socket, { ...agentMessage, stream: true })).rejects.toThrow(/aborted|ECONNRESET/);
    await gateway.logged('"msg":"model call"');
    expect(await gateway.json('meter.json')).toMatchObject({ requests: 1, inputTokens: 100 });
  });

  test("keeps the provider's own errors, status and advice", async () => {
    await using model = await startModelServer();
    await using gateway = await startGatewayProcess({ modelUrl: model.url });
    model.script([failWith(529, { headers: { 'retry-after': '7', 'anthropic-organization-id': 'org' } })]);
    const answer = await post(gateway.socket, agentMessage);
    expect(answer.status).toBe(529);
    expect(answer.text).toContain('overloaded_error');
    expect(answer.headers).toMatchObject({ 'retry-after': '7' });
    expect(answer.headers).not.toHaveProperty('anthropic-organization-id');
  });
});

describe('the real key', () => {
  test('is in no answer, header, log or file, whatever the provider echoes', async () => {
    const echo = createServer((incoming, response: ServerResponse) => {
      const key = String(incoming.headers['x-api-key']);
      const status = Number(incoming.headers['x-stainless-status']);
      response.writeHead(status, { 'content-type': 'text/event-stream', 'request-id': `req-${key}`, 'x-other': key });
      const text = `data: {"error":"bad key ${key}"}\n\n`;
      response.write(text.slice(0, 30));
      response.end(text.slice(30));
    });
    await once(echo.listen(0, '127.0.0.1'), 'listening');
    const port = (echo.address() as AddressInfo).port;
    await using gateway = await startGatewayProcess({ modelUrl: `http://127.0.0.1:${port}` });
    for (const status of ['200', '400', '401', '403', '500', '302']) {
      const answer = await post(gateway.socket, message, { headers: { 'x-stainless-status': status } });
      expect(answer.status).toBe(status === '302' ? 502 : Number(status));
      expect(JSON.stringify(answer)).not.toContain(canary);
    }
    await gateway.stop();
    echo.close();
    expect(gateway.lines.join('\n')).not.toContain(canary);
    for (const file of await readdir(gateway.dir, { recursive: true, withFileTypes: true })) {
      if (file.isFile()) expect(await readFile(join(file.parentPath, file.name), 'utf8')).not.toContain(canary);
    }
  });

  test('refused by the provider is told as a fault of the machine and not of the task', async () => {
    await using model = await startModelServer();
    await using gateway = await startGatewayProcess({ modelUrl: model.url });
    model.script([failWith(401)]);
    const answer = await post(gateway.socket, agentMessage);
    expect(answer).toMatchObject({ status: 401, headers: { 'x-should-retry': 'false' } });
    expect(answer.text).toContain('errand_model_auth');
  });
});

describe('the meter', () => {
  test('counts streams and plain answers of all three APIs, in dollars', async () => {
    await using model = await startModelServer();
    await using gateway = await startGatewayProcess({ modelUrl: model.url });
    const usage = { input: 1_000, output: 100, cacheRead: 10_000, cacheWrite: 0 };
    model.on(() => ({ text: 'Hi', usage }));
    const chat = { model: 'gpt-5.5', messages: [], tools: agentResponse.tools };
    for (const stream of [false, true]) {
      await post(gateway.socket, { ...agentMessage, stream });
      await ask(gateway.socket, 'POST', '/openai/v1/responses', { body: { ...agentResponse, stream } });
      await ask(gateway.socket, 'POST', '/openai/v1/chat/completions', { body: { ...chat, stream } });
    }
    const claude = (1_000 * 4 + 100 * 20 + 10_000 * 0.2) / 1e6;
    const sol = (1_000 * 2 + 100 * 10 + 10_000 * 0.1) / 1e6;
    const gpt = (1_000 * 5 + 100 * 30 + 10_000 * 0.5) / 1e6;
    const meter = await gateway.json('meter.json');
    expect(meter).toMatchObject({ inputTokens: 66_000, outputTokens: 600, requests: 6 });
    expect(meter.usd).toBeCloseTo(2 * (claude + sol + gpt), 9);
  });

  test('goes on after the process was killed', async () => {
    await using model = await startModelServer();
    await using first = await startGatewayProcess({ modelUrl: model.url });
    await post(first.socket, message);
    await first.stop('SIGKILL');
    await using second = await startGatewayProcess({ modelUrl: model.url, dir: first.dir });
    await post(second.socket, message);
    expect(await second.json('meter.json')).toMatchObject({ requests: 2, inputTokens: 200 });
  });

  test('stops the task at its budget with an error that is not worth repeating', async () => {
    await using model = await startModelServer();
    await using gateway = await startGatewayProcess({ modelUrl: model.url, policy: { budgetUsd: 0.01 } });
    model.on(() => ({ text: 'Hi', usage: { input: 5_000 } }));
    expect((await post(gateway.socket, agentMessage)).status).toBe(200);
    const claude = await post(gateway.socket, agentMessage);
    expect(claude).toMatchObject({ status: 429, headers: { 'x-should-retry': 'false' } });
    expect(JSON.parse(claude.text)).toMatchObject({
      error: { type: 'rate_limit_error', message: expect.stringContaining('errand_budget') },
    });
    const codex = await ask(gateway.socket, 'POST', '/openai/v1/responses', { body: agentResponse });
    expect(codex.status).toBe(429);
    expect(JSON.parse(codex.text)).toMatchObject({
      error: { code: 'insufficient_quota', message: expect.stringContaining('errand_budget') },
    });
    expect(model.requests).toHaveLength(1);
  });

  test('cuts an answer that passes the budget before the provider has counted it', async () => {
    await using model = await startModelServer();
    await using gateway = await startGatewayProcess({ modelUrl: model.url, policy: { budgetUsd: 0.01 } });
    const { promise: hold } = Promise.withResolvers<void>();
    model.script([{ text: 'never', hold, usage: { input: 50_000 } }]);
    await expect(post(gateway.socket, { ...agentMessage, stream: true })).rejects.toThrow(/aborted|ECONNRESET/);
    await gateway.logged('cut a model call at the budget');
  });

  test('stops the task at its tokens, also of a model whose price nobody knows', async () => {
    await using model = await startModelServer();
    const policy = { budgetUsd: 0.01, budgetTokens: 5_000, unpriced: 'tokens' } as const;
    await using gateway = await startGatewayProcess({ modelUrl: model.url, policy });
    model.on(() => ({ text: 'Hi', usage: { input: 2_500, output: 20 } }));
    const unpriced = { ...agentMessage, model: 'nobody-knows-1' };
    expect((await post(gateway.socket, unpriced)).status).toBe(200);
    expect((await post(gateway.socket, unpriced)).status).toBe(200);
    const refused = await post(gateway.socket, unpriced);
    expect(refused.status).toBe(429);
    expect(refused.text).toContain('errand_budget: what this run may spend on models is used up: 5040 of 5000 tokens.');
    expect(await gateway.json('meter.json')).toMatchObject({ usd: null, usdAtMost: 0, requests: 2 });
  });

  test('counts a stream that breaks off by what passed of it', async () => {
    await using model = await startModelServer();
    await using gateway = await startGatewayProcess({ modelUrl: model.url });
    model.script([{ fault: 'cut' }]);
    await expect(post(gateway.socket, { ...agentMessage, stream: true })).rejects.toThrow(/aborted|ECONNRESET/);
    await gateway.logged('"msg":"model call"');
    const meter = await gateway.json('meter.json');
    expect(meter.requests).toBe(1);
    expect(meter.inputTokens).toBeGreaterThan(0);
  });

  test('counts a call that the task gave up before its answer began by its size', async () => {
    await using model = await startModelServer();
    await using gateway = await startGatewayProcess({ modelUrl: model.url });
    model.script([{ fault: 'hang' }]);
    const body = JSON.stringify({ ...agentMessage, stream: true });
    const headers = { 'x-api-key': dummyKey, 'content-length': Buffer.byteLength(body) };
    const outgoing = request({ socketPath: gateway.socket, method: 'POST', path: '/anthropic/v1/messages', headers });
    outgoing.on('error', () => undefined);
    outgoing.end(body);
    await model.called(1);
    outgoing.destroy();
    await gateway.logged('the task gave up a model call');
    expect(await gateway.json('meter.json')).toMatchObject({
      requests: 1,
      inputTokens: Math.ceil(Buffer.byteLength(body) / 3),
      outputTokens: 0,
    });
  });

  test('counts nothing of a call that never reached its provider', async () => {
    await using gateway = await startGatewayProcess({ modelUrl: 'http://127.0.0.1:9' });
    const body = JSON.stringify({ ...agentMessage, stream: true });
    const headers = { 'x-api-key': dummyKey, 'content-length': Buffer.byteLength(body) };
    const outgoing = request({ socketPath: gateway.socket, method: 'POST', path: '/anthropic/v1/messages', headers });
    outgoing.on('error', () => undefined);
    outgoing.end(body);
    await gateway.logged('trying a model provider again');
    outgoing.destroy();
    await gateway.logged('the task gave up a model call');
    expect(await gateway.json('meter.json')).toMatchObject({ requests: 0, inputTokens: 0 });
  });

  test('lets the provider stop when the task hangs up on a stream', async () => {
    const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
    const provider = createServer((_incoming, response: ServerResponse) => {
      response.once('close', stop);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"type":"message_start","message":{"usage":{"input_tokens":7,"output_tokens":1}}}\n\n');
    });
    await once(provider.listen(0, '127.0.0.1'), 'listening');
    const { port } = provider.address() as AddressInfo;
    await using gateway = await startGatewayProcess({ modelUrl: `http://127.0.0.1:${port}` });
    const body = JSON.stringify({ ...agentMessage, stream: true });
    const headers = { 'x-api-key': dummyKey, 'content-length': Buffer.byteLength(body) };
    const outgoing = request({ socketPath: gateway.socket, method: 'POST', path: '/anthropic/v1/messages', headers });
    outgoing.on('error', () => undefined);
    outgoing.end(body);
    const [response] = await once(outgoing, 'response');
    await once(response, 'data');
    outgoing.destroy();
    await stopped;
    await gateway.logged('"msg":"model call"');
    expect(await gateway.json('meter.json')).toMatchObject({ requests: 1, inputTokens: 7 });
    provider.close();
  });

  test('counts an answer in one piece although the task hung up', async () => {
    await using model = await startModelServer();
    await using gateway = await startGatewayProcess({ modelUrl: model.url });
    const { promise: hold, resolve: release } = Promise.withResolvers<void>();
    model.script([{ text: 'late', hold, usage: { output: 500 } }]);
    const body = JSON.stringify(agentMessage);
    const headers = { 'x-api-key': dummyKey, 'content-length': Buffer.byteLength(body) };
    const outgoing = request({ socketPath: gateway.socket, method: 'POST', path: '/anthropic/v1/messages', headers });
    outgoing.on('error', () => undefined);
    outgoing.end(body);
    await model.called(1);
    outgoing.destroy();
    release();
    await gateway.logged('"msg":"model call"');
    expect(await gateway.json('meter.json')).toMatchObject({ requests: 1, outputTokens: 500 });
  });
});

describe('a provider that is down', () => {
  test('is tried again and then told as down, in the shape that agents give up on', async () => {
    await using gateway = await startGatewayProcess();
    const answer = await post(gateway.socket, message);
    expect(answer).toMatchObject({ status: 503, headers: { 'x-should-retry': 'false' } });
    expect(JSON.parse(answer.text)).toMatchObject({
      error: { type: 'api_error', message: expect.stringMatching(/^errand_model_down: anthropic did not answer/) },
    });
  });

  test("is reached through the machine's own proxy where it has one", async () => {
    await using model = await startModelServer();
    const seen: string[] = [];
    const proxy = createServer((incoming, response) => {
      seen.push(`${incoming.method} ${incoming.url}`);
      const { pathname } = new URL(incoming.url ?? '');
      const { method, headers } = incoming;
      incoming.pipe(request(`${model.url}${pathname}`, { method, headers }, (answer) => answer.pipe(response)));
    });
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    const { port } = proxy.address() as AddressInfo;
    const egress = { proxy: `http://127.0.0.1:${port}`, noProxy: 'internal.test' };
    await using gateway = await startGatewayProcess({ modelUrl: 'http://models.test', egress });
    expect((await post(gateway.socket, message)).status).toBe(200);
    expect(seen).toEqual(['POST http://models.test/v1/messages']);
    expect(model.requests[0]?.headers).toMatchObject({ 'x-api-key': canary });
    proxy.closeAllConnections();
    proxy.close();
  });

  test('and comes up in between is not noticed', async () => {
    const probe = await startModelServer();
    const { url } = probe;
    await probe.close();
    await using gateway = await startGatewayProcess({ modelUrl: url });
    const asked = post(gateway.socket, message);
    await gateway.logged('trying a model provider again');
    await using _model = await startModelServer({ port: Number(new URL(url).port) });
    expect((await asked).status).toBe(200);
  });
});

describe('the process', () => {
  test('does not start without a policy, and says why', async () => {
    await using gateway = await startGatewayProcess();
    await gateway.stop();
    await rename(join(gateway.dir, 'policy.json'), join(gateway.dir, 'elsewhere.json'));
    const again = runGateway(gateway.dir, join(gateway.dir, '..', 'keys.json'));
    await once(again.child, 'exit');
    expect(again.child.exitCode).toBe(1);
    expect(again.lines.join()).toContain('The gateway of this task did not start: the network policy is unusable');
  });

  test('does not start on a path that no socket address holds', async () => {
    await using gateway = await startGatewayProcess();
    await gateway.stop();
    const long = join(gateway.dir, 'x'.repeat(90));
    const again = runGateway(long, join(gateway.dir, '..', 'keys.json'));
    await once(again.child, 'exit');
    expect(again.child.exitCode).toBe(1);
  });

  test('keeps the policy that it started with', async () => {
    await using model = await startModelServer();
    await using gateway = await startGatewayProcess({ modelUrl: model.url, policy: { providers: ['anthropic'] } });
    const wider = { providers: ['anthropic', 'openai'], allow: ['example.com'], budgetUsd: null, dummyKey };
    await writeFile(join(gateway.dir, 'policy.json'), JSON.stringify(wider));
    expect((await ask(gateway.socket, 'POST', '/openai/v1/responses', { body: agentResponse })).status).toBe(404);
  });

  test('leaves a socket that any user in the sandbox can open, a pid, and neither when it stops', async () => {
    await using gateway = await startGatewayProcess();
    expect((await stat(gateway.socket)).mode & 0o777).toBe(0o666);
    expect((await stat(join(gateway.dir, 's'))).mode & 0o777).toBe(0o755);
    expect(await readFile(join(gateway.dir, 'gateway.pid'), 'utf8')).toBe(`${gateway.child.pid}\n`);
    expect(await gateway.stop()).toBe(0);
    await expect(stat(gateway.socket)).rejects.toThrow(/ENOENT/);
    await expect(stat(join(gateway.dir, 'gateway.pid'))).rejects.toThrow(/ENOENT/);
  });

  test('takes over the socket of a killed one, and never that of a living one', async () => {
    await using first = await startGatewayProcess();
    const second = runGateway(first.dir, join(first.dir, '..', 'keys.json'));
    await once(second.child, 'exit');
    expect(second.lines.join()).toContain('another gateway serves it');
    await first.stop('SIGKILL');
    await using third = await startGatewayProcess({ dir: first.dir });
    expect((await ask(third.socket, 'HEAD', '/anthropic/api/hello')).status).toBe(200);
  });

  test("answers Claude Code's first question itself, and has its model list and token count answered", async () => {
    await using model = await startModelServer();
    await using gateway = await startGatewayProcess({ modelUrl: model.url });
    expect((await ask(gateway.socket, 'HEAD', '/anthropic/api/hello', { key: null })).status).toBe(200);
    expect((await ask(gateway.socket, 'GET', '/anthropic/v1/models?limit=1000')).status).toBe(200);
    const counted = await ask(gateway.socket, 'POST', '/anthropic/v1/messages/count_tokens', { body: message });
    expect(JSON.parse(counted.text)).toEqual({ input_tokens: 100 });
    expect(model.requests.map(({ path }) => path)).toEqual(['/v1/models?limit=1000', '/v1/messages/count_tokens']);
    expect(await gateway.json('meter.json')).toMatchObject({ requests: 0 });
  });

  test('serves an agent that keeps its connection after an error', async () => {
    await using model = await startModelServer();
    await using gateway = await startGatewayProcess({ modelUrl: model.url });
    model.script([failWith(500), say('better')]);
    expect((await post(gateway.socket, agentMessage)).status).toBe(500);
    expect((await post(gateway.socket, agentMessage)).text).toContain('better');
  });
});
