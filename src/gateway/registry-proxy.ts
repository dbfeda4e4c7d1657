import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Registry } from '../task/network.ts';
import type { BlockedHosts } from './blocked.ts';
import { toCause } from './cause.ts';
import type { Limits } from './limits.ts';
import type { Log } from './log.ts';
import type { Meter } from './meter.ts';
import type { GatewayPolicy } from './policy.ts';
import type { Fetched, RegistryFetch } from './registry-fetch.ts';
import { isOwn } from './registry-hosts.ts';
import { isPage, onRoute, toCrateUrl } from './registry-pages.ts';
import { findRegistryTarget, type RegistryTarget } from './registry-path.ts';
import { readChunks, readText, write } from './streams.ts';

export interface RegistryProxyOptions {
  readonly policy: GatewayPolicy;
  readonly fetch: RegistryFetch;
  readonly blocked: BlockedHosts;
  readonly meter: Meter;
  readonly limits: Limits;
  readonly log: Log;
}

type Method = 'GET' | 'HEAD';
type Way = Exclude<RegistryTarget, { type: 'refused' }>;

const passed = /^(?:content-type|content-length|last-modified|etag)$/;

/** What each is asked for: fixed, for a header that a task words could carry anything. */
const accepts: Readonly<Record<Registry['kind'], string>> = {
  npm: 'application/vnd.npm.install-v1+json, application/json;q=0.8, */*;q=0.5',
  pip: 'text/html, */*;q=0.5',
  apt: '*/*',
  cargo: '*/*',
};

/** `/registry/<name>/…`: lets a task read packages from the registries of its image, and send them nothing but their names. */
export class RegistryProxy {
  readonly #options: RegistryProxyOptions;
  /** A file beside the registry's paths is fetched only by an address that a page of it named in this process's time. */
  readonly #sealKey = randomBytes(32);
  #underWay = 0;

  constructor(options: RegistryProxyOptions) {
    this.#options = options;
  }

