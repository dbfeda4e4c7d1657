import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';

export interface TestRedis extends AsyncDisposable {
  /** The socket's path, as `REDIS_URL` and `openRedis` take it. */
  readonly url: string;
  /** Ends the server; with SIGKILL as a crash would. Its files stay. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Lets it hang: connections stay open and nothing answers. */
  freeze(): void;
  /** Starts it again on the same files. */
  start(): Promise<void>;
}

/** `ERRAND_TEST_REDIS=cluster npx vitest run test/contracts/store.test.ts` plays a contract on a cluster of one node. */
const clustered: Record<string, string> =
  process.env.ERRAND_TEST_REDIS === 'cluster' ? { 'cluster-enabled': 'yes' } : {};

/** A redis-server of its own on a unix socket in a temporary folder, durable as Errand wants it; `settings` override that. */
export async function startRedis(settings: Record<string, string> = {}): Promise<TestRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'errand-redis-'));
  const url = join(folder, 'redis.sock');
  const all = {
    port: '0',
    unixsocket: url,
    dir: folder,
    appendonly: 'yes',
    appendfsync: 'always',
    save: '',
    'maxmemory-policy': 'noeviction',
    ...clustered,
    ...settings,
  };
  let server: ChildProcess | undefined;

  async function start() {
    const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
    const started = spawn('redis-server', args, { stdio: 'ignore' });
    server = started;
    await new Promise<void>((resolve, reject) => {
      started.once('spawn', resolve);
      started.once('error', reject);
    });
    await answering(url);
    if (settings['cluster-enabled'] === undefined && clustered['cluster-enabled']) await takeAllSlots(url);
  }

  async function stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM') {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, 'exit');
    server.kill(signal);
    await exited;
  }

  // A test that runs out of time is ended before it disposes of anything.
  const orphaned = () => server?.kill('SIGKILL');
  process.once('exit', orphaned);

  await start();
  return {
    url,
    start,
    stop,
    freeze: () => server?.kill('SIGSTOP'),
    async [Symbol.asyncDispose]() {
      process.off('exit', orphaned);
      await stop('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function answering(path: string) {
  const probe = new Redis(path, { lazyConnect: true, retryStrategy: () => null });
  probe.on('error', () => undefined);
  try {
    for (let tries = 0; ; tries += 1) {
      const answer = await probe
        .connect()
        .then(() => probe.ping())
        .catch((error: unknown) => error);
      if (answer === 'PONG') return;
      if (tries === 200) throw new Error(`redis-server does not answer on ${path}`, { cause: answer });
      await wait(20);
    }
  } finally {
    probe.disconnect();
  }
}

async function takeAllSlots(path: string) {
  const node = new Redis(path);
  try {
    const info = async () => String(await node.cluster('INFO'));
    if (/cluster_slots_assigned:0/.test(await info())) await node.cluster('ADDSLOTSRANGE', 0, 16_383);
    while (!/cluster_state:ok/.test(await info())) await wait(20);
  } finally {
    node.disconnect();
  }
}
