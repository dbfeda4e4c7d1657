import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEmulator } from 'emulate';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createGit } from '../../src/git/git.ts';
import { type AppOptions, installedRepositories } from '../../src/github/app.ts';
import { appAccess } from '../../src/github/app-access.ts';
import { type Access, tokenAccess } from '../../src/github/credentials.ts';
import { createForge } from '../../src/github/forge.ts';
import { type LocalForge, startLocalForge } from '../../src/local/forge/start.ts';
import { parseRepositoryName } from '../../src/task/ids.ts';
import { Problem } from '../../src/task/problem.ts';
import { makeApp, makeKeys, type TestApp } from '../support/github-app.ts';
import { branchOf, main, required, shaOf, web } from './git-fixture.ts';

const other = required(parseRepositoryName('acme/other'));
const branch = branchOf('errand/taaaaaa-fix-words');
const draft = {
  repository: web,
  base: main,
  branch,
  head: shaOf('0'.repeat(40)),
  title: 'Fix words',
  body: 'Body',
  draft: false,
};

let dir: string;
let forge: LocalForge;
let app: TestApp;
let now: number;
const clock = { now: () => now };

const optionsOf = (more: Partial<AppOptions> = {}) => ({
  ...{ appId: app.appId, privateKey: app.privateKey, apiUrl: forge.apiUrl, clock },
  onUnrevoked: (error: unknown) => {
    throw error;
  },
  ...more,
});
const rest = (access: Access) =>
  createForge({ apiUrl: forge.apiUrl, credentials: access.credentials, clock, writeGapMs: 0 });
const asked = (what: RegExp) => forge.control.requests().filter((each) => what.test(each)).length;
const minted = () => asked(/access_tokens$/);

beforeEach(async () => {
  now = Date.now();
  dir = await mkdtemp(join(tmpdir(), 'errand-app-'));
  forge = await startLocalForge({ port: 0, dataDir: dir, token: 'a person’s own' });
  await forge.control.createRepository({ repository: 'acme/other', files: { 'README.md': '# Other\n' } });
  await forge.control.commit({ repository: 'acme/web', branch, files: { 'a.txt': 'a\n' }, message: 'Change' });
  app = await makeApp(forge);
});
afterEach(async () => {
  await forge.close();
  await rm(dir, { recursive: true, force: true });
});

async function failureOf(work: Promise<unknown>): Promise<Problem['failure']> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof Problem) return error.failure;
  throw new Error('Expected a Problem', { cause: error });
}

const push = async (access: Access, rights: 'read' | 'write') => {
  const credentials = await access.credentials(web, rights);
  const git = createGit({ remoteUrl: `${forge.url}/`, outboundEnv: {} });
  const args = ['push', '--porcelain', `${forge.url}/acme/web.git`, `refs/heads/${branch}:refs/heads/other`];
  return git(args, { gitDir: join(dir, 'repositories', 'acme', 'web.git'), credentials });
};

describe('a piece of work', () => {
  test('has its own tokens, which are no good once it has ended', async () => {
    await using access = appAccess(optionsOf());
    const token = await access.during(async () => {
      expect((await rest(access).openPull(draft)).number).toBe(1);
      expect((await push(access, 'write')).code).toBe(0);
      expect(forge.control.liveTokens()).toBe(1);
      return (await access.credentials(web, 'write')).token;
    });
    expect(forge.control.liveTokens()).toBe(0);
    const answer = await fetch(`${forge.apiUrl}/repos/acme/web`, { headers: { authorization: `token ${token}` } });
    expect(answer.status).toBe(401);
    expect(forge.control.ledger().map(({ by, what }) => `${by} ${what}`)).toContain(
      'errand[bot] DELETE /installation/token',
    );
  });

  test('asks once for each kind of token, also when it asks twice at once', async () => {
    await using access = appAccess(optionsOf());
    await access.during(async () => {
      const [one, two] = await Promise.all([access.credentials(web, 'read'), access.credentials(web, 'read')]);
      expect(one.token).toBe(two.token);
      expect((await access.credentials(web, 'write')).token).not.toBe(one.token);
      expect(minted()).toBe(2);
    });
  });

  test('has a token renewed five minutes before its end', async () => {
    await using access = appAccess(optionsOf());
    await access.during(async () => {
      const { token } = await access.credentials(web, 'read');
      now += 54 * 60_000;
      expect((await access.credentials(web, 'read')).token).toBe(token);
      now += 2 * 60_000;
      expect((await access.credentials(web, 'read')).token).not.toBe(token);
    });
  });

  test('that fails has its tokens revoked too', async () => {
    await using access = appAccess(optionsOf());
    const failing = access.during(async () => {
      await access.credentials(web, 'write');
      throw new Error('as it may');
    });
    await expect(failing).rejects.toThrow('as it may');
    expect(forge.control.liveTokens()).toBe(0);
  });

  test('shares nothing with another', async () => {
    await using access = appAccess(optionsOf());
    const tokenOf = () => access.during(async () => (await access.credentials(web, 'read')).token);
    expect(await tokenOf()).not.toBe(await tokenOf());
  });

  test('ends although GitHub does not answer, and that is told', async () => {
    const told: unknown[] = [];
    await using access = appAccess({ ...optionsOf(), onUnrevoked: (error) => told.push(error) });
    await access.during(async () => {
      await access.credentials(web, 'read');
      forge.control.fault({ route: 'DELETE /installation/token', kind: 'status', status: 502 });
    });
    expect(told).toHaveLength(1);
  });
});

