import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';
import type { Limits } from './limits.ts';
import type { Log } from './log.ts';

export interface UpstreamRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer | null;
  readonly signal: AbortSignal;
  /** Called once the request is on its way to the provider, which bills it from then on. */
  readonly sent: () => void;
}

/** The provider could not be reached, or said nothing in time. The message is the cause in a word, without secrets. */
export class UpstreamDown extends Error {
  override readonly name = 'UpstreamDown';
}

export interface UpstreamOptions {
  readonly proxy?: string | undefined;
  readonly noProxy?: string | undefined;
  readonly ca?: readonly string[] | undefined;
  readonly limits: Limits;
  readonly log: Log;
}

/** Connections to model providers: kept open between calls, through the machine's proxy where it has one. Redirects are not followed. */
export class Upstream implements Disposable {
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;
  readonly #limits: Limits;
  readonly #log: Log;
  /** By origin, when it was last found down; one that just was is not waited for again. */
  readonly #downAt = new Map<string, number>();

  constructor({ proxy, noProxy, ca, limits, log }: UpstreamOptions) {
    const proxyEnv = { HTTP_PROXY: proxy, HTTPS_PROXY: proxy, NO_PROXY: noProxy };
    const options = { keepAlive: true, maxSockets: limits.modelCalls, ...(proxy === undefined ? {} : { proxyEnv }) };
    this.#http = new HttpAgent(options);
    this.#https = new HttpsAgent({ ...options, ...(ca === undefined ? {} : { ca: [...ca] }) });
    this.#limits = limits;
    this.#log = log;
  }

  /** Tries again where no connection came about, and so nothing was asked. Throws `UpstreamDown`, or the signal's reason. */
  async request(order: UpstreamRequest): Promise<IncomingMessage> {
    const { origin } = new URL(order.url);
    const isKnownDown = Date.now() - (this.#downAt.get(origin) ?? 0) < this.#limits.downMs;
    for (const waitMs of isKnownDown ? [] : this.#limits.retryWaitsMs) {
      try {
        return await this.#once(order);
      } catch (error) {
        order.signal.throwIfAborted();
        if (!(error instanceof UpstreamDown) || !unconnected.has(error.message)) throw error;
        this.#log('warn', 'trying a model provider again', { origin, cause: error.message, waitMs });
        await wait(waitMs, undefined, { signal: order.signal });
      }
    }
    try {
      const answer = await this.#once(order);
      this.#downAt.delete(origin);
      return answer;
    } catch (error) {
      this.#downAt.set(origin, Date.now());
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  #once({ method, url, headers, body, signal, sent }: UpstreamRequest): Promise<IncomingMessage> {
    const secure = url.startsWith('https:');
    const length = body === null ? {} : { 'content-length': body.length };
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const request = (secure ? httpsRequest : httpRequest)(url, {
      method,
      headers: { ...headers, ...length },
      agent: secure ? this.#https : this.#http,
      signal,
    });
    request.setTimeout(this.#limits.modelIdleMs, () => request.destroy(new UpstreamDown('timeout')));
    request.once('finish', sent);
    request.once('response', resolve);
    request.on('error', (error: NodeJS.ErrnoException) => {
      reject(error instanceof UpstreamDown ? error : new UpstreamDown(error.code ?? error.name));
    });
    request.end(body ?? undefined);
    return promise;
  }
}

const unconnected = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOENT']);
