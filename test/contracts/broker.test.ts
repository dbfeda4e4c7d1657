import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BrokerClient } from '../../src/sandbox/broker-client.ts';
import { Problem } from '../../src/task/problem.ts';
import { allRecords, askGateway, docker, type Ground, makeGround, makeOrder, record } from '../sandbox/ground.ts';

const main = join(import.meta.dirname, '../../src/sandbox/broker-main.ts');
const echo = `${record} n=0; while read -r line; do n=$((n+1)); record "{\\"n\\":$n,\\"line\\":$line}"; done`;

let ground: Ground;
let socket: string;

beforeAll(async () => {
  ground = await makeGround();
  socket = join(ground.root, 'broker.sock');
});
afterAll(async () => {
  await ground[Symbol.asyncDispose]();
});

/** The broker as it runs in production: a process of its own with an empty environment. Disposing it is a SIGTERM. */
async function startBroker() {
  const file = join(ground.root, 'broker.json');
  const sandbox = ground.options({ command: ['sh', '-c', echo] });
  await writeFile(file, JSON.stringify({ socket, sandbox }));
  const child = spawn(process.execPath, [main, file], { env: {}, stdio: ['ignore', 'pipe', 'inherit'] });
  let log = '';
  child.stdout.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  const exit = once(child, 'exit');
  await expect.poll(() => log, { timeout: 20_000 }).toContain('sandbox broker ready');
  return {
    log: () => log,
    async end(signal: NodeJS.Signals): Promise<unknown> {
      child.kill(signal);
      return (await exit)[0];
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await exit;
    },
  };
}

