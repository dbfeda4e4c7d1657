import { execFile } from 'node:child_process';
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type Dockerode from 'dockerode';
import { z } from 'zod';
import { narrate } from '../../src/app/narrate.ts';
import { type ContainerOrder, runSpec } from '../../src/sandbox/container-spec.ts';
import { connectEngine } from '../../src/sandbox/docker.ts';
import { places } from '../../src/setup/places.ts';
import { openRedis } from '../../src/store/connection.ts';
import { createStore } from '../../src/store/store.ts';
import { toRunId, toTaskId } from '../../src/task/ids.ts';
import type { ErrandUnderTest } from '../support/errand.ts';
import { task as exampleTask } from '../task/example.ts';

import { openProtected } from './protected.ts';

const run = promisify(execFile);

/** What the same machine needs for the bare thing, taken between the errands of one run. */
export const floors = {
  dockerRun: 'docker run --rm --network none … echo',
  plain: 'container, plain: create to first output',
  hardened: 'container, as Errand hardens it',
  protected: 'order to first record: disk, gateway, container',
  clone: 'git clone --local',
  ping: 'Redis PING',
  create: 'Redis: one task stored',
  http: 'HTTP round trip, signature checked',
} as const;

export type Floor = keyof typeof floors;

/** Each call takes one floor once, in milliseconds. */
export type Floors = Readonly<Record<Floor, () => Promise<number>>> & AsyncDisposable;

/** Sets up what the floors need beside a running Errand, whose engine, image and Redis they use. */
export async function openFloors(errand: ErrandUnderTest, repository: string): Promise<Floors> {
  const at = places({ ERRAND_DATA_DIR: errand.dataDir });
  const folder = await mkdtemp(join(tmpdir(), 'errand-bench-'));
  const { id: image } = z.object({ id: z.string() }).parse(JSON.parse(await readFile(at.imageFile, 'utf8')));
  const engine = connectEngine(process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock');
  const plain = { Image: image, Cmd: ['echo', 'ready'], HostConfig: { NetworkMode: 'none' } };
  const hardened = await hardenedSpec(folder, { image, instance: at.instance, engine: await engine.facts() });
  const start = await openProtected({ image, dockerHost: engine.host });
  const redis = openRedis(at.redisSocket, { name: 'bench', onError: () => undefined });
  // Tasks of another instance: the worker doesn't see them.
  const { tasks } = createStore(redis, { instance: 'bench', narrate, clock: { now: () => Date.now() } });
  const echo = await startSignedEcho();
  const source = join(errand.dataDir, 'forge', 'repositories', `${repository}.git`);

  return {
    dockerRun: () => timed(() => run('docker', ['run', '--rm', '--network', 'none', image, 'echo', 'ready'])),
    plain: () => firstOutput(engine.docker, plain),
    hardened: () =>
      firstOutput(engine.docker, { ...hardened, name: `${hardened.name}-${randomBytes(4).toString('hex')}` }),
    protected: () => start.take(),
    async clone() {
      const target = join(folder, 'clone');
      const ms = await timed(() => run('git', ['clone', '--local', '--quiet', source, target]));
      await rm(target, { recursive: true });
      return ms;
    },
    ping: () => timed(() => redis.ping()),
    create() {
      const id = toTaskId(randomBytes(6));
      const task = exampleTask({ id });
      return timed(() => tasks.create(task, narrate(task, { type: 'task_created', at: task.createdAt }, task)));
    },
    http: () => timed(echo.call),
    async [Symbol.asyncDispose]() {
      redis.disconnect();
      await echo.close();
      await start[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  await act();
  return performance.now() - before;
}

/** The agent's container down to its last setting, with an echo in place of the runner. */
async function hardenedSpec(folder: string, given: Pick<ContainerOrder, 'image' | 'instance' | 'engine'>) {
  const [workspace, gateway, mirror] = ['workspace', 'gateway', 'mirror.git'].map((name) => join(folder, name));
  if (workspace === undefined || gateway === undefined || mirror === undefined) throw new Error('three folders');
  for (const directory of [workspace, gateway, mirror]) await mkdir(directory);
  await chmod(folder, 0o711);
  await chmod(workspace, 0o777);
  const task = toTaskId(randomBytes(6));
  const order: ContainerOrder = {
    ...given,
    task,
    run: toRunId(task, 1),
    uid: 29_999,
    workspace: { type: 'bind', source: workspace },
    repositories: [{ source: mirror, target: mirror }],
    limits: { memoryBytes: 2 ** 31, cpus: 2, pids: 512, workspaceBytes: 2 ** 30, runMs: 60_000 },
    runtime: null,
  };
  return runSpec(order, { command: ['echo', 'ready'], gateway });
}

/** From the order to create a container to the first byte of its output; removing it isn't counted. */
async function firstOutput(docker: Dockerode, spec: Dockerode.ContainerCreateOptions): Promise<number> {
  const before = performance.now();
  const container = await docker.createContainer(spec);
  try {
    const output = await container.attach({ stream: true, stdout: true, hijack: true });
    const said = once(output, 'data');
    await container.start();
    await said;
    return performance.now() - before;
  } finally {
    await container.remove({ force: true });
  }
}

/** The least that a server of Slack's requests does: read the body, check its signature, answer. */
async function startSignedEcho() {
  const secret = randomBytes(16);
  const sign = (body: string) => createHmac('sha256', secret).update(body).digest();
  const body = JSON.stringify({ command: '/agent', text: 'x'.repeat(1_000) });
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const shown = Buffer.from(String(incoming.headers['x-signature']), 'hex');
    const ok = timingSafeEqual(shown, sign(Buffer.concat(chunks).toString('utf8')));
    outgoing.writeHead(ok ? 200 : 401).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = z.object({ port: z.number() }).parse(server.address());
  const agent = new Agent({ keepAlive: true });
  return {
    async call() {
      const headers = { 'x-signature': sign(body).toString('hex') };
      const sent = request({ host: '127.0.0.1', port, method: 'POST', agent, headers });
      sent.end(body);
      const [response] = await once(sent, 'response');
      response.resume();
      await once(response, 'end');
    },
    async close() {
      agent.destroy();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
