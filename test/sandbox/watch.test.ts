import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectEngine, ifThere } from '../../src/sandbox/docker.ts';
import { StdinLines } from '../../src/sandbox/stdin-lines.ts';
import { taskVolumes } from '../../src/sandbox/volumes.ts';
import { untilStopped } from '../../src/sandbox/watch.ts';

/** Stands in for a daemon in the states that a real one is hard to bring into: what it answers to a look, and nothing else. */
let look: () => { status: number; body: unknown } | 'hang' | 'cut';
let stop: () => Promise<void>;
let host: string;
let asked: string[];
let connections: () => Promise<number>;

beforeEach(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'engine-'));
  asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    // Docker's wait sends its headers and is then never heard of again when the daemon dies.
    if (request.url?.includes('/wait')) return void response.writeHead(200).flushHeaders();
    const answer = look();
    if (answer === 'hang') return;
    if (answer === 'cut') return void response.destroy();
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
  });
  server.listen(join(directory, 'docker.sock'));
  await once(server, 'listening');
  connections = () =>
    new Promise((count, fail) => server.getConnections((error, found) => (error ? fail(error) : count(found))));
  host = `unix://${join(directory, 'docker.sock')}`;
  stop = async () => {
    server.close();
    server.closeAllConnections();
    await rm(directory, { recursive: true, force: true });
  };
});
afterEach(() => stop());

const state = (running: boolean) => ({ status: 200, body: { State: { Running: running } } });

function follow(options: { signal?: AbortSignal; expireInMs?: number; expire?: () => Promise<void> } = {}) {
  const engine = connectEngine(host);
  const { signal } = new AbortController();
  return untilStopped(engine, engine.docker.getContainer('c'), { signal, watchdogMs: 20, ...options });
}

test('a wait that hangs for ever does not hide the end of a container', async () => {
  let looks = 0;
  look = () => {
    looks += 1;
    return state(looks < 2);
  };
  await follow();
  expect(asked.filter((url) => url.includes('/wait'))).toHaveLength(1);
});

test('an engine that is away for a while is asked again', async () => {
  const answers = ['cut', { status: 500, body: { message: 'no' } }, state(false)] as const;
  let looks = 0;
  look = () => answers[looks++] ?? state(false);
  await follow();
  expect(looks).toBe(3);
});

test('a container that is gone has stopped', async () => {
  look = () => ({ status: 404, body: { message: 'No such container: c' } });
  await follow();
});

test('a deadline is kept beside the hanging wait, and tried again where that fails', async () => {
  let running = true;
  let tries = 0;
  look = () => state(running);
  await follow({
    expireInMs: 10,
    expire: async () => {
      tries += 1;
      if (tries === 1) throw new Error('engine busy');
      running = false;
    },
  });
  expect(tries).toBe(2);
});

test('whoever follows can leave', async () => {
  look = () => state(true);
  const leave = new AbortController();
  const following = follow({ signal: leave.signal });
  leave.abort(new Error('left'));
  await expect(following).rejects.toThrow('left');
});

test('a call that the engine never answers is given up at its deadline', async () => {
  look = () => 'hang';
  const engine = connectEngine(host);
  const call = engine.call('look', (abortSignal) => engine.docker.getContainer('c').inspect({ abortSignal }), 50);
  await expect(call).rejects.toMatchObject({
    failure: { code: 'docker_down', sentence: expect.stringContaining('50 ms') },
    retry: true,
  });
});

test('calls that the engine never answers leave no connection behind, however many there were', async () => {
  look = () => 'hang';
  const engine = connectEngine(host, 20);
  const { signal } = new AbortController();
  const stdin = new StdinLines(engine);
  const asking = Array.from({ length: 5 }, () => [
    engine.facts(),
    engine.events(signal),
    stdin.write('c', 1),
    taskVolumes(engine, 'i').list(),
  ]).flat();
  for (const { status } of await Promise.allSettled(asking)) expect(status).toBe('rejected');
  await expect.poll(connections).toBe(0);
});

test('what is not there is undefined for whoever asks so, and a problem else', async () => {
  look = () => ({ status: 404, body: { message: 'No such container: c' } });
  const engine = connectEngine(host);
  const inspect = () => engine.call('look', () => engine.docker.getContainer('c').inspect());
  expect(await ifThere(inspect())).toBeUndefined();
  await expect(inspect()).rejects.toMatchObject({ failure: { code: 'docker_error' } });
});

test('an engine without seccomp is refused', async () => {
  look = () => ({ status: 200, body: { ID: 'x', Architecture: 'x86_64', SecurityOptions: [] } });
  await expect(connectEngine(host).facts()).rejects.toMatchObject({ failure: { code: 'docker_unsafe' }, retry: false });
});

test('a host that is neither a socket nor TCP is an error at once', () => {
  expect(() => connectEngine('ssh://elsewhere')).toThrow('unix:// or tcp://');
});
