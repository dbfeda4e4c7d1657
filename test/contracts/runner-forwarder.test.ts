import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { startForwarder } from '../../sandbox/forwarder.ts';
import type { ModelAnswer } from '../../sandbox/wire.ts';

/** A gateway that does with each connection what the test says, behind a forwarder. */
async function between(serve: (socket: Socket) => void) {
  const stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'errand-forwarder-'));
  stack.defer(() => rm(folder, { recursive: true }));
  const gateway = join(folder, 'gateway.sock');
  const server = createServer({ allowHalfOpen: true }, serve);
  server.listen(gateway);
  await once(server, 'listening');
  stack.defer(() => void server.close());
  const answers: ModelAnswer[] = [];
  const forwarder = stack.use(
    await startForwarder({
      listen: { host: '127.0.0.1', port: 0 },
      gateway,
      answered: (answer) => answers.push(answer),
    }),
  );
  const dial = async (request: string, options: { end?: boolean } = {}) => {
    const socket = connect({ host: '127.0.0.1', port: forwarder.port, allowHalfOpen: true });
    await once(socket, 'connect');
    if (options.end) socket.end(request);
    else socket.write(request);
    return socket;
  };
  return { answers, dial, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const post = 'POST /anthropic/v1/messages HTTP/1.1\r\nhost: x\r\n\r\n';

test('what an MCP server answers is no answer of the model', async () => {
  await using set = await between(async (socket) => {
    socket.end('HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n');
  });
  await text(await set.dial('POST /mcp/docs HTTP/1.1\r\nhost: x\r\n\r\n'));
  expect(set.answers).toEqual([]);
  await text(await set.dial(post));
  expect(set.answers).toMatchObject([{ status: 503 }]);
});

test('a client that closes its half first still gets the whole answer', async () => {
  await using set = await between(async (socket) => {
    const sent = await text(socket);
    socket.end(`after the end: ${sent}`);
  });
  const socket = await set.dial('hello', { end: true });
  expect(await text(socket)).toBe('after the end: hello');
});

test('a gateway that closes its half first still hears the client out', async () => {
  const heard = Promise.withResolvers<string>();
  await using set = await between((socket) => {
    socket.end('first word');
    heard.resolve(text(socket));
  });
  const socket = await set.dial('hello');
  expect(await text(socket)).toBe('first word');
  socket.end(' again');
  expect(await heard.promise).toBe('hello again');
});

test('the status of a model call is seen, with its body even where that comes later', async () => {
  await using set = await between((socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 429 Too Many Requests\r\ncontent-length: 13\r\n\r\n', () =>
        setImmediate(() => socket.end('errand_budget')),
      );
    });
  });
  await text(await set.dial(post));
  expect(set.answers.at(-1)).toEqual({ status: 429, body: expect.stringContaining('errand_budget') });
});

test.each([
  'CONNECT pypi.test:443 HTTP/1.1\r\n\r\n',
  'GET http://pypi.test/ HTTP/1.1\r\n\r\n',
  'GET /v1/models HTTP/1.1\r\n\r\n',
])('what is no model call says nothing about the model: %s', async (request) => {
  await using set = await between((socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'));
  });
  await text(await set.dial(request));
  expect(set.answers).toEqual([]);
});

const stream = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n';

test('an answer that breaks off counts as a failure, a whole one does not', async () => {
  let last = '';
  await using set = await between((socket) => {
    socket.once('data', () => socket.end(stream + last));
  });
  await text(await set.dial(post));
  expect(set.answers.map(({ status }) => status)).toEqual([200, 502]);
  last = '0\r\n\r\n';
  await text(await set.dial(post));
  expect(set.answers.map(({ status }) => status)).toEqual([200, 502, 200]);
});