describe('outside of work', () => {
  test('there is reading by one token, which ends with the worker', async () => {
    const access = appAccess(optionsOf());
    expect(await rest(access).defaultBranch(web)).toBe('main');
    expect(await rest(access).defaultBranch(web)).toBe('main');
    expect(minted()).toBe(1);
    await access[Symbol.asyncDispose]();
    expect(forge.control.liveTokens()).toBe(0);
  });

  test('a token that nobody used for five minutes is revoked', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] });
    try {
      await using access = appAccess(optionsOf());
      await access.credentials(web, 'read');
      now += 4 * 60_000;
      vi.advanceTimersByTime(60_000);
      await access.credentials(web, 'read');
      expect(minted()).toBe(1);
      now += 6 * 60_000;
      vi.advanceTimersByTime(60_000);
      await vi.waitFor(() => expect(forge.control.liveTokens()).toBe(0));
    } finally {
      vi.useRealTimers();
    }
  });

  test('nothing may be written', async () => {
    await using access = appAccess(optionsOf());
    await expect(rest(access).openPull(draft)).rejects.toThrow('for a piece of work alone');
  });

  test('a token that GitHub took away is followed by a new one', async () => {
    await using access = appAccess(optionsOf());
    const client = rest(access);
    await client.defaultBranch(web);
    await forge.control.installApp(app.id, 'acme', null);
    expect((await failureOf(client.defaultBranch(web))).code).toBe('github_unauthorized');
    await forge.control.installApp(app.id, 'acme', {});
    expect(await client.defaultBranch(web)).toBe('main');
  });
});

describe('a token', () => {
  test('to read with writes neither over REST nor by git', async () => {
    await using access = appAccess(optionsOf());
    const reading = createForge({
      ...{ apiUrl: forge.apiUrl, clock, writeGapMs: 0 },
      credentials: (repository) => access.credentials(repository, 'read'),
    });
    expect((await failureOf(reading.openPull(draft))).sentence).toContain('needs pull_requests: write');
    const refused = await push(access, 'read');
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('Write access to repository not granted');
  });

  test('opens one repository and no other', async () => {
    await using access = appAccess(optionsOf());
    const { token } = await access.credentials(web, 'read');
    const credentials = { username: 'x-access-token', token };
    const elsewhere = createForge({ apiUrl: forge.apiUrl, credentials: async () => credentials, clock });
    expect((await failureOf(elsewhere.defaultBranch(other))).code).toBe('github_not_found');
    const git = createGit({ remoteUrl: `${forge.url}/`, outboundEnv: {} });
    const { stderr } = await git(['ls-remote', `${forge.url}/acme/other.git`], { credentials });
    expect(stderr).toContain('not found');
  });
});

