import { createPrivateKey } from 'node:crypto';
import { App, Octokit, RequestError } from 'octokit';
import { parseRepositoryName, type RepositoryName } from '../task/ids.ts';
import type { Clock } from '../task/ports/clock.ts';
import { Problem } from '../task/problem.ts';
import { boundFetch } from './bound-fetch.ts';
import type { Rights } from './credentials.ts';
import { toProblem, wordsOf } from './problems.ts';

export interface AppOptions {
  readonly appId: string;
  /** PEM. */
  readonly privateKey: string;
  readonly apiUrl: string;
  readonly clock: Clock;
  readonly fetch?: typeof fetch;
}

export type Permissions = Readonly<Record<string, string>>;

/** What a token is made with, by what it is for. Neither touches workflows, settings or anything outside its repository. */
export const permissionsFor = {
  read: { contents: 'read', pull_requests: 'read', checks: 'read', statuses: 'read', metadata: 'read' },
  write: { contents: 'write', pull_requests: 'write', metadata: 'read' },
} as const satisfies Record<Rights, Permissions>;

/** What the app needs to have been given for both; every app may read metadata. */
export const appNeeds = { contents: 'write', pull_requests: 'write', checks: 'read', statuses: 'read' } as const;

export interface InstallationView {
  readonly id: number;
  readonly account: string;
  readonly suspended: boolean;
  readonly permissions: Permissions;
}

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** Speaks as the app itself, for what no repository's token may ask. Throws `Problem` where the key is none. */
export function createApp({ appId, privateKey, apiUrl, fetch: send = fetch }: AppOptions): App {
  checkKey(privateKey);
  return new App({ appId, privateKey, log: silent, Octokit: Octokit.defaults(settings(apiUrl, send)) });
}

function settings(apiUrl: string, send: typeof fetch) {
  return {
    baseUrl: apiUrl.replace(/\/+$/, ''),
    userAgent: 'errand',
    request: { fetch: boundFetch(apiUrl, send) },
    retry: { enabled: false },
    throttle: { enabled: false },
    log: silent,
  };
}

function checkKey(privateKey: string): void {
  try {
    if (createPrivateKey(privateKey).asymmetricKeyType === 'rsa') return;
  } catch (cause) {
    throw keyInvalid(cause);
  }
  throw keyInvalid(undefined);
}

function keyInvalid(cause: unknown): Problem {
  return new Problem(
    {
      code: 'app_key_invalid',
      sentence: 'Reading the private key of the GitHub App failed: it is no RSA key in PEM format.',
      next: 'Make a new private key on the app’s page on GitHub, and give the file as it is: GITHUB_APP_PRIVATE_KEY_FILE.',
    },
    { cause },
  );
}

/** Finds the app's installation on a repository, and holds it against what is needed of it. Throws `Problem`. */
export async function findInstallation(
  app: App,
  repository: RepositoryName,
  needed: Permissions,
  options: AppOptions,
): Promise<InstallationView> {
  const [owner = '', repo = ''] = repository.split('/');
  const attempted = `Getting a token of the GitHub App for ${repository}`;
  const asked = app.octokit.rest.apps.getRepoInstallation({ owner, repo });
  const { data } = await asked.catch((error: unknown) => {
    throw asApp(attempted, error, options);
  });
  const installation = toInstallation(data);
  if (installation.suspended) throw suspended(attempted, installation.account);
  const missing = missingOf(installation.permissions, needed);
  if (missing.length > 0) throw lacking(attempted, installation.account, missing);
  return installation;
}

