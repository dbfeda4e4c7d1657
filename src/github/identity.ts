import { Octokit, RequestError } from 'octokit';
import type { Clock } from '../task/ports/clock.ts';
import { type AppOptions, asApp, createApp } from './app.ts';
import { boundFetch } from './bound-fetch.ts';
import { toProblem } from './problems.ts';

/** Who acts on GitHub, as GitHub says. */
export interface Identity {
  /** A login, or the app's name; null where these credentials may not ask (a workflow's token). */
  readonly name: string | null;
  /** What an app is called in addresses; null for tokens. */
  readonly slug: string | null;
  /** What a classic token may do; null for tokens with rights per repository, and for apps. */
  readonly scopes: readonly string[] | null;
  /** What an app was given, `contents: write`; null for tokens. */
  readonly permissions: Readonly<Record<string, string>> | null;
}

/** Asks whose token this is. Throws `Problem`. */
export async function identifyToken(options: {
  token: string;
  apiUrl: string;
  clock: Clock;
  fetch?: typeof fetch;
}): Promise<Identity> {
  const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const { rest } = new Octokit({
    auth: options.token,
    baseUrl: options.apiUrl.replace(/\/+$/, ''),
    userAgent: 'errand',
    request: { fetch: boundFetch(options.apiUrl, options.fetch ?? fetch) },
    retry: { enabled: false },
    throttle: { enabled: false },
    log: quiet,
  });
  try {
    const { data, headers } = await rest.users.getAuthenticated();
    const scopes = headers['x-oauth-scopes'];
    return {
      name: data.login,
      slug: null,
      scopes: scopes === undefined ? null : scopes.split(',').flatMap((scope) => scope.trim() || []),
      permissions: null,
    };
  } catch (error) {
    // An app's installation and a workflow have tokens that are nobody's; what they may do shows at each repository.
    if (error instanceof RequestError && error.status === 403 && /integration/i.test(error.message)) {
      return { name: null, slug: null, scopes: null, permissions: null };
    }
    throw toProblem('Asking GitHub whose token this is', error, options.clock.now());
  }
}

/** Asks which app this key belongs to. Throws `Problem`. */
export async function identifyApp(options: AppOptions): Promise<Identity> {
  try {
    const { data } = await createApp(options).octokit.rest.apps.getAuthenticated();
    const permissions = Object.entries(data?.permissions ?? {}).flatMap(([name, level]): [string, string][] =>
      typeof level === 'string' ? [[name, level]] : [],
    );
    return {
      name: data?.name ?? null,
      slug: data?.slug ?? null,
      scopes: null,
      permissions: Object.fromEntries(permissions),
    };
  } catch (error) {
    throw asApp('Asking GitHub which app this is', error, options);
  }
}
