import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { toCause } from './cause.ts';
import { EventStreamReader, parseJson } from './event-stream.ts';
import type { Limits } from './limits.ts';
import type { Log } from './log.ts';
import type { Meter } from './meter.ts';
import { answerHeaders, authHeaders, forwardedHeaders, holdsKey } from './model-headers.ts';
import type { GatewayPolicy, Provider } from './policy.ts';
import { type GatewayErrorCode, toProviderError } from './provider-errors.ts';
import { Redactor } from './redact.ts';
import { checkRequest } from './request-rules.ts';
import { findRoute, type ModelRoute } from './routes.ts';
import { readBody, readChunks, readText, write } from './streams.ts';
import { type Upstream, UpstreamDown } from './upstream.ts';
import { toUpstreamUrl } from './upstream-url.ts';
import { UsageReader } from './usage.ts';

export interface ModelProxyOptions {
  readonly policy: GatewayPolicy;
  readonly providers: ReadonlyMap<string, Provider>;
  readonly upstream: Upstream;
  readonly meter: Meter;
  readonly limits: Limits;
  readonly log: Log;
}

type Answer = (status: number, code: GatewayErrorCode, sentence: string) => void;

/** Passes a task's model calls on with the real key, and counts what they use. */
export class ModelProxy {
  readonly #options: ModelProxyOptions;
  #underWay = 0;

  constructor(options: ModelProxyOptions) {
    this.#options = options;
  }