export interface Minted {
  readonly token: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** Makes a token of an installation, for one repository or (with null) all it has. Throws `Problem`. */
export async function mint(
  app: App,
  installation: number,
  wanted: { repository: RepositoryName | null; permissions: Permissions },
  options: AppOptions,
): Promise<Minted> {
  const { repository, permissions } = wanted;
  try {
    const { data } = await app.octokit.rest.apps.createInstallationAccessToken({
      installation_id: installation,
      permissions,
      ...(repository === null ? {} : { repositories: [repository.slice(repository.indexOf('/') + 1)] }),
    });
    return { token: data.token, expiresAt: Date.parse(data.expires_at) };
  } catch (error) {
    throw asApp(`Getting a token of the GitHub App for ${repository ?? 'what it is installed on'}`, error, options);
  }
}

/** Ends a token before its hour is over. Throws what octokit throws. */
export async function revoke({ token }: Minted, { apiUrl, fetch: send = fetch }: AppOptions): Promise<void> {
  const { rest } = new Octokit({ ...settings(apiUrl, send), auth: token });
  await rest.apps.revokeInstallationAccessToken({ request: { signal: AbortSignal.timeout(5_000) } });
}

/** Where the app is installed, suspended installations included. Throws `Problem`. */
export async function listInstallations(app: App, options: AppOptions): Promise<readonly InstallationView[]> {
  try {
    const { octokit } = app;
    return (await octokit.paginate(octokit.rest.apps.listInstallations, { per_page: 100 })).map(toInstallation);
  } catch (error) {
    throw asApp('Listing where the GitHub App is installed', error, options);
  }
}

/** The repositories that a GitHub App is installed on. Throws `Problem`. */
export async function installedRepositories(options: AppOptions): Promise<readonly RepositoryName[]> {
  const app = createApp(options);
  const names: RepositoryName[] = [];
  for (const { id, suspended } of await listInstallations(app, options)) {
    if (suspended) continue;
    const minted = await mint(app, id, { repository: null, permissions: { metadata: 'read' } }, options);
    try {
      const octokit = new Octokit({ ...settings(options.apiUrl, options.fetch ?? fetch), auth: minted.token });
      const list = octokit.rest.apps.listReposAccessibleToInstallation;
      for (const { full_name } of await octokit.paginate(list, { per_page: 100 })) {
        const name = parseRepositoryName(full_name);
        if (name !== undefined) names.push(name);
      }
    } catch (error) {
      throw asApp('Listing what the GitHub App is installed on', error, options);
    } finally {
      // It reads names and ends within the hour anyway.
      await revoke(minted, options).catch(() => undefined);
    }
  }
  return names;
}

/** What somebody lacks of what is needed, each as `name: level`. */
export function missingOf(given: Permissions, needed: Permissions): readonly string[] {
  return Object.entries(needed).flatMap(([name, level]) =>
    given[name] === level || given[name] === 'write' || given[name] === 'admin' ? [] : [`${name}: ${level}`],
  );
}

function toInstallation(data: {
  id: number;
  account: unknown;
  suspended_at?: string | null;
  permissions: object;
}): InstallationView {
  const { account } = data;
  const name = typeof account === 'object' && account !== null && 'login' in account ? String(account.login) : '';
  const permissions = Object.fromEntries(
    Object.entries(data.permissions).flatMap(([right, level]): [string, string][] =>
      typeof level === 'string' ? [[right, level]] : [],
    ),
  );
  return { id: data.id, account: name, suspended: (data.suspended_at ?? null) !== null, permissions };
}

/** Puts what GitHub answers an app, rather than a token, into words. */
export function asApp(attempted: string, error: unknown, { clock }: AppOptions): unknown {
  if (!(error instanceof RequestError)) return error;
  const words = wordsOf(error);
  const problem = (code: string, found: string, next: string) =>
    new Problem({ code, sentence: `${attempted} failed: ${found}.`, next }, { cause: error });
  if (/'(?:exp|iat)'/.test(words)) {
    const away = skewOf(error, clock.now());
    const by = away === null ? '' : ` by ${Math.abs(Math.round(away / 1000))} s`;
    return problem(
      'clock_skew',
      `this machine's clock and GitHub's differ${by}, so GitHub did not take the app's word`,
      'Set the clock of this machine by NTP, then retry.',
    );
  }
  if (error.status === 401 || /integration not found/i.test(words)) {
    return problem(
      'app_key_refused',
      `GitHub knows no app with this id and key (${words})`,
      'Check GITHUB_APP_ID, and that the private key is this app’s and was not deleted on GitHub.',
    );
  }
  if (/suspended/i.test(words)) return suspended(attempted, null);
  if (error.status === 422 && /permissions requested/i.test(words)) return lacking(attempted, null, []);
  if (error.status === 404 || error.status === 422) {
    return problem(
      'app_not_installed',
      'the app is not installed there, or the repository does not exist',
      'Install the GitHub App on the repository, or check the name.',
    );
  }
  return toProblem(attempted, error, clock.now());
}

/** How far GitHub's clock is ahead of ours, by its answer; null without one. */
function skewOf(error: RequestError, now: number): number | null {
  const theirs = Date.parse(String(error.response?.headers.date ?? ''));
  return Number.isNaN(theirs) ? null : theirs - now;
}

function suspended(attempted: string, account: string | null): Problem {
  return new Problem({
    code: 'app_suspended',
    sentence: `${attempted} failed: the app's installation${account === null ? '' : ` on ${account}`} is suspended.`,
    next: 'An owner of the account lifts that on GitHub: Settings, GitHub Apps, Configure, Unsuspend.',
  });
}

function lacking(attempted: string, account: string | null, missing: readonly string[]): Problem {
  const what = missing.length === 0 ? 'a permission it needs' : missing.join(', ');
  return new Problem({
    code: 'app_lacks_permission',
    sentence: `${attempted} failed: the app lacks ${what}${account === null ? '' : ` on ${account}`}.`,
    next: 'Add it to the app’s permissions, and accept them where it is installed.',
  });
}