function post(path: string, body: string): Promise<{ status: number | undefined; body: unknown }> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath: socket, path, method: 'POST' }, (response) => {
      json(response).then((parsed) => resolve({ status: response.statusCode, body: parsed }), reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

test('a worker drives a run through the broker from start to removal', async () => {
  await using _broker = await startBroker();
  const sandbox = new BrokerClient(socket);
  const order = makeOrder();
  const facts: { ID: string } = await docker.info();
  expect(await sandbox.engine()).toBe(facts.ID);
  await sandbox.start(order);
  await sandbox.send(order.run, { type: 'one' });
  const leave = new AbortController();
  await using records = sandbox.records(order.run, 0, leave.signal);
  expect((await records.next()).value).toEqual({ n: 1, line: { type: 'one' } });
  const waiting = records.next();
  leave.abort();
  expect((await waiting).done).toBe(true);
  expect(await sandbox.state(order.run)).toEqual({ type: 'running' });
  expect(await sandbox.list()).toContainEqual({ task: order.task, run: order.run, running: true });
  expect(await sandbox.usage(order.task)).toBeNull();
  expect(await sandbox.blocked(order.task)).toEqual([]);
  await sandbox.stop(order.run, 0);
  expect(await allRecords(sandbox, order)).toEqual([{ n: 1, line: { type: 'one' } }]);
  expect(await sandbox.state(order.run)).toMatchObject({ type: 'exited', code: 137 });
  expect(await sandbox.check(order.run, { folder: 'repo', command: 'true' }, 5_000)).toMatchObject({
    command: 'true',
    exitCode: 125,
  });
  await sandbox.remove(order.task, { workspace: true });
  expect(await sandbox.state(order.run)).toEqual({ type: 'absent' });
});

describe('the end of a broker', () => {
  test.each(['SIGTERM', 'SIGKILL'] as const)('by %s ends no run, and the next one goes on with it', async (signal) => {
    const broker = await startBroker();
    const sandbox = new BrokerClient(socket);
    const order = makeOrder();
    await sandbox.start(order);
    await sandbox.send(order.run, 1);
    await using records = sandbox.records(order.run, 0, new AbortController().signal);
    await records.next();
    const before = await askGateway(ground.socketOf(order));
    const cut = expect(records.next()).rejects.toMatchObject({ failure: { code: 'broker_down' }, retry: true });
    expect(await broker.end(signal)).toBe(signal === 'SIGTERM' ? 0 : null);
    await cut;
    await expect(sandbox.state(order.run)).rejects.toMatchObject({
      failure: { code: 'broker_down', sentence: expect.stringContaining(socket) },
      retry: true,
    });

    await using _next = await startBroker();
    expect(await sandbox.state(order.run)).toEqual({ type: 'running' });
    expect(await askGateway(ground.socketOf(order))).toEqual(before);
    await sandbox.send(order.run, 2);
    await using later = sandbox.records(order.run, 1, new AbortController().signal);
    expect((await later.next()).value).toEqual({ n: 2, line: 2 });
    await sandbox.stop(order.run, 0);
    expect((await later.next()).done).toBe(true);
  });

  test('is not brought about by a second one, which refuses to serve', async () => {
    await using _broker = await startBroker();
    const file = join(ground.root, 'broker.json');
    const second = spawn(process.execPath, [main, file], { env: {}, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    second.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const [code] = await once(second, 'exit');
    expect(code).not.toBe(0);
    expect(said).toContain('already answers');
    await new BrokerClient(socket).engine();
  });
});

describe('what a broker refuses with 400:', () => {
  const good = makeOrder();
  test.each([
    ['a call that there isn’t', '/exec', {}],
    ['a call by another name', '/../start', good],
    ['no JSON', '/state', '{'],
    ['an unknown key', '/start', { ...good, mounts: ['/:/host'] }],
    ['an image reference in the place of a key', '/start', { ...good, image: 'debian:12' }],
    ['a repository elsewhere', '/start', { ...good, repositories: ['/etc'] }],
    ['the Docker socket', '/start', { ...good, repositories: ['/var/run/docker.sock'] }],
    ['a run that is a path', '/state', { run: '../../etc/passwd' }],
    [
      'a start that is an option',
      '/export',
      { run: good.run, folder: 'repo', start: '--upload-pack=evil', capBytes: 1000 },
    ],
    [
      'a folder outside of the workspace',
      '/export',
      { run: good.run, folder: 'repos/../home', start: '0'.repeat(40), capBytes: 1000 },
    ],
    ['no limits', '/start', { ...good, limits: {} }],
  ])('%s', async (_what, path, body) => {
    await using _broker = await startBroker();
    const answer = await post(path, typeof body === 'string' ? body : JSON.stringify(body));
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ problem: { failure: { sentence: expect.any(String) }, retry: false } });
    expect(await new BrokerClient(socket).state(good.run)).toEqual({ type: 'absent' });
  });
});

test('a broker whose sandboxes can’t be as they should says so, starts nothing, and looks after what runs', async () => {
  const order = makeOrder();
  const held = ground.open();
  await held.start(order);
  const file = join(ground.root, 'unfit.json');
  await writeFile(file, JSON.stringify({ socket, sandbox: ground.options({ runtime: 'runsc' }) }));
  const child = spawn(process.execPath, [main, file], { env: {}, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const exit = once(child, 'exit');
  try {
    const [word] = await once(child, 'message');
    expect(word).toEqual({ failed: expect.stringContaining('Sandboxes are to run on runsc') });
    const sandbox = new BrokerClient(socket);
    await expect(sandbox.ready()).rejects.toMatchObject({ failure: { code: 'runtime_missing' }, retry: true });
    await expect(sandbox.start(makeOrder())).rejects.toMatchObject({ failure: { code: 'runtime_missing' } });
    expect(await sandbox.state(order.run)).toEqual({ type: 'running' });
  } finally {
    child.kill('SIGTERM');
    await exit;
  }
});

test('a broker’s socket is its owner’s alone', async () => {
  await using _broker = await startBroker();
  expect((await stat(socket)).mode & 0o777).toBe(0o600);
});

test('a problem crosses the wire with its words and whether to try again', async () => {
  await using _broker = await startBroker();
  const sandbox = new BrokerClient(socket);
  const order = makeOrder({ image: 'missing' });
  const problem = await sandbox.start(order).catch((error: unknown) => error);
  expect(problem).toBeInstanceOf(Problem);
  expect(problem).toMatchObject({ failure: { code: 'image_missing' }, retry: true });
  await expect(sandbox.send(order.run, {})).rejects.toMatchObject({ failure: { code: 'not_running' }, retry: false });
});

test('the reaper is at hand over the wire', async () => {
  await using _broker = await startBroker();
  const sandbox = new BrokerClient(socket);
  const order = makeOrder();
  await sandbox.start(order);
  expect(await sandbox.reap([order.task], 0)).not.toContain(order.task);
  expect(await sandbox.reap([], 3_600_000)).not.toContain(order.task);
  expect(await sandbox.state(order.run)).toEqual({ type: 'running' });
});

describe('an engine that is away', () => {
  test('does not end the broker, which says so and takes up its runs later', async () => {
    const away = join(ground.root, 'docker.sock');
    const file = join(ground.root, 'away.json');
    const other = join(ground.root, 'away.sock');
    await writeFile(file, JSON.stringify({ socket: other, sandbox: ground.options({ dockerHost: `unix://${away}` }) }));
    const child = spawn(process.execPath, [main, file], { env: {}, stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await expect
        .poll(
          () =>
            stat(other).then(
              () => true,
              () => false,
            ),
          { timeout: 20_000 },
        )
        .toBe(true);
      const sandbox = new BrokerClient(other);
      await expect(sandbox.engine()).rejects.toMatchObject({ failure: { code: 'docker_down' }, retry: true });

      // A daemon that takes a call and never answers it.
      await using hanging = createServer(() => {}).listen(away);
      await once(hanging, 'listening');
      const asked = sandbox.engine().catch((error: unknown) => error);
      await once(hanging, 'request');
      hanging.closeAllConnections();
      expect(await asked).toMatchObject({ failure: { code: 'docker_down' } });
    } finally {
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      expect((await exit)[0]).toBe(0);
    }
  });
});
