import type { Metrics } from './metrics.ts';

/** Whether calls get through, as far as the last ones tell. */
export interface Reached {
  /** When the first of the calls failed after which none succeeded, epoch milliseconds; null while calls succeed. */
  readonly failingSince: () => number | null;
}

interface Counted extends Reached {
  readonly fetch: typeof fetch;
}

/** Counts calls of Slack's Web API by method and by what Slack made of them; what goes elsewhere is `other`. */
export function countSlackCalls(metrics: Metrics, apiUrl: string, inner: typeof fetch = fetch): Counted {
  const api = new URL(apiUrl.endsWith('/') ? apiUrl : `${apiUrl}/`);
  return counting(inner, async (url, response) => {
    const own = url.origin === api.origin && url.pathname.startsWith(api.pathname);
    const method = own ? url.pathname.slice(api.pathname.length) : 'other';
    const result = response === null ? 'unreachable' : await slackResult(response, own);
    metrics.slackCalls.inc({ method, result });
    return result !== 'unreachable' && result !== 'failed';
  });
}

/** Slack refuses with 200 and a word in the answer. */
async function slackResult(response: Response, own: boolean): Promise<string> {
  if (response.status === 429) return 'rate_limited';
  if (response.status >= 500) return 'failed';
  if (response.status >= 400) return 'refused';
  if (!own || response.headers.get('content-type')?.includes('json') !== true) return 'ok';
  const answer: unknown = await response.clone().json();
  return typeof answer === 'object' && answer !== null && 'ok' in answer && answer.ok === false ? 'refused' : 'ok';
}

/** Counts calls of GitHub's API, and keeps what it says of its rate limits. */
export function countGitHubCalls(metrics: Metrics, inner: typeof fetch = fetch): Counted {
  return counting(inner, async (_url, response) => {
    if (response === null) {
      metrics.githubCalls.inc({ result: 'unreachable' });
      return false;
    }
    const left = response.headers.get('x-ratelimit-remaining');
    if (left !== null) {
      const resource = response.headers.get('x-ratelimit-resource') ?? 'core';
      metrics.githubLeft.set({ resource }, Number(left));
    }
    const { status } = response;
    const limited = status === 429 || (status === 403 && (left === '0' || response.headers.has('retry-after')));
    const result = limited ? 'rate_limited' : (classes[Math.floor(status / 100)] ?? 'refused');
    metrics.githubCalls.inc({ result: status === 304 ? 'unchanged' : result });
    return result !== 'failed';
  });
}

const classes: Readonly<Record<number, string>> = { 2: 'ok', 3: 'ok', 4: 'refused', 5: 'failed' };

/** `count` gets the answer, or null where there was none, and says whether the other side did its part. */
function counting(inner: typeof fetch, count: (url: URL, response: Response | null) => Promise<boolean>): Counted {
  let since: number | null = null;
  const note = (reached: boolean) => {
    since = reached ? null : (since ?? Date.now());
  };
  return {
    failingSince: () => since,
    fetch: async (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input);
      let response: Response;
      try {
        response = await inner(input, init);
      } catch (error) {
        if (!gaveUp(init?.signal)) note(await count(url, null));
        throw error;
      }
      // Whoever asked reads the answer; that it could not be counted is no reason to keep it from them.
      note(await count(url, response).catch(() => true));
      return response;
    },
  };
}

/** Who ends a call for reasons of their own says nothing of the other side; who waited too long does. */
function gaveUp(signal: AbortSignal | null | undefined): boolean {
  if (signal === null || signal === undefined || !signal.aborted) return false;
  const { reason } = signal;
  return !(reason instanceof Error && reason.name === 'TimeoutError');
}
