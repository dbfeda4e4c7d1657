import { Octokit, RequestError } from 'octokit';
import type { RepositoryName } from '../task/ids.ts';
import type { Clock } from '../task/ports/clock.ts';
import { Problem } from '../task/problem.ts';
import { boundFetch } from './bound-fetch.ts';
import type { Credential, Rights } from './credentials.ts';
import { createHolds } from './limits.ts';
import { toProblem } from './problems.ts';
import { revalidating } from './revalidating.ts';
import { wholeAnswers } from './whole-answer.ts';

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
  /** Settles when this process may write, of several that GitHub counts together. */
  readonly writeTurn?: (counted: string) => Promise<void>;
  /** GitHub counts an app's calls by where it is installed, and a token's all together. */
  readonly countedByOwner?: boolean;
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
 * Paces writes, asks only for what has changed, and asks nothing while GitHub wants not to be asked: until the time that it named, calls
 * fail at once with the same `Problem`.
 */
export function createClient(options: GithubOptions): Client {
  const { clock, timeoutMs = 30_000, writeGapMs = 1_000, countedByOwner = false } = options;
  const send = boundFetch(options.apiUrl, revalidating(wholeAnswers(options.fetch ?? fetch)));
  const holds = createHolds(() => clock.now());
  let lastWrite: Promise<unknown> = Promise.resolve();
  let client: { token: string; counted: string; octokit: Octokit } | undefined;

  const paced = async (counted: string, ...[input, init]: Parameters<typeof fetch>) => {
    if (init?.method !== undefined && !['GET', 'HEAD'].includes(init.method)) {
      const turn = lastWrite;
      lastWrite = turn.then(() => new Promise((resolve) => setTimeout(resolve, writeGapMs)));
      await turn;
      await options.writeTurn?.(counted);
      // Learnt from those that went before it in the line.
      holds.check(counted);
    }
    return send(input, { ...init, signal: AbortSignal.timeout(timeoutMs) });
  };

  function octokitFor(token: string, counted: string): Octokit {
    if (client?.token === token && client.counted === counted) return client.octokit;
    const heeding: typeof fetch = async (input, init) => {
      const answer = await paced(counted, input, init);
      if (answer.ok) holds.answered(counted, Object.fromEntries(answer.headers));
      return answer;
    };
    const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
    const octokit = new Octokit({
      auth: token,
      baseUrl: options.apiUrl.replace(/\/+$/, ''),
      userAgent: options.userAgent ?? 'errand',
      request: { fetch: heeding },
      retry: { enabled: false },
      throttle: { enabled: false },
      log: quiet,
    });
    client = { token, counted, octokit };
    return octokit;
  }

  return {
    async call(repository, attempted, act, rights = 'read') {
      const [owner = '', repo = ''] = repository.split('/');
      const counted = countedByOwner ? owner.toLowerCase() : '';
      holds.check(counted);
      let refused: (() => void) | undefined;
      try {
        const credential = await options.credentials(repository, rights);
        refused = credential.refused;
        const octokit = octokitFor(credential.token, counted);
        return await act(octokit.rest, { owner, repo }, octokit);
      } catch (error) {
        if (error instanceof RequestError && error.status === 401) refused?.();
        // Octokit takes whatever is thrown in there for GitHub out of reach.
        if (error instanceof RequestError && error.cause instanceof Problem) throw error.cause;
        const problem = toProblem(attempted, error, clock.now());
        throw problem instanceof Problem ? holds.learn(counted, problem) : problem;
      }
    },
  };
}
