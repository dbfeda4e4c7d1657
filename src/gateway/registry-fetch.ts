import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Limits } from './limits.ts';
import type { WayOut } from './policy.ts';
import type { Outside } from './way-out.ts';

export type Fetched =
  | { readonly type: 'answer'; readonly answer: IncomingMessage; readonly url: string }
  /** A redirect to a host that is not on the list, or a host inside a private network. */
  | { readonly type: 'elsewhere'; readonly host: string };

/** A host that was named by somebody else than the operator stands in a private network. */
class PrivateAddress extends Error {
  override readonly name = 'PrivateAddress';
}

const maxHops = 5;

/**
 * Reads from registries: nothing that a task sends goes along but the path, and nowhere but where `mayVisit` says. The registries' own
 * hosts are the operator's and may stand anywhere; every other host must be public.
 */
export class RegistryFetch implements Disposable {
  readonly #outside: Outside;
  readonly #limits: Limits;
  readonly #own: ReadonlySet<string>;
  readonly #proxied: Agents;
  readonly #direct: Agents;
  readonly #checked: Agents;

  constructor(options: {
    own: readonly string[];
    wayOut: WayOut;
    ca?: readonly string[] | undefined;
    outside: Outside;
    limits: Limits;
  }) {
    const { own, wayOut, ca, outside, limits } = options;
    this.#own = new Set(own);
    this.#outside = outside;
    this.#limits = limits;
    const { proxy, noProxy } = wayOut;
    const proxyEnv =
      proxy === undefined ? {} : { proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy, NO_PROXY: noProxy } };
    this.#proxied = agents({ ...proxyEnv }, ca, limits);
    this.#direct = agents({}, ca, limits);
    this.#checked = agents({ lookup: this.#lookup }, ca, limits);
  }

  /** Follows redirects. Throws what the connection did. */
  async get(
    method: 'GET' | 'HEAD',
    url: string,
    options: { accept: string; mayVisit: (url: URL) => boolean; signal: AbortSignal },
  ): Promise<Fetched> {
    let at = new URL(url);
    for (let hop = 0; hop <= maxHops; hop += 1) {
      if (!options.mayVisit(at)) return { type: 'elsewhere', host: at.hostname };
      let answer: IncomingMessage;
      try {
        answer = await this.#once(method, at, options);
      } catch (error) {
        if (error instanceof PrivateAddress) return { type: 'elsewhere', host: at.hostname };
        throw error;
      }
      const { location } = answer.headers;
      const status = answer.statusCode ?? 502;
      if (![301, 302, 303, 307, 308].includes(status) || location === undefined) {
        return { type: 'answer', answer, url: at.href };
      }
      answer.destroy();
      const next = URL.parse(location, at.href);
      // Downwards, from TLS to plain text, leads no redirect.
      if (next === null || (next.protocol !== 'https:' && next.protocol !== at.protocol)) {
        return { type: 'elsewhere', host: next?.hostname ?? 'an address that is none' };
      }
      at = next;
    }
    throw new Error('too many redirects');
  }

  [Symbol.dispose](): void {
    for (const { http, https } of [this.#proxied, this.#direct, this.#checked]) {
      http.destroy();
      https.destroy();
    }
  }

  readonly #lookup: LookupFunction = (host, { all }, done) => {
    const failed = (error: unknown) => done(error instanceof Error ? error : new Error(String(error)), '');
    this.#outside.resolve(host).then((addresses) => {
      const open = addresses.filter((address) => this.#outside.mayConnect(address));
      const checked = open.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
      const [first] = checked;
      if (first === undefined) failed(new PrivateAddress(host));
      else if (all === true) done(null, checked);
      else done(null, first.address, first.family);
    }, failed);
  };

  #once(
    method: string,
    url: URL,
    { accept, signal }: { accept: string; signal: AbortSignal },
  ): Promise<IncomingMessage> {
    const { hostname } = url;
    if (!this.#own.has(url.host) && /^[\d.]+$|^\[/.test(hostname)) throw new PrivateAddress(hostname);
    const { http, https } = this.#outside.behindProxy(hostname)
      ? this.#proxied
      : this.#own.has(url.host)
        ? this.#direct
        : this.#checked;
    const secure = url.protocol === 'https:';
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const headers = { accept, 'accept-encoding': 'identity', 'user-agent': 'errand-gateway' };
    const request = (secure ? httpsRequest : httpRequest)(url, {
      method,
      headers,
      agent: secure ? https : http,
      signal,
    });
    request.setTimeout(this.#limits.registryIdleMs, () => request.destroy(new Error('timeout')));
    request.once('response', resolve);
    request.on('error', reject);
    request.end();
    return promise;
  }
}

interface Agents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

function agents(options: object, ca: readonly string[] | undefined, limits: Limits): Agents {
  const common = { keepAlive: true, maxSockets: limits.registryCalls, ...options };
  return {
    http: new HttpAgent(common),
    https: new HttpsAgent({ ...common, ...(ca === undefined ? {} : { ca: [...ca] }) }),
  };
}