  /** Answers every request itself or from the registry; never throws what the outside did. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { policy, meter, limits, log } = this.#options;
    const target = findRegistryTarget(policy.registries, request.method ?? '', request.url ?? '');
    const refuse = (status: number, sentence: string) => {
      log('warn', 'refused to read from a registry', { status, reason: sentence });
      sendText(response, status, `errand_refused: ${sentence}`);
    };
    if (target.type === 'refused') return refuse(target.status, target.sentence);
    if (target.type === 'sealed' && !this.#isSealed(target)) return refuse(403, 'The registry named no such file.');
    if (hasBody(request)) return refuse(400, 'A request to a registry carries nothing.');
    if (meter.state.uploadedBytes >= limits.uploadBytes || meter.state.downloadedBytes >= limits.downloadBytes) {
      return refuse(429, 'This task has used up the bytes it may exchange.');
    }
    if (this.#underWay >= limits.registryCalls) {
      return refuse(429, `A task may read ${limits.registryCalls} things from registries at once.`);
    }
    this.#underWay += 1;
    meter.addBytes('uploadedBytes', request.url?.length ?? 0);
    try {
      await this.#read(request, response, target);
    } catch (error) {
      log('warn', 'a registry did not serve', { registry: target.registry.name, cause: toCause(error) });
      sendText(response, 502, `errand_registry: ${target.registry.name} did not answer (${toCause(error)}).`);
    } finally {
      this.#underWay -= 1;
      await meter.save();
    }
  }

  async #read(request: IncomingMessage, response: ServerResponse, way: Way): Promise<void> {
    const { blocked, log } = this.#options;
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const method: Method = request.method === 'HEAD' ? 'HEAD' : 'GET';
    const url = way.type === 'crate' ? await this.#crateUrl(way, gone.signal) : way.url;
    const fetched = await this.#get(method, url, way.registry, gone.signal);
    if (fetched.type === 'elsewhere') {
      log('warn', 'a registry led elsewhere', { registry: way.registry.name, host: fetched.host });
      await blocked.add(fetched.host);
      sendText(
        response,
        403,
        `errand_blocked: ${way.registry.name} leads to ${fetched.host}, which is not open to this task.`,
      );
      return;
    }
    await this.#answer(request, response, way.registry, fetched);
  }

  #get(method: Method, url: string, registry: Registry, signal: AbortSignal): Promise<Fetched> {
    const mayVisit = (at: URL) => this.#mayVisit(registry, at);
    return this.#options.fetch.get(method, url, { accept: accepts[registry.kind], mayVisit, signal });
  }

  /** Nobody but the operator, or who opened a host to this task, says where a read may lead. */
  #mayVisit(registry: Registry, url: URL): boolean {
    const { open, allow } = this.#options.policy;
    if (isOwn(registry, url)) return true;
    const { protocol, port, hostname, username, password } = url;
    return (
      protocol === 'https:' && port === '' && `${username}${password}` === '' && (open || allow.includes(hostname))
    );
  }

  async #crateUrl({ registry, crate, version }: Extract<Way, { type: 'crate' }>, signal: AbortSignal): Promise<string> {
    const fetched = await this.#get('GET', `${registry.url}config.json`, registry, signal);
    if (fetched.type === 'elsewhere') throw new Error(`its configuration is at ${fetched.host}`);
    const config = await readText(fetched.answer, this.#options.limits.registryPageBytes);
    const url = toCrateUrl(config, crate, version);
    if (url === undefined) throw new Error('its configuration names no place of crates');
    return url;
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    registry: Registry,
    { answer, url }: Extract<Fetched, { type: 'answer' }>,
  ): Promise<void> {
    const { limits, log } = this.#options;
    const status = answer.statusCode ?? 502;
    log('info', 'read from a registry', { registry: registry.name, url, status });
    const userAgent = request.headers['user-agent'] ?? '';
    const headers: OutgoingHttpHeaders = Object.fromEntries(
      Object.entries(answer.headers).filter(([name, value]) => passed.test(name) && value !== undefined),
    );
    if (request.method === 'HEAD' || status >= 300 || !isPage({ registry, url, userAgent })) {
      response.writeHead(status, headers);
      try {
        for await (const chunk of readChunks(answer)) {
          this.#count(chunk.length);
          await write(response, chunk);
        }
        response.end();
      } catch (error) {
        // Half a file must not look like a whole one.
        log('warn', 'a registry broke off', { registry: registry.name, cause: toCause(error) });
        answer.destroy();
        response.destroy();
      }
      return;
    }
    const page = await readText(answer, limits.registryPageBytes);
    this.#count(Buffer.byteLength(page));
    const origin = `http://${/^[\w.-]+(?::\d+)?$/.exec(request.headers.host ?? '')?.[0] ?? 'localhost'}`;
    const toRoute = (path: string) => `${origin}${path}`;
    const sealed = (file: string, name: string) =>
      toRoute(`/registry/${registry.name}/-/${this.#seal(file)}/${Buffer.from(file).toString('base64url')}/${name}`);
    const changed = onRoute(page, {
      registry,
      url,
      userAgent,
      sealed,
      toRoute,
      mayVisit: (at) => this.#mayVisit(registry, at),
    });
    const { 'content-length': _, etag: __, 'last-modified': ___, ...kept } = headers;
    // Seals hold as long as this process: nobody may keep the page.
    response.writeHead(status, { ...kept, 'cache-control': 'no-store' }).end(changed);
  }

  #seal(url: string): string {
    return createHmac('sha256', this.#sealKey).update(url).digest('base64url');
  }

  #isSealed({ seal, url }: Extract<RegistryTarget, { type: 'sealed' }>): boolean {
    const given = Buffer.from(seal);
    return [url, url.replace(/\.metadata$/, '')].some((each) => {
      const own = Buffer.from(this.#seal(each));
      return own.length === given.length && timingSafeEqual(own, given);
    });
  }

  #count(bytes: number): void {
    const { meter, limits } = this.#options;
    meter.addBytes('downloadedBytes', bytes);
    if (meter.state.downloadedBytes > limits.downloadBytes) throw new RangeError('the bytes that a task may exchange');
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function sendText(response: ServerResponse, status: number, sentence: string): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(status, { 'content-type': 'text/plain', connection: 'close' }).end(`${sentence}\n`);
}
