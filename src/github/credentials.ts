import { App, Octokit } from 'octokit';
import { parseRepositoryName, type RepositoryName } from '../task/ids.ts';
import type { Clock } from '../task/ports.ts';
import { Problem } from '../task/problem.ts';
import { toProblem } from './problems.ts';

/** What git and REST show GitHub for one repository; asked before each call. */
export type Credentials = (
  repository: RepositoryName,
) => Promise<{ readonly username: string; readonly token: string }>;

/** GitHub takes any name beside a token. */
const username = 'x-access-token';
const renewBeforeMs = 5 * 60_000;

/** One token for all repositories, as a person or a machine user has. */
export function tokenCredentials(token: string): Credentials {
  return async () => ({ username, token });
}

export interface AppOptions {
  readonly appId: string;
  readonly privateKey: string;
  readonly apiUrl: string;
  readonly clock: Clock;
  readonly fetch?: typeof fetch;
}

/**
 * Tokens of a GitHub App, each for one repository and an hour, with the rights that pushing and merging take and no others: it can
 * touch no workflow. Renewed five minutes before they end. Throws `Problem`.
 */
export function appCredentials(options: AppOptions): Credentials {
  const app = createApp(options);
  const known = new Map<RepositoryName, Promise<{ token: string; expiresAt: number }>>();

  async function mint(repository: RepositoryName): Promise<{ token: string; expiresAt: number }> {
    const [owner = '', repo = ''] = repository.split('/');
    const attempted = `Getting a token of the GitHub App for ${repository}`;
    try {
      const { rest } = app.octokit;
      const { data: installation } = await rest.apps.getRepoInstallation({ owner, repo });
      const { data } = await rest.apps.createInstallationAccessToken({
        installation_id: installation.id,
        repositories: [repo],
        permissions: { contents: 'write', pull_requests: 'write', checks: 'read', statuses: 'read', metadata: 'read' },
      });
      return { token: data.token, expiresAt: Date.parse(data.expires_at) };
    } catch (error) {
      throw notInstalled(toProblem(attempted, error, options.clock.now()), attempted);
    }
  }

  return async (repository) => {
    const current = await known.get(repository);
    if (current !== undefined && current.expiresAt - renewBeforeMs > options.clock.now()) {
      return { username, token: current.token };
    }
    // Whoever asks meanwhile waits for the same token; a failure is forgotten, so that the next one asks again.
    const minting = mint(repository);
    known.set(repository, minting);
    minting.catch(() => known.delete(repository));
    return { username, token: (await minting).token };
  };
}

/** The repositories that a GitHub App is installed on. Throws `Problem`. */
export async function installedRepositories(options: AppOptions): Promise<readonly RepositoryName[]> {
  const names: RepositoryName[] = [];
  try {
    for await (const { repository } of createApp(options).eachRepository.iterator()) {
      const name = parseRepositoryName(repository.full_name);
      if (name !== undefined) names.push(name);
    }
  } catch (error) {
    throw toProblem('Listing what the GitHub App is installed on', error, options.clock.now());
  }
  return names;
}

/** Speaks as the app itself, for what no repository's token may ask. */
export function createApp({ appId, privateKey, apiUrl, fetch: send = fetch }: AppOptions): App {
  const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  return new App({
    appId,
    privateKey,
    log: quiet,
    Octokit: Octokit.defaults({
      baseUrl: apiUrl.replace(/\/+$/, ''),
      userAgent: 'errand',
      request: { fetch: send },
      retry: { enabled: false },
      throttle: { enabled: false },
      log: quiet,
    }),
  });
}

function notInstalled(error: unknown, attempted: string): unknown {
  if (!(error instanceof Problem) || error.failure.code !== 'github_not_found') return error;
  const failure = {
    code: 'app_not_installed',
    sentence: `${attempted} failed: the app is not installed there, or the repository does not exist.`,
    next: 'Install the GitHub App on the repository, or check the name.',
  };
  return new Problem(failure, { cause: error });
}
