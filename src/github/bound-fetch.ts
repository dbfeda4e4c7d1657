import { readyMutation } from './mark-ready.ts';

/** The way of a call led where Errand's credentials don't go, or it was none of Errand's calls. */
export class Strayed extends Error {
  override readonly name = 'Strayed';
  readonly why: 'moved' | 'elsewhere' | 'unlisted';

  constructor(why: Strayed['why'], message: string) {
    super(message);
    this.why = why;
  }
}

/**
 * Everything that Errand writes over the API. An approving review, a merge that waits for checks, a setting or a workflow is not among it,
 * and so can't be asked for, whatever the code above does.
 */
const writes: readonly (readonly [string, RegExp])[] = [
  ['POST', /^\/repos\/[^/]+\/[^/]+\/pulls$/],
  ['PATCH', /^\/repos\/[^/]+\/[^/]+\/pulls\/\d+$/],
  ['PUT', /^\/repos\/[^/]+\/[^/]+\/pulls\/\d+\/merge$/],
  ['POST', /^\/app\/installations\/\d+\/access_tokens$/],
  ['DELETE', /^\/installation\/token$/],
];

/**
 * A fetch for the API at `apiUrl` alone. Whoever answers there may name other addresses (a redirect, the next page of a list): none is
 * followed to another host, and no redirect at all, since a repository that moved is another one. Throws `Strayed`.
 */
export function boundFetch(apiUrl: string, send: typeof fetch): typeof fetch {
  const api = new URL(`${apiUrl.replace(/\/+$/, '')}/`);
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const method = (init?.method ?? (input instanceof Request ? input.method : 'GET')).toUpperCase();
    if (url.origin !== api.origin) throw new Strayed('elsewhere', url.host);
    if (!isOurs(method, url, api, init?.body)) throw new Strayed('unlisted', `${method} ${url.pathname}`);
    const answer = await send(input, { ...init, redirect: 'manual' });
    if (![301, 302, 303, 307, 308].includes(answer.status)) return answer;
    await answer.body?.cancel();
    const to = URL.parse(answer.headers.get('location') ?? '', url.href);
    throw to === null || to.origin === api.origin
      ? new Strayed('moved', url.pathname)
      : new Strayed('elsewhere', to.host);
  };
}

function isOurs(method: string, url: URL, api: URL, body: unknown): boolean {
  if (method === 'GET' || method === 'HEAD') return true;
  if (method === 'POST' && /^(?:\/api)?\/graphql$/.test(url.pathname)) return queryOf(body) === readyMutation;
  const path = url.pathname.startsWith(api.pathname) ? `/${url.pathname.slice(api.pathname.length)}` : '';
  return writes.some(([verb, fits]) => verb === method && fits.test(path));
}

function queryOf(body: unknown): unknown {
  if (typeof body !== 'string') return undefined;
  const sent: unknown = JSON.parse(body);
  return typeof sent === 'object' && sent !== null && 'query' in sent ? sent.query : undefined;
}
