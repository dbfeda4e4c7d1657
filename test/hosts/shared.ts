import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { narrate } from '../../src/app/narrate.ts';
import { type LocalForge, startLocalForge } from '../../src/local/forge/start.ts';
import { readAppManifest } from '../../src/local/slack/app-manifest.ts';
import { type LocalSlack, startLocalSlack } from '../../src/local/slack/server.ts';
import { openRedis, waitForRedis } from '../../src/store/connection.ts';
import { createStore, type Store } from '../../src/store/store.ts';
import { project } from '../attacks/support.ts';
import { hub, offer } from './network.ts';

const run = promisify(execFile);
const redisPort = 6379;
const token = 'the-forge-takes-this';

/** What all machines share: Slack, GitHub, one Redis and one bot. */
export interface Shared extends AsyncDisposable {
  readonly slack: LocalSlack;
  readonly forge: LocalForge;
  readonly store: Store;
  /** What a worker needs to know of them. */
  readonly workerEnv: Readonly<Record<string, string>>;
  log(): Promise<string>;
}

/** Starts all of it in this network namespace: what machines need on the hub's address, the rest on loopback. */
export async function openShared(root: string, repositories: readonly string[]): Promise<Shared> {
  const ending = new AsyncDisposableStack();
  try {
    await startRedis(root, ending);
    const slack = ending.use(
      await startLocalSlack({
        port: 0,
        botToken: 'bot',
        appToken: 'app',
        signingSecret: 'signed',
        ...readAppManifest('/agent', resolve(project, 'manifest.yml')),
        deliver: { type: 'socket' },
        rateScale: 'off',
      }),
    );
    const forge = ending.use(
      await startLocalForge({ port: 0, dataDir: join(root, 'forge'), token, pageUrl: slack.url }),
    );
    ending.use(await offer(forge.port));
    for (const repository of repositories) {
      await forge.control.createRepository({ repository, files: { 'README.md': '# Hosts\n' } });
    }
    const common = {
      PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: process.env.HOME ?? '/root',
      REDIS_URL: `redis://${hub}:${redisPort}`,
      ERRAND_REPOSITORIES: repositories.join(','),
      GITHUB_URL: `http://${hub}:${forge.port}`,
      GITHUB_API_URL: `http://${hub}:${forge.port}/api/v3`,
    };
    const workerEnv = { ...common, GITHUB_TOKEN: token, ERRAND_POLL_SECONDS: '2', ERRAND_CONCURRENCY: '10' };
    const botEnv = {
      ...common,
      ERRAND_ROLE: 'bot',
      ERRAND_DATA_DIR: join(root, 'bot'),
      SLACK_API_URL: slack.apiUrl,
      SLACK_BOT_TOKEN: 'bot',
      SLACK_APP_TOKEN: 'app',
    };
    const logFile = join(root, 'bot.log');
    await startBot(botEnv, logFile, ending);
    const redis = openRedis(common.REDIS_URL, { name: 'hosts', onError: () => undefined });
    ending.defer(() => redis.disconnect());
    await waitForRedis(redis, 5_000);
    const store = createStore(redis, { narrate, clock: { now: () => Date.now() } });
    const log = async () => readFile(logFile, 'utf8');
    return { slack, forge, store, workerEnv, log, [Symbol.asyncDispose]: () => ending.disposeAsync() };
  } catch (error) {
    await ending.disposeAsync();
    throw error;
  }
}

async function startRedis(root: string, ending: AsyncDisposableStack): Promise<void> {
  const dir = join(root, 'redis');
  await mkdir(dir);
  const settings = {
    ...{ bind: hub, port: String(redisPort), 'protected-mode': 'no', dir, save: '' },
    ...{ appendonly: 'yes', appendfsync: 'always', 'maxmemory-policy': 'noeviction' },
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  endWith(ending, spawn('redis-server', args, { stdio: 'ignore' }));
}

async function startBot(env: Readonly<Record<string, string>>, logFile: string, ending: AsyncDisposableStack) {
  await mkdir(env.ERRAND_DATA_DIR ?? '', { mode: 0o755 });
  await run(process.execPath, ['src/setup/prepare.ts', 'start'], { cwd: project, env });
  const output = createWriteStream(logFile);
  const bot = spawn(process.execPath, ['src/main.ts'], { cwd: project, env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  bot.stdout?.pipe(output);
  bot.stderr?.pipe(output);
  endWith(ending, bot);
  await new Promise<void>((ready, failed) => {
    bot.once('message', () => ready());
    bot.once('exit', (code) => failed(new Error(`The bot ended with ${code}; see ${logFile}`)));
  });
}

function endWith(ending: AsyncDisposableStack, child: ChildProcess): void {
  ending.defer(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  });
}
