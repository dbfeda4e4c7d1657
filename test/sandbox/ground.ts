import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import Dockerode from 'dockerode';
import { z } from 'zod';
import { connectEngine } from '../../src/sandbox/docker.ts';
import { type DockerSandbox, openDockerSandbox } from '../../src/sandbox/docker-sandbox.ts';
import { frames } from '../../src/sandbox/frames.ts';
import { openGuard } from '../../src/sandbox/guard.ts';
import { type SandboxOptions, sandboxOptionsSchema } from '../../src/sandbox/options.ts';
import { reap } from '../../src/sandbox/reaper.ts';
import { toRunId, toTaskId } from '../../src/task/ids.ts';
import type { RunOrder } from '../../src/task/ports/sandbox.ts';

const project = resolve(import.meta.dirname, '../..');
export const dockerHost = 'unix:///var/run/docker.sock';
export const docker = new Dockerode({ socketPath: '/var/run/docker.sock' });

/** The image that set-up made. */
export const image = z
  .object({ tag: z.string() })
  .parse(JSON.parse(readFileSync(join(project, '.errand/image.json'), 'utf8'))).tag;

const limits = { memoryBytes: 2 ** 30, cpus: 2, pids: 256, workspaceBytes: 2 ** 28, runMs: 60_000 };

/** Folders, a Docker instance name and sandboxes of their own; everything they made is removed at the end. */
export async function makeGround() {
  // Short: a unix socket is to fit below it.
  const root = await realpath(await mkdtemp('/tmp/eb-'));
  const instance = `test-${randomBytes(4).toString('hex')}`;
  const repositories = join(root, 'data', 'mirrors');
  const gateway = join(import.meta.dirname, 'gateway-stand-in.ts');
  await mkdir(repositories, { recursive: true });
  const firstUid = 40_000 + (randomBytes(2).readUInt16BE() % 900) * 10;
  const opened: DockerSandbox[] = [];
  const done = new AbortController();
  // One self-test for all the sandboxes of a ground: each would have its own otherwise.
  const guard = openGuard(connectEngine(dockerHost), done.signal);

  function options(change: Partial<SandboxOptions> = {}): SandboxOptions {
    return sandboxOptionsSchema.parse({
      dockerHost,
      instance,
      dataDir: join(root, 'data'),
      runDir: join(root, 'run'),
      images: { default: image, missing: 'errand-test:missing' },
      repositoryDirs: [repositories],
      maxLimits: { ...limits, memoryBytes: 2 ** 32 },
      command: ['cat'],
      gateway: {
        entry: gateway,
        keys: { providers: { one: { key: 'its key' }, other: { key: 'not its key' } }, mcp: {} },
        env: { PATH: '/usr/bin:/bin' },
      },
      firstUid,
      mountable: process.getuid?.() === 0,
      ...change,
    });
  }

  return {
    root,
    instance,
    gateway,
    repositories,
    options,
    open(change: Partial<SandboxOptions> = {}): DockerSandbox {
      const known = change.dockerHost === undefined ? guard : undefined;
      const sandbox = openDockerSandbox(options(change), () => {}, known);
      opened.push(sandbox);
      return sandbox;
    },
    /** A sandbox whose runs are this shell script, with an order for a new task. */
    shell(script: string, change: Partial<SandboxOptions> = {}) {
      return { sandbox: this.open({ command: ['sh', '-c', script], ...change }), order: makeOrder() };
    },
    socketOf: (order: RunOrder) => join(root, 'run', 'g', order.task, 's', 'gateway.sock'),
    async [Symbol.asyncDispose]() {
      for (const sandbox of opened) await sandbox[Symbol.asyncDispose]();
      await using last = openDockerSandbox(options(), () => {});
      await reap(last, { alive: new Set(), graceMs: -1, now: Date.now() + 1000 });
      done.abort();
      await rm(root, { recursive: true, force: true });
    },
  };
}

export type Ground = Awaited<ReturnType<typeof makeGround>>;

export function makeOrder(
  change: Partial<Omit<RunOrder, 'limits'>> & { limits?: Partial<RunOrder['limits']> } = {},
): RunOrder {
  const task = change.task ?? toTaskId(randomBytes(6));
  return {
    task,
    run: toRunId(task, 1),
    image: 'default',
    repositories: [],
    policy: {
      providers: [],
      allow: [],
      budgetUsd: null,
      budgetTokens: null,
      unpriced: 'dearest' as const,
      dummyKey: 'dummy',
    },
    ...change,
    limits: { ...limits, ...change.limits },
  };
}

/** Follows a run to its end and returns every record. */
export function allRecords(sandbox: Pick<DockerSandbox, 'records'>, order: RunOrder, after = 0): Promise<unknown[]> {
  return Array.fromAsync(sandbox.records(order.run, after, new AbortController().signal));
}

/** Waits until a run has written its first record: it is up. */
export async function firstRecord(sandbox: DockerSandbox, order: RunOrder): Promise<unknown> {
  await using records = sandbox.records(order.run, 0, new AbortController().signal);
  return (await records.next()).value;
}

/** What the run's container wrote to stdout and stderr. */
export function logOf(instance: string, order: RunOrder): Promise<string> {
  return readLog(docker.getContainer(`errand-${instance}-${order.run}`));
}

export async function readLog(container: Dockerode.Container): Promise<string> {
  const log = await container.logs({ stdout: true, stderr: true, follow: false });
  const parts = await Array.fromAsync(frames(Readable.from([log])));
  return Buffer.concat(parts.map(({ bytes }) => bytes)).toString('utf8');
}

/** What the stand-in gateway says of itself. */
export async function askGateway(socket: string) {
  const said = await text(connect(socket));
  return z
    .object({ policy: z.unknown(), keys: z.unknown(), pid: z.number(), env: z.array(z.string()) })
    .parse(JSON.parse(said));
}

/** Shell for writing a record; `$n` is its number. */
export const record = 'record() { echo "$1" >> /workspace/records/$ERRAND_RUN.jsonl; };';
