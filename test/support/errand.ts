import { type ChildProcess, execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { narrate } from '../../src/app/narrate.ts';
import { type LocalForge, startLocalForge } from '../../src/local/forge/start.ts';
import { readAppManifest } from '../../src/local/slack/app-manifest.ts';
import { type LocalSlack, startLocalSlack } from '../../src/local/slack/server.ts';
import { places } from '../../src/setup/places.ts';
import { openRedis, waitForRedis } from '../../src/store/connection.ts';
import { checkStore } from '../../src/store/consistency/check-store.ts';
import type { Flaw } from '../../src/store/consistency/flaw.ts';
import { createStore } from '../../src/store/store.ts';
import type { TaskId } from '../../src/task/ids.ts';
import type { TaskStore } from '../../src/task/ports/task-store.ts';
import { type McpServer, startMcpServer } from '../fakes/mcp-server.ts';
import { type ModelServer, startModelServer } from '../fakes/model-server.ts';
import { makeApp, type TestApp } from './github-app.ts';
import { freePort, startProgram } from './program.ts';

/** What is secret in a test: if one of these turns up anywhere but at its own server, something leaks. */
export const secrets = {
  SLACK_BOT_TOKEN: 'canary bot token, in no format',
  SLACK_APP_TOKEN: 'canary app token, in no format',
  SLACK_SIGNING_SECRET: 'canary signing secret',
  GITHUB_TOKEN: 'canary-github-token',
  ANTHROPIC_API_KEY: 'canary-anthropic-key',
  OPENAI_API_KEY: 'canary-openai-key',
  GITHUB_WEBHOOK_SECRET: 'canary webhook secret',
  HOUSE_KEY: 'canary-house-key',
  MCP_KEY: 'canary-mcp-key',
  SETUP_TOKEN: 'canary-setup-token',
} as const;

export interface ErrandOptions {
  readonly mode: 'socket' | 'http';
  readonly repositories: readonly string[];
  /** By a person's token on github.com (the default), or as an app on an Enterprise Server. */
  readonly github?: 'token' | 'signing' | 'app';
  /** Adds to the environment, or takes away with undefined. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** `{model-server}` and `{mcp-server}` in it stand for the addresses of the scripted model and of a small MCP server. */
  readonly yaml?: string;
  /** What the app was made from; a classic one has no agent features. */
  readonly manifest?: 'manifest.yml' | 'manifest.classic.yml';
  /** Modules that Node loads before the program. */
  readonly preloads?: readonly string[];
  /** When an event that was not acknowledged comes again; by default as Slack does it. */
  readonly retryDelaysMs?: readonly number[];
}

/** The whole program as its users run it, against servers that are not its own. */
export interface ErrandUnderTest extends AsyncDisposable {
  readonly slack: LocalSlack;
  readonly forge: LocalForge;
  readonly model: ModelServer;
  readonly mcp: McpServer;
  /** The app that Errand is; null where it has a token. */
  readonly app: TestApp | null;
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly process: ChildProcess;
  /** The tasks as the program has them stored. */
  readonly tasks: TaskStore;
  /** Settles when `condition` holds, looked at after each change in Slack; rejects with the thread when it never does. */
  until<Value>(what: string, condition: () => Value | undefined | false, timeoutMs?: number): Promise<Value>;
  /** Settles when all that was to be said, of one task or of any, has been said. */
  quiet(task?: TaskId): Promise<void>;
  /** What is wrong in its store; with `atRest`, also what is still to be done. */
  flaws(options?: { atRest?: boolean }): Promise<readonly Flaw[]>;
  log(): Promise<string>;
}

/** A few people send here in minutes what others send in weeks. */
const roomy = { personRequests: 'none', channelRequests: 'none', personTasks: 'none', queuedTasks: 'none' };

/** A key whose public half is the forge's own user's. */
async function makeSigningKey(dataDir: string, forge: LocalForge): Promise<Record<string, string>> {
  const file = join(dataDir, 'signing');
  await promisify(execFile)('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', file]);
  await forge.control.addSigningKey('errand-bot', await readFile(`${file}.pub`, 'utf8'));
  return { ERRAND_SIGNING_KEY_FILE: file };
}

