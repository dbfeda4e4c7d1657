import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import Docker from 'dockerode';
import { createEmulator, type Emulator } from 'emulate';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { appNeeds } from '../../src/github/app.ts';
import { type LocalForge, startLocalForge } from '../../src/local/forge/start.ts';
import { type LocalSlack, startLocalSlack } from '../../src/local/slack/server.ts';
import { places } from '../../src/setup/places.ts';
import { startMcpServer } from '../fakes/mcp-server.ts';
import { type ModelServer, startModelServer } from '../fakes/model-server.ts';
import { secrets } from '../support/errand.ts';
import { makeApp, makeKeys, type TestApp } from '../support/github-app.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

const project = resolve(import.meta.dirname, '../..');
const manifest = z
  .object({ oauth_config: z.object({ scopes: z.object({ bot: z.array(z.string()) }) }) })
  .parse(parse(readFileSync(join(project, 'manifest.yml'), 'utf8')));
const scopes = manifest.oauth_config.scopes.bot;

let dataDir: string;
let forge: LocalForge;
let model: ModelServer;
let redis: TestRedis;
let keyed: { server: Server; url: string };
const opened: AsyncDisposable[] = [];

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'errand-doctor-'));
  forge = await startLocalForge({ port: 0, dataDir: join(dataDir, 'forge'), token: secrets.GITHUB_TOKEN });
  await forge.control.createRepository({ repository: 'acme/empty' });
  model = await startModelServer();
  redis = await startRedis();
  keyed = await startKeyed();
});
afterEach(async () => {
  for (const each of opened.splice(0)) await each[Symbol.asyncDispose]();
});
afterAll(async () => {
  keyed.server.close();
  await redis[Symbol.asyncDispose]();
  await model.close();
  await forge.close();
  await rm(dataDir, { recursive: true, force: true });
});

