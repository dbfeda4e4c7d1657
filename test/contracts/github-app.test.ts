import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEmulator, type Emulator } from 'emulate';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type AppOptions,
  appCredentials,
  installedRepositories,
  tokenCredentials,
} from '../../src/github/credentials.ts';
import { createForge } from '../../src/github/forge.ts';
import { startLocalForge } from '../../src/local/forge/start.ts';
import { parseRepositoryName } from '../../src/task/ids.ts';
import { Problem } from '../../src/task/problem.ts';
import { required, web } from './git-fixture.ts';

let emulator: Emulator;
let app: AppOptions;
let now = Date.now();
const clock = { now: () => now };

beforeAll(async () => {
  emulator = await createEmulator({
    service: 'github',
    port: 0,
    seed: {
      github: {
        users: [{ login: 'acme' }, { login: 'other' }],
        repos: [
          { owner: 'acme', name: 'web', auto_init: true },
          { owner: 'other', name: 'web', auto_init: true },
        ],
        apps: [
          {
            app_id: 12_345,
            slug: 'errand',
            name: 'Errand',
            permissions: {
              contents: 'write',
              pull_requests: 'write',
              checks: 'read',
              statuses: 'read',
              metadata: 'read',
            },
            installations: [{ installation_id: 100, account: 'acme' }],
          },
        ],
      },
    },
  });
  const key = emulator.generatedSecrets.find(({ kind }) => kind === 'github.app_private_key');
  app = { appId: '12345', privateKey: required(key).value, apiUrl: emulator.url, clock };
});
afterAll(async () => {
  await emulator.close();
});

test('an app gets a token for a repository it is installed on, and the token opens it', async () => {
  const credentials = appCredentials(app);
  const forge = createForge({ apiUrl: emulator.url, credentials, clock });
  expect(await forge.defaultBranch(web)).toBe('main');
});

test('a token is asked for once, until five minutes before its end', async () => {
  let minted = 0;
  const counting: typeof fetch = async (input, init) => {
    if (String(input).endsWith('/access_tokens')) minted += 1;
    return fetch(input, init);
  };
  const credentials = appCredentials({ ...app, fetch: counting });
  const { token } = await credentials(web);
  expect((await credentials(web)).token).toBe(token);
  expect(minted).toBe(1);
  now += 56 * 60_000;
  await credentials(web);
  expect(minted).toBe(2);
});

test('a repository without the app, and a wrong key, are each told', async () => {
  const failureOf = async (options: AppOptions, name: string) => {
    const error: unknown = await appCredentials(options)(required(parseRepositoryName(name))).catch(
      (thrown: unknown) => thrown,
    );
    return error instanceof Problem ? error.failure.code : error;
  };
  expect(await failureOf(app, 'other/web')).toBe('app_not_installed');
  expect(await failureOf({ ...app, appId: '54321' }, 'acme/web')).toBe('github_unauthorized');
});

test('what the app is installed on is listed', async () => {
  await using dir = await mkdtempDisposable(join(tmpdir(), 'errand-forge-'));
  await using local = await startLocalForge({ port: 0, dataDir: dir.path, token: 'local' });
  // The emulator has no such route; the local forge does, and knows its own token only.
  const routed: typeof fetch = (input, init) => {
    const { pathname, search } = new URL(String(input));
    if (pathname !== '/installation/repositories') return fetch(input, init);
    return fetch(`${local.apiUrl}${pathname}${search}`, { headers: { authorization: 'token local' } });
  };
  expect(await installedRepositories({ ...app, fetch: routed })).toEqual(['acme/web']);
});

test('a plain token serves every repository', async () => {
  expect(await tokenCredentials('t')(web)).toEqual({ username: 'x-access-token', token: 't' });
});
