import { Octokit, RequestError } from 'octokit';
import type { RepositoryName } from '../task/ids.ts';
import type { Clock } from '../task/ports/clock.ts';
import { boundFetch } from './bound-fetch.ts';
import type { Credential, Rights } from './credentials.ts';
import { limitOf, toProblem } from './problems.ts';

export interface GithubOptions {
  /** `https://api.github.com`, or an Enterprise Server's `…/api/v3`. */
  readonly apiUrl: string;
  /** Asked before each call, so that short-lived tokens stay fresh. */
  readonly credentials: (repository: RepositoryName, rights: Rights) => Promise<Pick<Credential, 'token' | 'refused'>>;
  /** Carries the proxy and the host's certificates. */
  readonly fetch?: typeof fetch;
  readonly clock: Clock;
  readonly userAgent?: string;
  readonly timeoutMs?: number;
  /** GitHub asks for a second between writes. */
  readonly writeGapMs?: number;
}

export interface Target {
  readonly owner: string;
  readonly repo: string;
}

/** Calls GitHub once: octokit's own retries are off, since only the caller knows whether a call may be repeated. */
export interface Client {
  /**
   * Settles with what `act` makes, or throws a `Problem` whose sentence begins with `attempted`. Without `rights` it may only read.
   */
  call<T>(
    repository: RepositoryName,
    attempted: string,
    act: (rest: Octokit['rest'], target: Target, octokit: Octokit) => Promise<T>,
    rights?: Rights,
  ): Promise<T>;
}

/**
 * Paces writes and, once GitHub has named a time before which it will not answer, asks nothing until then: later calls fail at once with
 * the same `Problem`.
 */
export function createClient(options: GithubOptions): Client {
  const { clock, timeoutMs = 30_000, writeGapMs = 1_000 } = options;
  const send = boundFetch(options.apiUrl, options.fetch ?? fetch);
  let limit: { problem: Error; until: number } | undefined;
  let lastWrite: Promise<unknown> = Promise.resolve();
  let client: { token: string; octokit: Octokit } | undefined;

  const paced: typeof fetch = async (input, init) => {
    if (init?.method !== undefined && !['GET', 'HEAD'].includes(init.method)) {
      const turn = lastWrite;
      lastWrite = turn.then(() => new Promise((resolve) => setTimeout(resolve, writeGapMs)));
      await turn;
    }
    return send(input, { ...init, signal: AbortSignal.timeout(timeoutMs) });
  };

  function octokitFor(token: string): Octokit {
    if (client?.token === token) return client.octokit;
    const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
    const octokit = new Octokit({
      auth: token,
      baseUrl: options.apiUrl.replace(/\/+$/, ''),
      userAgent: options.userAgent ?? 'errand',
      request: { fetch: paced },
      retry: { enabled: false },
      throttle: { enabled: false },
      log: quiet,
    });
    client = { token, octokit };
    return octokit;
  }

  return {
    async call(repository, attempted, act, rights = 'read') {
      if (limit !== undefined && clock.now() < limit.until) throw limit.problem;
      const [owner = '', repo = ''] = repository.split('/');
      const { token, refused } = await options.credentials(repository, rights);
      const octokit = octokitFor(token);
      try {
        return await act(octokit.rest, { owner, repo }, octokit);
      } catch (error) {
        if (error instanceof RequestError && error.status === 401) refused?.();
        const problem = toProblem(attempted, error, clock.now());
        const until = limitOf(problem);
        if (until !== null && problem instanceof Error) limit = { problem, until };
        throw problem;
      }
    },
  };
}