  /** Answers every request itself or from the provider; never throws what the outside did. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { policy, providers, meter, limits } = this.#options;
    const routing = findRoute(request.method ?? '', request.url ?? '', (name) => providers.get(name)?.kind);
    if (routing.type === 'refused') {
      const kind = providers.get(/^\/([a-z0-9-]+)\//.exec(request.url ?? '')?.[1] ?? '')?.kind ?? 'anthropic';
      sendError(response, kind, routing.status, 'errand_refused', routing.sentence);
      return;
    }
    const { route } = routing;
    const provider = providers.get(route.provider);
    if (provider === undefined) return;
    const refuse: Answer = (status, code, sentence) => sendError(response, provider.kind, status, code, sentence);
    if (route.call === 'hello') {
      response.writeHead(200).end();
      return;
    }
    if (!holdsKey(request, policy.dummyKey)) {
      refuse(401, 'errand_refused', "The key is not this task's own.");
      return;
    }
    const { spent } = meter;
    if (spent !== null) {
      refuse(429, 'errand_budget', `what this run may spend on models is used up: ${spent}.`);
      return;
    }
    if (this.#underWay >= limits.modelCalls) {
      refuse(429, 'errand_busy', `A task may have ${limits.modelCalls} model calls under way.`);
      return;
    }
    this.#underWay += 1;
    try {
      await this.#forward(request, response, route, provider, refuse);
    } finally {
      this.#underWay -= 1;
    }
  }

  async #forward(
    request: IncomingMessage,
    response: ServerResponse,
    route: ModelRoute,
    provider: Provider,
    refuse: Answer,
  ): Promise<void> {
    const { upstream, meter, limits, log } = this.#options;
    const bytes = await readBody(request, limits.requestBytes);
    if (bytes === 'too_large') {
      refuse(413, 'errand_refused', `The request is larger than ${limits.requestBytes} bytes.`);
      return;
    }
    const encoding = request.headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') {
      refuse(415, 'errand_refused', 'A request must not be compressed.');
      return;
    }
    const checked = request.method === 'POST' ? checkRequest(route.call, bytes) : undefined;
    if (checked?.type === 'unfit') {
      log('warn', 'refused a model call', { call: route.call, reason: checked.sentence });
      refuse(400, 'errand_refused', checked.sentence);
      return;
    }
    const metered = checked !== undefined && route.call !== 'count_tokens';
    const model = checked?.model ?? '';
    const reader = new UsageReader(bytes.length);
    const gone = new AbortController();
    response.on('close', () => {
      // An answer in one piece is billed whole however early the task hangs up, so it is waited for and counted.
      if (!response.writableFinished && (checked?.stream ?? true)) gone.abort();
    });
    const url = toUpstreamUrl(provider, route, model);
    if (url === undefined) {
      refuse(404, 'errand_refused', `${route.provider} has no such call.`);
      return;
    }
    const startedAt = Date.now();
    let sent = false;
    let answer: IncomingMessage;
    try {
      answer = await upstream.request({
        method: request.method ?? 'GET',
        url,
        headers: { ...forwardedHeaders(request.headers), ...authHeaders(provider) },
        body: checked?.body ?? null,
        signal: gone.signal,
        sent: () => {
          sent = true;
          meter.addBytes('modelSentBytes', bytes.length);
        },
      });
    } catch (error) {
      if (gone.signal.aborted) {
        // The provider bills what it was sent: its size is all that is known of that.
        if (metered && sent) await meter.open(reader, model, provider.prices).close();
        log('info', 'the task gave up a model call', { provider: route.provider, call: route.call, model, sent });
        return;
      }
      if (!(error instanceof UpstreamDown)) throw error;
      log('error', 'the model provider is down', { provider: route.provider, cause: error.message });
      refuse(503, 'errand_model_down', `${route.provider} did not answer: ${error.message}.`);
      return;
    }
    const status = answer.statusCode ?? 502;
    const call = metered && status < 300 ? meter.open(reader, model, provider.prices) : undefined;
    try {
      await this.#answer(answer, response, provider, route, refuse, reader, async () => call?.close());
    } finally {
      await call?.close();
      log('info', 'model call', {
        provider: route.provider,
        call: route.call,
        model,
        status,
        ms: Date.now() - startedAt,
      });
    }
  }

  async #answer(
    answer: IncomingMessage,
    response: ServerResponse,
    provider: Provider,
    route: ModelRoute,
    refuse: Answer,
    reader: UsageReader,
    settle: () => Promise<void>,
  ): Promise<void> {
    const { meter, limits, log } = this.#options;
    const status = answer.statusCode ?? 502;
    const redactor = new Redactor([provider.key ?? '']);
    if (status === 401 || status === 403) {
      const said = await readText(answer, limits.errorBytes);
      log('error', "the model provider refused Errand's key", { provider: route.provider, status });
      const quote = redactor.text(said).slice(0, 300);
      refuse(status, 'errand_model_auth', `${route.provider} refused the key that Errand holds: ${quote}`);
      return;
    }
    const encoding = answer.headers['content-encoding'];
    if (status < 200 || (status >= 300 && status < 400) || (encoding !== undefined && encoding !== 'identity')) {
      answer.destroy();
      const found = encoding === undefined ? `status ${status}` : 'a compressed answer';
      refuse(502, 'errand_model_down', `${route.provider} answered with ${found}, which is not passed on.`);
      return;
    }
    response.writeHead(status, answerHeaders(answer.headers, redactor));
    response.flushHeaders();
    const streamed = answer.headers['content-type']?.startsWith('text/event-stream') === true;
    const events = streamed ? new EventStreamReader((value) => reader.read(value)) : undefined;
    const whole: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of readChunks(answer)) {
        events?.push(chunk);
        size += chunk.length;
        meter.addBytes('modelReceivedBytes', chunk.length);
        if (events === undefined && size <= limits.answerBytes) whole.push(chunk);
        await write(response, redactor.push(chunk));
        if (streamed && meter.spent !== null && !reader.usage.reported) {
          log('warn', 'cut a model call at the budget');
          answer.destroy();
          response.destroy();
          return;
        }
      }
    } catch (error) {
      // The break is passed on as a break: an ending would make half an answer look like a whole one.
      log('warn', 'a model answer broke off', { provider: route.provider, cause: toCause(error) });
      response.destroy();
      return;
    } finally {
      if (events === undefined) reader.read(parseJson(Buffer.concat(whole).toString('utf8')));
      else events.end();
    }
    await write(response, redactor.end());
    // On disk before the task sees the end: whoever is killed after that has counted.
    await settle();
    response.end();
  }
}

export function sendError(
  response: ServerResponse,
  kind: Provider['kind'],
  status: number,
  code: GatewayErrorCode,
  sentence: string,
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  // The gateway has tried again itself; agents that heed this header give up at once and say why.
  const headers: OutgoingHttpHeaders = {
    'content-type': 'application/json',
    'x-should-retry': `${code === 'errand_busy'}`,
  };
  if (status === 413) headers.connection = 'close';
  response.writeHead(status, headers);
  response.end(toProviderError(kind, code, sentence));
}