/** Sets up a data folder of its own, starts Slack, forge and model beside it, and then `main.ts` as one process. */
export async function startErrand(options: ErrandOptions): Promise<ErrandUnderTest> {
  const dataDir = await mkdtemp(join(tmpdir(), 'errand-test-'));
  const port = await freePort();
  const slack = await startLocalSlack({
    port: 0,
    botToken: secrets.SLACK_BOT_TOKEN,
    appToken: secrets.SLACK_APP_TOKEN,
    signingSecret: secrets.SLACK_SIGNING_SECRET,
    ...readAppManifest(
      options.env?.ERRAND_COMMAND ?? '/agent',
      resolve(import.meta.dirname, '../..', options.manifest ?? 'manifest.yml'),
    ),
    deliver:
      options.mode === 'socket' ? { type: 'socket' } : { type: 'http', url: `http://127.0.0.1:${port}/slack/events` },
    rateScale: 20,
    ...(options.retryDelaysMs === undefined ? {} : { retryDelaysMs: options.retryDelaysMs }),
  });
  const forge = await startLocalForge({
    port: 0,
    dataDir: join(dataDir, 'forge'),
    token: secrets.GITHUB_TOKEN,
    pageUrl: slack.url,
    enterprise: options.github === 'app',
  });
  const app = options.github === 'app' ? await makeApp(forge) : null;
  const keyFile = join(dataDir, 'app.pem');
  if (app !== null) await writeFile(keyFile, app.privateKey, { mode: 0o600 });
  const signing = options.github === 'signing' ? await makeSigningKey(dataDir, forge) : {};
  const model = await startModelServer({ prefixes: ['/openai/deployments/house-model'] });
  const mcp = await startMcpServer(secrets.MCP_KEY, 'x-house-key');
  const yaml = join(dataDir, 'errand.yml');
  const written = (options.yaml ?? '{}').replaceAll('{model-server}', model.url).replaceAll('{mcp-server}', mcp.url);
  const { limits, ...others } = z.looseObject({ limits: z.looseObject({}).default({}) }).parse(parse(written));
  await writeFile(yaml, stringify({ ...others, limits: { ...roomy, ...limits } }));
  const { SLACK_APP_TOKEN, SLACK_SIGNING_SECRET, GITHUB_WEBHOOK_SECRET, ...keys } = secrets;
  const hooks = { url: `http://127.0.0.1:${port}/github/webhooks`, secret: GITHUB_WEBHOOK_SECRET };
  forge.control.webhooks.subscribe(hooks);
  const variables = {
    ...(options.repositories.length === 0 ? {} : { ERRAND_REPOSITORIES: options.repositories.join(',') }),
    ...keys,
    ...(options.mode === 'socket'
      ? { SLACK_APP_TOKEN, GITHUB_WEBHOOK_PORT: String(port) }
      : { SLACK_SIGNING_SECRET, PORT: String(port) }),
    GITHUB_WEBHOOK_SECRET,
    SLACK_API_URL: slack.apiUrl,
    GITHUB_API_URL: forge.apiUrl,
    GITHUB_URL: forge.url,
    ANTHROPIC_BASE_URL: model.url,
    OPENAI_BASE_URL: `${model.url}/v1`,
    ERRAND_POLL_SECONDS: '1',
    ERRAND_CONFIG: yaml,
    ...(app === null
      ? {}
      : { GITHUB_TOKEN: undefined, GITHUB_APP_ID: app.appId, GITHUB_APP_PRIVATE_KEY_FILE: keyFile }),
    ...signing,
    ...options.env,
  };
  const program = await startProgram(dataDir, variables, options.preloads);
  const redisUrl = options.env?.REDIS_URL ?? places({ ERRAND_DATA_DIR: dataDir }).redisSocket;
  const redis = openRedis(redisUrl, { name: 'test', onError: () => undefined });
  await waitForRedis(redis, 5_000);
  const { tasks, outbox } = createStore(redis, { narrate, clock: { now: () => Date.now() } });

  return {
    slack,
    forge,
    model,
    mcp,
    app,
    dataDir,
    env: program.env,
    process: program.process,
    tasks,
    log: program.log,
    async quiet(task) {
      while ((await outbox.dirty()).some((lane) => lane === (task ?? lane))) await delay(50);
    },
    flaws: (options) => checkStore(redis, options),
    until: (what, condition, timeoutMs = 60_000) =>
      new Promise((found, failed) => {
        const look = () => {
          const value = condition();
          if (value === undefined || value === false) return;
          end();
          found(value as Exclude<typeof value, false | undefined>);
        };
        const timer = setTimeout(() => {
          end();
          program
            .log()
            .then((text) => failed(new Error(`Waited ${timeoutMs} ms for ${what}.\n${text.slice(-6_000)}`)), failed);
        }, timeoutMs);
        // The forge has no feed of its own changes; everything it does shows in Slack soon after.
        const unsubscribe = slack.store.subscribe(look);
        const end = () => {
          clearTimeout(timer);
          unsubscribe();
        };
        look();
      }),
    async [Symbol.asyncDispose]() {
      await program[Symbol.asyncDispose]();
      redis.disconnect();
      await slack.close();
      await forge.close();
      await model[Symbol.asyncDispose]();
      await mcp[Symbol.asyncDispose]();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