/** Knows one key for each API, in the place where each looks for it. */
async function startKeyed() {
  const server = createServer((request, response) => {
    const { 'x-api-key': key, authorization } = request.headers;
    const known = key === secrets.ANTHROPIC_API_KEY || authorization === `Bearer ${secrets.OPENAI_API_KEY}`;
    response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' }).end('{"data":[]}');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  return { server, url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}` };
}

/** An API that knows nothing but these answers. */
async function startAnswers(
  answers: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
) {
  const server = createServer((request, response) => {
    const answer = answers[(request.url ?? '').split('?')[0] ?? ''];
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(answer ?? { message: 'Not Found' }));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

async function slackWith(granted: readonly string[] = scopes): Promise<LocalSlack> {
  const slack = await startLocalSlack({
    port: 0,
    botToken: secrets.SLACK_BOT_TOKEN,
    appToken: secrets.SLACK_APP_TOKEN,
    signingSecret: secrets.SLACK_SIGNING_SECRET,
    command: '/agent',
    deliver: { type: 'socket' },
    scopes: granted,
  });
  opened.push(slack);
  return slack;
}

interface Row {
  readonly sign: string;
  readonly found: string;
  readonly next: string;
}

/** Runs the doctor as `npm run doctor` does, and reads its table; whatever it says, it shows no secret and no colour. */
async function doctor(changes: Readonly<Record<string, string>>) {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, ERRAND_DATA_DIR: dataDir, ...changes };
  const child = spawn(process.execPath, ['src/doctor/main.ts'], {
    cwd: project,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<number | null>((done) => child.once('exit', done));
  const [stdout, stderr, status] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  for (const secret of Object.values(secrets)) expect(stdout + stderr).not.toContain(secret);
  expect(stdout).not.toContain('\x1b');
  expect(stderr).toBe('');
  const lines = stdout.split('\n');
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(100);
  const head = lines[0] ?? '';
  const columns = [2, head.indexOf('Found'), head.indexOf('What to do')] as const;
  const rows = new Map<string, Row>();
  let name = '';
  for (const line of lines.slice(2, lines.indexOf('', 2))) {
    const sign = line.slice(0, 1).trim();
    if (sign !== '') name = line.slice(columns[0], columns[1]).trim();
    const before = rows.get(name) ?? { sign, found: '', next: '' };
    rows.set(name, {
      sign: before.sign,
      found: `${before.found} ${line.slice(columns[1], columns[2]).trim()}`.trim(),
      next: `${before.next} ${line.slice(columns[2]).trim()}`.trim(),
    });
  }
  return { status, stdout, rows: Object.fromEntries(rows) };
}

const slackEnv = (slack: LocalSlack) => ({
  SLACK_BOT_TOKEN: secrets.SLACK_BOT_TOKEN,
  SLACK_APP_TOKEN: secrets.SLACK_APP_TOKEN,
  SLACK_API_URL: slack.apiUrl,
});
const forgeEnv = () => ({
  GITHUB_TOKEN: secrets.GITHUB_TOKEN,
  GITHUB_API_URL: forge.apiUrl,
  GITHUB_URL: forge.url,
  ERRAND_REPOSITORIES: 'acme/web',
});
const modelEnv = (url: string) => ({
  ANTHROPIC_API_KEY: secrets.ANTHROPIC_API_KEY,
  ANTHROPIC_BASE_URL: url,
  OPENAI_API_KEY: secrets.OPENAI_API_KEY,
  OPENAI_BASE_URL: `${url}/v1`,
});
/** Leaves out what needs an engine, for tests of the rest. */
const noEngine = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };

test('everything that works is a row with what was found, and the exit code is 0', async () => {
  const slack = await slackWith();
  const { status, rows, stdout } = await doctor({
    ...slackEnv(slack),
    ...forgeEnv(),
    ...modelEnv(model.url),
    REDIS_URL: redis.url,
  });
  const failed = Object.entries(rows).filter(([, { sign }]) => sign === '✗');
  expect(failed).toEqual([]);
  expect(status).toBe(0);
  expect(rows).toMatchObject({
    Configuration: { sign: '✓' },
    'Slack token': { sign: '✓', found: expect.stringMatching(/^Bot @\w+ of .+ \(T\w+\)\.$/) },
    'Slack permissions': { sign: '✓', found: `All ${scopes.length} scopes of manifest.yml.` },
    'Slack Socket Mode': { sign: '✓' },
    'GitHub token': { sign: '✓', found: expect.stringContaining('Acts as errand-bot on 127.0.0.1') },
    'acme/web': { sign: '✓', found: 'Can be pushed to; its base is main.' },
    Redis: { sign: '✓', found: expect.stringMatching(/Redis \d+\.\d+\.\d+, every write on disk, \S+ used\.$/) },
    Docker: { sign: '✓', found: expect.stringMatching(/^Docker \d+.*engine \S+$/) },
    'Docker isolation': { found: expect.stringMatching(/^runc .*cgroup v\d, .*seccomp/) },
    'Sandbox image': { sign: '✓', found: expect.stringContaining('errand-sandbox:') },
    Disk: { found: expect.stringMatching(/^\d+ GiB free/) },
    'Docker limits': { sign: '✓', found: expect.stringContaining('are held') },
    Sandbox: { sign: '✓', found: expect.stringMatching(/^The self-test of every start passed in .* no network/) },
    Workspaces: { sign: '✓', found: expect.stringContaining('a file system of its own') },
    'Agent claude': { sign: '✓', found: expect.stringContaining('claude-agent-acp 0.100.0 starts and speaks ACP 1.') },
    'Agent codex': { sign: '✓', found: expect.stringContaining('codex-acp 2.6.0 starts and speaks ACP 1.') },
    'Agent opencode': { sign: '✓', found: expect.stringContaining('starts and speaks ACP 1.') },
    'Model anthropic': { sign: '✓', found: expect.stringContaining('takes the key.') },
    'Model openai': { sign: '✓', found: expect.stringContaining('takes the key.') },
  });
  expect(stdout).toMatch(/All that is set up works/);
  // One request a key, and none that costs.
  expect(model.requests.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual([
    'GET /v1/models',
    'GET /v1/models?limit=1',
  ]);
});

test('the run in the sandbox leaves nothing behind', async () => {
  const { rows } = await doctor({ REDIS_URL: redis.url });
  expect(rows.Sandbox?.sign).toBe('✓');
  const { instance, runDir } = places({ ERRAND_DATA_DIR: dataDir });
  const left = await new Docker().listContainers({
    all: true,
    filters: { label: [`errand.instance=${instance}-doctor`] },
  });
  expect(left).toEqual([]);
  expect((await readdir(dataDir)).filter((name) => name.startsWith('doctor-'))).toEqual([]);
  expect((await readdir(runDir)).filter((name) => name.startsWith('d'))).toEqual([]);
  expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(`${dataDir}/doctor-`);
});

test('sides without credentials are local, say how to connect a real one, and fail nothing', async () => {
  const { rows } = await doctor({ REDIS_URL: redis.url, ...noEngine });
  expect(rows).toMatchObject({
    Slack: { sign: '–', found: expect.stringContaining('Local'), next: expect.stringContaining('SLACK_BOT_TOKEN') },
    GitHub: { sign: '–', found: expect.stringContaining('Local'), next: expect.stringContaining('GITHUB_TOKEN') },
    'Model anthropic': { sign: '–', next: 'Set ANTHROPIC_API_KEY to use agent:claude, agent:opencode.' },
  });
});

test('a configuration that can’t be read shows all its problems at once', async () => {
  const { status, rows } = await doctor({ ERRAND_CONCURRENCY: 'many', ERRAND_REPOSITORYS: 'acme/web' });
  expect(status).toBe(1);
  expect(rows).toMatchObject({
    ERRAND_CONCURRENCY: { sign: '✗' },
    ERRAND_REPOSITORYS: { sign: '✗', found: expect.stringContaining('did you mean ERRAND_REPOSITORIES') },
  });
});

describe('Slack', () => {
  const bot = (env: Record<string, string>) => doctor({ ERRAND_ROLE: 'bot', REDIS_URL: redis.url, ...env });

  test('a bot alone whose tokens are right has exit code 0', async () => {
    const { status, rows } = await bot(slackEnv(await slackWith()));
    expect(status).toBe(0);
    expect(Object.keys(rows)).toEqual([
      'Configuration',
      'Slack token',
      'Slack permissions',
      'Slack Socket Mode',
      'Redis',
      'Users',
    ]);
  });

  test('a wrong bot token is refused, by its name', async () => {
    const env = slackEnv(await slackWith());
    const { status, rows } = await bot({ ...env, SLACK_BOT_TOKEN: 'xoxb-wrong' });
    expect(status).toBe(1);
    expect(rows['Slack token']).toMatchObject({
      sign: '✗',
      found: expect.stringContaining('Slack answered invalid_auth'),
    });
    expect(rows['Slack token']?.next).toContain('SLACK_BOT_TOKEN');
    expect(rows['Slack Socket Mode']?.sign).toBe('✓');
  });

  test('a wrong app token is refused, by its name', async () => {
    const env = slackEnv(await slackWith());
    const { status, rows } = await bot({ ...env, SLACK_APP_TOKEN: secrets.SLACK_BOT_TOKEN });
    expect(status).toBe(1);
    expect(rows['Slack Socket Mode']).toMatchObject({ sign: '✗', found: expect.stringContaining('SLACK_APP_TOKEN') });
    expect(rows['Slack token']?.sign).toBe('✓');
  });

  test('a missing scope is named with what it is for', async () => {
    const slack = await slackWith(scopes.filter((scope) => scope !== 'reactions:read'));
    const { status, rows } = await bot(slackEnv(slack));
    expect(status).toBe(1);
    expect(rows['Slack permissions']).toMatchObject({
      sign: '✗',
      found: 'Missing: reactions:read (start, approve, stop and retry by emoji).',
      next: expect.stringContaining('install the app again'),
    });
  });

  test('an optional scope that is missing is a hint', async () => {
    const slack = await slackWith(scopes.filter((scope) => scope !== 'usergroups:read'));
    const { status, rows } = await bot(slackEnv(slack));
    expect(status).toBe(0);
    expect(rows['Slack permissions']).toMatchObject({ sign: '!', found: expect.stringContaining('usergroups:read') });
  });

  test('a Slack that is not there is unreachable', async () => {
    const slack = await slackWith();
    await slack.close();
    const { status, rows } = await bot(slackEnv(slack));
    expect(status).toBe(1);
    expect(rows['Slack token']).toMatchObject({ sign: '✗', found: expect.stringContaining("can't be reached") });
  });

  test('in HTTP mode a port that another program has is told', async () => {
    const taken = createTcpServer();
    await new Promise<void>((listening) => taken.listen(0, listening));
    const address = taken.address();
    const PORT = String(typeof address === 'object' ? address?.port : 0);
    const { SLACK_APP_TOKEN: _, ...env } = slackEnv(await slackWith());
    const http = { ...env, SLACK_SIGNING_SECRET: secrets.SLACK_SIGNING_SECRET, PORT };
    const before = await bot(http);
    taken.close();
    expect(before.status).toBe(1);
    expect(before.rows['Slack HTTP mode']).toMatchObject({ sign: '✗', next: expect.stringContaining('PORT') });
    const after = await bot(http);
    expect(after.status).toBe(0);
    expect(after.rows['Slack HTTP mode']).toMatchObject({
      sign: '✓',
      found: expect.stringContaining(`${PORT} is free`),
    });
  });
});

describe('Redis', () => {
  test('settings that lose requests are named with what to set', async () => {
    await using weak = await startRedis({ appendfsync: 'everysec', 'maxmemory-policy': 'allkeys-lru' });
    const { rows } = await doctor({ REDIS_URL: weak.url, ...noEngine });
    expect(rows.Redis).toMatchObject({
      sign: '✗',
      found: expect.stringMatching(/`appendfsync` is everysec.*`maxmemory-policy` is allkeys-lru/),
      next: expect.stringMatching(/`appendfsync always`.*`maxmemory-policy noeviction`/),
    });
  });

  test('a Redis that is not there is told with the reason, and without its password', async () => {
    const { stdout, rows } = await doctor({ REDIS_URL: 'redis://errand:hidden@127.0.0.1:1', ...noEngine });
    expect(rows.Redis).toMatchObject({ sign: '✗', found: expect.stringContaining('ECONNREFUSED') });
    expect(stdout).not.toContain('hidden');
  });
});

describe('Docker', () => {
  test('an engine that does not answer fails, and what needs one is not tried', async () => {
    const { status, rows } = await doctor({ REDIS_URL: redis.url, ...noEngine });
    expect(status).toBe(1);
    expect(rows.Docker).toMatchObject({
      sign: '✗',
      found: expect.stringContaining('unix:///nowhere/docker.sock'),
      next: 'Start that engine, or unset DOCKER_HOST.',
    });
    expect(rows.Sandbox).toMatchObject({ sign: '–', found: 'Needs Docker.' });
  });

  test('an agent of the configuration that can’t be started is told with its command’s error', async () => {
    const file = join(dataDir, 'agents.yml');
    await writeFile(file, 'agents:\n  mine: { command: [no-such-agent, --acp], provider: openai }\n');
    const { status, rows } = await doctor({ REDIS_URL: redis.url, ERRAND_CONFIG: file });
    expect(status).toBe(1);
    expect(rows['Agent mine']).toMatchObject({
      sign: '✗',
      found: expect.stringContaining('no-such-agent ENOENT'),
      next: expect.stringContaining('agents.mine'),
    });
    expect(rows['Agent claude']?.sign).toBe('–');
  });
});

describe('GitHub', () => {
  const worker = (env: Record<string, string>) => doctor({ ...forgeEnv(), REDIS_URL: redis.url, ...noEngine, ...env });

  test('a wrong token is refused, and no repository is asked about', async () => {
    const { rows } = await worker({ GITHUB_TOKEN: 'wrong' });
    expect(rows['GitHub token']).toMatchObject({
      sign: '✗',
      found: expect.stringContaining('GitHub did not accept the credentials'),
    });
    expect(rows['acme/web']).toBeUndefined();
  });

  test('each repository is tried: one that is empty, one that is not there', async () => {
    const { rows } = await worker({ ERRAND_REPOSITORIES: 'acme/web,acme/empty,acme/none' });
    expect(rows).toMatchObject({
      'acme/web': { sign: '✓' },
      'acme/empty': { sign: '✗', found: expect.stringContaining('Empty'), next: 'Push a first commit.' },
      'acme/none': { sign: '✗', found: expect.stringContaining('GitHub knows nothing there') },
    });
  });

  test('a token without a repository to work on is told', async () => {
    const { rows } = await worker({ ERRAND_REPOSITORIES: '' });
    expect(rows.Repositories).toMatchObject({ sign: '✗', next: expect.stringContaining('ERRAND_REPOSITORIES') });
  });

  test('a forge whose git answers elsewhere than its API is told', async () => {
    const { rows } = await worker({ GITHUB_URL: 'http://127.0.0.1:1' });
    expect(rows['acme/web']).toMatchObject({ sign: '✗', found: expect.stringContaining('Reading acme/web with git') });
  });

  test('checks that the token may not read are told', async () => {
    forge.control.fault({ route: 'GET /repos/acme/web/commits/main/check-runs', kind: 'status', status: 403 });
    const { rows } = await worker({});
    expect(rows['acme/web']).toMatchObject({ sign: '!', found: expect.stringContaining('checks can’t be read') });
  });

  test('a token that may only read is told', async () => {
    const repository = { full_name: 'acme/web', default_branch: 'main', permissions: { pull: true, push: false } };
    await using api = await startAnswers({ '/user': { login: 'reader' }, '/repos/acme/web': repository });
    const { rows } = await worker({ GITHUB_API_URL: api.url });
    expect(rows['acme/web']).toMatchObject({ sign: '✗', found: 'Can be read, and not pushed to.' });
  });

  test('a classic token without the scope that pushing takes is told', async () => {
    await using api = await startAnswers({ '/user': { login: 'reader' } }, { 'x-oauth-scopes': 'read:user, gist' });
    const { rows } = await worker({ GITHUB_API_URL: api.url });
    expect(rows['GitHub token']).toMatchObject({ sign: '✗', found: expect.stringContaining('read:user, gist') });
  });

  test('rules that the token may bypass are told', async () => {
    const repository = { full_name: 'acme/web', default_branch: 'main', permissions: { pull: true, push: true } };
    await using api = await startAnswers({
      '/user': { login: 'errand' },
      '/repos/acme/web': repository,
      '/repos/acme/web/rules/branches/main': [{ type: 'pull_request', ruleset_id: 7 }],
      '/repos/acme/web/rulesets/7': { id: 7, current_user_can_bypass: 'always' },
    });
    const { rows } = await worker({ GITHUB_API_URL: api.url });
    expect(rows['acme/web']).toMatchObject({ sign: '✗', found: expect.stringContaining('bypass its branch rules') });
  });

  test('protection that doesn’t hold for an administrator is told, with a way out', async () => {
    await forge.control.setRepository('acme/web', { admin: true });
    await forge.control.setRules('acme/web', 'main', {
      source: 'protection',
      requiredApprovals: 1,
      enforceAdmins: false,
    });
    const { rows } = await worker({});
    await forge.control.setRules('acme/web', 'main', null);
    await forge.control.setRepository('acme/web', { admin: false });
    expect(rows['acme/web']).toMatchObject({
      sign: '✗',
      found: expect.stringContaining('may bypass its branch protection'),
      next: expect.stringContaining('Use an account that may write, and no more'),
    });
  });

  test('scopes that Errand never needs are named', async () => {
    const scopes = { 'x-oauth-scopes': 'repo, workflow, admin:org' };
    await using api = await startAnswers({ '/user': { login: 'errand' } }, scopes);
    const { rows } = await worker({ GITHUB_API_URL: api.url });
    expect(rows['GitHub token']).toMatchObject({
      sign: '!',
      found: expect.stringContaining('It may also: workflow, admin:org.'),
      next: expect.stringContaining('it can change what runs with your secrets'),
    });
  });

  test('workflows that run on what is pushed are told, unless they are held, and those that can’t be', async () => {
    const { control } = forge;
    const files = { '.github/workflows/ci.yml': 'on: [push, pull_request_target]\n' };
    await control.createRepository({ repository: 'acme/runs', files });
    await control.createRepository({ repository: 'acme/holds', files: { ...files, '.errand.yml': 'ci: hold\n' } });
    const { rows } = await worker({ ERRAND_REPOSITORIES: 'acme/runs,acme/holds' });
    expect(rows).toMatchObject({
      'acme/runs, CI': { sign: '!', found: expect.stringMatching(/Workflows run on what .*no mark holds them/) },
      'acme/holds, CI': { sign: '!', found: expect.stringContaining('no mark holds them') },
    });
    expect(rows['acme/holds, CI']?.found).not.toContain('before anybody has looked');
  });

  describe('as another emulation has it', () => {
    let emulator: Emulator;
    beforeAll(async () => {
      const permissions = { contents: 'write', pull_requests: 'write', statuses: 'read', administration: 'write' };
      emulator = await createEmulator({
        service: 'github',
        port: 0,
        seed: {
          tokens: {
            owner: { login: 'acme', scopes: ['repo'] },
          },
          github: {
            users: [{ login: 'acme' }, { login: 'other' }],
            repos: [{ owner: 'acme', name: 'web', auto_init: true }],
            apps: [
              {
                app_id: 1,
                slug: 'errand',
                name: 'Errand',
                permissions,
                installations: [{ installation_id: 1, account: 'acme' }],
              },
            ],
          },
        },
      });
    });
    afterAll(() => emulator.close());

    test('an app that lacks a permission is told which', async () => {
      const key = emulator.generatedSecrets.find(({ kind }) => kind === 'github.app_private_key')?.value ?? '';
      const { rows } = await worker({
        GITHUB_TOKEN: '',
        GITHUB_APP_ID: '1',
        GITHUB_APP_PRIVATE_KEY: key,
        GITHUB_API_URL: emulator.url,
      });
      expect(rows['GitHub app']).toMatchObject({ sign: '✗', found: expect.stringContaining('It lacks checks: read.') });
    });

    describe('an app on an Enterprise Server', () => {
      let server: LocalForge;
      let app: TestApp;
      beforeAll(async () => {
        const folder = join(dataDir, 'enterprise');
        server = await startLocalForge({ port: 0, dataDir: folder, token: 'nobody’s', enterprise: true });
        app = await makeApp(server);
      });
      afterAll(() => server.close());
      const examined = (key = app.privateKey) =>
        worker({
          GITHUB_TOKEN: '',
          GITHUB_APP_ID: app.appId,
          GITHUB_APP_PRIVATE_KEY: key,
          GITHUB_API_URL: server.apiUrl,
          GITHUB_URL: server.url,
        });

      test('is fine where it is installed, and leaves no token behind', async () => {
        const { rows } = await examined();
        expect(rows['GitHub app']?.sign).toBe('✓');
        expect(rows['acme/web']?.sign).toBe('✓');
        expect(server.control.liveTokens()).toBe(0);
      });

      test('is told where it is suspended, and what was not accepted', async () => {
        const { contents: _, ...permissions } = appNeeds;
        await server.control.installApp(app.id, 'acme', { permissions });
        expect((await examined()).rows['App on acme']).toMatchObject({
          sign: '✗',
          found: expect.stringContaining('Not accepted yet: contents: write.'),
        });
        await server.control.installApp(app.id, 'acme', { suspended: true, permissions: appNeeds });
        expect((await examined()).rows['App on acme']?.found).toContain('Suspended');
        await server.control.installApp(app.id, 'acme', null);
        expect((await examined()).rows['GitHub app']?.found).toContain('installed nowhere');
        await server.control.installApp(app.id, 'acme', {});
      });

      test('is told a key that is no key or another’s, and a clock that differs', async () => {
        expect((await examined('no key')).rows['GitHub app']?.found).toContain('no RSA key in PEM format');
        expect((await examined(makeKeys().privateKey)).rows['GitHub app']?.found).toContain(
          'no app with this id and key',
        );
        server.control.skewClock(120_000);
        expect((await examined()).rows.Clock).toMatchObject({ sign: '!', found: expect.stringContaining('behind') });
        server.control.skewClock(0);
      });
    });

    test('a token with more rights than it needs is told', async () => {
      await using git = await startLocalForge({ port: 0, dataDir: join(dataDir, 'owner'), token: 'owner' });
      const { rows } = await worker({ GITHUB_TOKEN: 'owner', GITHUB_API_URL: emulator.url, GITHUB_URL: git.url });
      expect(rows['acme/web']).toMatchObject({ sign: '!', found: expect.stringContaining('administer it') });
    });
  });
});

describe('model keys', () => {
  const models = (env: Record<string, string>) => doctor({ REDIS_URL: redis.url, ...noEngine, ...env });

  test('a key that the endpoint takes is fine, another is refused', async () => {
    const good = await models(modelEnv(keyed.url));
    expect(good.rows['Model anthropic']?.sign).toBe('✓');
    expect(good.rows['Model openai']?.sign).toBe('✓');
    const bad = await models({ ...modelEnv(keyed.url), ANTHROPIC_API_KEY: 'wrong' });
    expect(bad.rows['Model anthropic']).toMatchObject({
      sign: '✗',
      found: expect.stringMatching(/^Refused: .*\(401\)/),
    });
    expect(bad.rows['Model openai']?.sign).toBe('✓');
  });

  test('an endpoint that is not there is unreachable, one without a list of models leaves the key untried', async () => {
    const { rows } = await models({
      ...modelEnv(model.url),
      ANTHROPIC_BASE_URL: 'http://127.0.0.1:1',
      OPENAI_BASE_URL: `${model.url}/nothing/here`,
    });
    expect(rows['Model anthropic']).toMatchObject({
      sign: '✗',
      found: expect.stringMatching(/^Unreachable: 127.0.0.1:1/),
    });
    expect(rows['Model openai']).toMatchObject({ sign: '!', found: expect.stringContaining('untried') });
  });
});

describe('MCP servers and named providers', () => {
  test('are tried each under its own address, path and key', async () => {
    await using mcp = await startMcpServer('house-key', 'x-house-key');
    const file = join(dataDir, 'named.yml');
    await writeFile(
      file,
      `
mcp:
  house: { url: '${mcp.url}', keyVariable: GOOD_KEY, authHeader: x-house-key }
  locked: { url: '${mcp.url}', keyVariable: BAD_KEY, authHeader: x-house-key }
  page: { url: '${model.url}/v1/models' }
  away: { url: 'http://127.0.0.1:1/mcp' }
providers:
  listed: { kind: openai, baseUrl: '${model.url}', paths: { models: /v1/models } }
  deployments: { kind: openai, baseUrl: '${model.url}', paths: { models: none }, keyVariable: GOOD_KEY }
`,
    );
    const env = { ERRAND_CONFIG: file, GOOD_KEY: 'house-key', BAD_KEY: 'other' };
    const { rows } = await doctor({ REDIS_URL: redis.url, ...noEngine, ...modelEnv(model.url), ...env });
    expect(rows['MCP house']).toMatchObject({ sign: '✓', found: expect.stringContaining('house-dictionary') });
    expect(rows['MCP locked']).toMatchObject({ sign: '✗', found: expect.stringMatching(/^Refused: .*\(401\)/) });
    expect(rows['MCP page']).toMatchObject({ sign: '✗', found: expect.stringContaining('as an MCP server') });
    expect(rows['MCP away']).toMatchObject({ sign: '✗', found: expect.stringMatching(/^Unreachable/) });
    expect(rows['Model listed']).toMatchObject({ sign: '✓', found: expect.stringContaining('without a key') });
    expect(rows['Model deployments']).toMatchObject({ sign: '!', found: expect.stringContaining('untried') });
    // Each greeting was taken back.
    expect(mcp.requests.map(({ method }) => method).toSorted()).toEqual(['DELETE', 'POST', 'POST']);
  });
});