describe('is told in its own words:', () => {
  const tokenFor = (more: Partial<AppOptions> = {}, repository = web) =>
    failureOf(appAccess(optionsOf(more)).credentials(repository, 'read'));

  test('an app that is not installed', async () => {
    await forge.control.installApp(app.id, 'acme', { repositories: ['acme/web'] });
    expect(await tokenFor({}, other)).toMatchObject({
      code: 'app_not_installed',
      sentence: expect.stringContaining('is not installed there'),
    });
  });

  test('an installation that is suspended', async () => {
    await forge.control.installApp(app.id, 'acme', { suspended: true });
    expect(await tokenFor()).toMatchObject({
      code: 'app_suspended',
      sentence: expect.stringContaining('installation on acme is suspended'),
    });
  });

  test('a permission that was not given', async () => {
    await forge.control.installApp(app.id, 'acme', { permissions: { contents: 'read', metadata: 'read' } });
    expect(await tokenFor()).toMatchObject({
      code: 'app_lacks_permission',
      sentence: expect.stringContaining('lacks pull_requests: read, checks: read, statuses: read on acme'),
    });
  });

  test('a right that only the end of the work needs, at its beginning', async () => {
    const permissions = {
      contents: 'read',
      pull_requests: 'write',
      checks: 'read',
      statuses: 'read',
      metadata: 'read',
    } as const;
    await forge.control.installApp(app.id, 'acme', { permissions });
    await using access = appAccess(optionsOf());
    const failure = await failureOf(access.during(() => access.credentials(web, 'read')));
    expect(failure.sentence).toContain('lacks contents: write on acme');
  });

  test("a key that is another app's", async () => {
    expect((await tokenFor({ privateKey: makeKeys().privateKey })).code).toBe('app_key_refused');
    expect((await tokenFor({ appId: '54321' })).code).toBe('app_key_refused');
  });

  test('a text that is no key', async () => {
    expect(await tokenFor({ privateKey: 'not a key' })).toMatchObject({
      code: 'app_key_invalid',
      sentence: expect.stringContaining('no RSA key in PEM format'),
    });
  });
});

test.each([-20, 20])('a clock that is %i minutes off is made up for', async (minutes) => {
  forge.control.skewClock(minutes * 60_000);
  await using access = appAccess(optionsOf());
  expect(await rest(access).defaultBranch(web)).toBe('main');
});

test('a clock that stays off is told with how far', async () => {
  const lying: typeof fetch = async () =>
    Response.json(
      { message: "'Expiration time' claim ('exp') is too far in the future" },
      { status: 401, headers: { date: new Date(now - 3_600_000).toUTCString() } },
    );
  const failure = await failureOf(appAccess(optionsOf({ fetch: lying })).credentials(web, 'read'));
  expect(failure.code).toBe('clock_skew');
  expect(failure.sentence).toMatch(/differ by 36\d\d s/);
});

test('what the app is installed on is listed, and nothing is left of the asking', async () => {
  expect(await installedRepositories(optionsOf())).toEqual(['acme/web', 'acme/other']);
  await forge.control.installApp(app.id, 'acme', { repositories: ['acme/web'] });
  expect(await installedRepositories(optionsOf())).toEqual(['acme/web']);
  await forge.control.installApp(app.id, 'acme', { suspended: true });
  expect(await installedRepositories(optionsOf())).toEqual([]);
  expect(forge.control.liveTokens()).toBe(0);
});

test('a plain token serves every repository and all work', async () => {
  const access = tokenAccess('t');
  expect(await access.during(() => access.credentials(web, 'write'))).toEqual({
    username: 'x-access-token',
    token: 't',
  });
});

test('another emulation of GitHub gives such an app a token that opens the repository', async () => {
  const permissions = { contents: 'write', pull_requests: 'write', checks: 'read', statuses: 'read', metadata: 'read' };
  const emulator = await createEmulator({
    service: 'github',
    port: 0,
    seed: {
      github: {
        users: [{ login: 'acme' }],
        repos: [{ owner: 'acme', name: 'web', auto_init: true }],
        apps: [
          {
            ...{ app_id: 12_345, slug: 'errand', name: 'Errand', permissions },
            installations: [{ installation_id: 100, account: 'acme' }],
          },
        ],
      },
    },
  });
  try {
    const key = emulator.generatedSecrets.find(({ kind }) => kind === 'github.app_private_key');
    const own = { appId: '12345', privateKey: required(key).value, apiUrl: emulator.url };
    const access = appAccess({ ...optionsOf(own), onUnrevoked: () => undefined });
    const client = createForge({ apiUrl: emulator.url, credentials: access.credentials, clock });
    expect(await access.during(() => client.defaultBranch(web))).toBe('main');
  } finally {
    await emulator.close();
  }
});
