import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { type LocalSlack, type LocalSlackOptions, startLocalSlack } from '../../src/local/slack/server.ts';
import { seed } from '../../src/local/slack/workspace.ts';
import { createSlackApp, type SlackApp, type SlackAppOptions } from '../../src/slack/app.ts';
import { type Connection, connectSlack } from '../../src/slack/connection.ts';
import { type DeliveryOptions, deliver } from '../../src/slack/conversation.ts';
import type { Log } from '../../src/slack/log.ts';
import { openRedis, waitForRedis } from '../../src/store/connection.ts';
import { createStore, type Store } from '../../src/store/store.ts';
import type { ChannelId, MessageTs, UserId } from '../../src/task/ids.ts';
import type { UseCases } from '../../src/task/use-cases.ts';
import { wording } from '../slack/said.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

export const ada = seed.ada as UserId;
export const grace = seed.grace as UserId;
export const dev = seed.dev as ChannelId;
export const channel = (id: string) => id as ChannelId;
export const ts = (id: string) => id as MessageTs;
export const clock = { now: () => Date.now() };

const secrets = { botToken: 'xoxb-local', appToken: 'xapp-local', signingSecret: 'shh' };

/** Things that happen, to wait for: `at(n)` settles with the n-th, counted from zero. */
export class Seen<Item> {
  readonly items: Item[] = [];
  readonly #waiting = new Set<() => void>();

  push(item: Item): void {
    this.items.push(item);
    for (const wake of this.#waiting) wake();
  }

  async at(index: number): Promise<Item> {
    for (;;) {
      const item = this.items[index];
      if (item !== undefined) return item;
      await this.change();
    }
  }

  async find(matches: (item: Item) => boolean): Promise<Item> {
    for (;;) {
      const item = this.items.find(matches);
      if (item !== undefined) return item;
      await this.change();
    }
  }

  change(): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        resolve();
      };
      this.#waiting.add(wake);
    });
  }
}

export type Act = { readonly name: keyof UseCases; readonly args: readonly unknown[] };

/** Use cases that write down what they are asked, and do what the test says. */
export function recordActs(answers: Partial<UseCases> = {}): { acts: Seen<Act>; useCases: UseCases } {
  const acts = new Seen<Act>();
  const silent = async () => ({ type: 'silent' }) as const;
  const useCases: UseCases = {
    submit: silent,
    reply: silent,
    stop: silent,
    retry: silent,
    status: silent,
    list: silent,
    usage: silent,
    approve: silent,
    runCi: silent,
    allowHost: silent,
    unapprove: silent,
    pushAnyway: silent,
    answer: silent,
    start: silent,
    form: silent,
    submitForm: async () => ({ type: 'accepted' }),
    resend: silent,
    giveBack: async (_asked, start, failure) => {
      const kept = start.type === 'changed' ? start.draft.goal : null;
      return { type: 'say', said: { type: 'sentence', ...failure, kept } };
    },
    findRepositories: () => [],
    ...answers,
  };
  const recorded = { ...useCases };
  const record =
    <Args extends readonly unknown[], Result>(name: keyof UseCases, call: (...args: Args) => Result) =>
    (...args: Args): Result => {
      acts.push({ name, args });
      return call(...args);
    };
  recorded.submit = record('submit', useCases.submit);
  recorded.reply = record('reply', useCases.reply);
  recorded.stop = record('stop', useCases.stop);
  recorded.retry = record('retry', useCases.retry);
  recorded.status = record('status', useCases.status);
  recorded.list = record('list', useCases.list);
  recorded.approve = record('approve', useCases.approve);
  recorded.runCi = record('runCi', useCases.runCi);
  recorded.allowHost = record('allowHost', useCases.allowHost);
  recorded.unapprove = record('unapprove', useCases.unapprove);
  recorded.answer = record('answer', useCases.answer);
  recorded.start = record('start', useCases.start);
  recorded.form = record('form', useCases.form);
  recorded.submitForm = record('submitForm', useCases.submitForm);
  recorded.resend = record('resend', useCases.resend);
  recorded.giveBack = record('giveBack', useCases.giveBack);
  return { acts, useCases: recorded };
}

export interface Line {
  readonly level: string;
  readonly fields: object;
  readonly message: string;
}

export function recordLog(): { lines: Seen<Line>; log: Log } {
  const lines = new Seen<Line>();
  const at = (level: string) => (fields: object, message: string) => lines.push({ level, fields, message });
  return { lines, log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } };
}

/** What one test starts; disposing ends it in reverse. */
export class Bench implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly logged = recordLog();
  readonly #redis: TestRedis;
  readonly #instance: string;

  constructor(redis: TestRedis) {
    this.#redis = redis;
    this.#instance = `slack-${crypto.randomUUID()}`;
  }

  /** A store as another process would have it. */
  async store(url = this.#redis.url): Promise<Store> {
    const redis = openRedis(url, { name: 'test', onError: () => undefined });
    this.#stack.defer(() => redis.disconnect());
    await waitForRedis(redis, 5_000);
    return createStore(redis, { instance: this.#instance, narrate: () => [], clock });
  }

  async slack(options: Partial<LocalSlackOptions> = {}): Promise<LocalSlack> {
    const slack = await startLocalSlack({
      port: 0,
      ...secrets,
      command: '/agent',
      deliver: { type: 'socket' },
      rateScale: 'off',
      retryDelaysMs: [0, 50, 100],
      ...options,
    });
    return this.#stack.use(slack);
  }

  connect(slack: LocalSlack): Promise<Connection> {
    return connectSlack({ botToken: secrets.botToken, apiUrl: slack.apiUrl, log: this.logged.log });
  }

  async app(
    slack: LocalSlack,
    { inbox, outbox, reactions, turns, tasks }: Pick<Store, 'inbox' | 'outbox' | 'reactions' | 'turns' | 'tasks'>,
    useCases: UseCases,
    options: Partial<SlackAppOptions> = {},
  ): Promise<SlackApp & { port: number | null }> {
    const app = createSlackApp({
      mode: { type: 'socket', appToken: secrets.appToken },
      connection: await this.connect(slack),
      botToken: secrets.botToken,
      apiUrl: slack.apiUrl,
      wording,
      ...{ inbox, outbox, reactions, turns, tasks },
      useCases,
      clock,
      log: this.logged.log,
      ...options,
    });
    const { port } = await app.start();
    this.#stack.defer(() => app.stop());
    return { ...app, port };
  }

  /** Starts delivering; `stop` ends it, as does the end of the test. */
  async deliver(
    slack: LocalSlack,
    store: Pick<Store, 'outbox'>,
    options: Partial<DeliveryOptions> = {},
  ): Promise<{ stop(): Promise<void>; ended: Promise<void> }> {
    const connection = await this.connect(slack);
    const ending = new AbortController();
    const ended = deliver({
      outbox: store.outbox,
      client: connection.client,
      reader: connection.reader,
      botUserId: connection.userId,
      latches: connection.latches,
      wording,
      clock,
      log: this.logged.log,
      signal: ending.signal,
      retryAfterMs: 20,
      ...options,
    });
    ended.catch(() => undefined);
    const stop = async () => {
      ending.abort();
      await ended;
    };
    this.#stack.defer(async () => {
      ending.abort();
      await ended.catch(() => undefined);
    });
    return { stop, ended };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Settles once the workspace is as wanted; looks at each change. */
export async function until<Found>(slack: LocalSlack, look: () => Found | undefined | false): Promise<Found> {
  const changes = new Seen<unknown>();
  slack.store.subscribe((change) => changes.push(change));
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    await changes.change();
  }
}

/** What the bot said in a channel, oldest first. */
export function botMessages(slack: LocalSlack, where: string = dev) {
  return slack.store.workspace.messages.filter(({ channel: at, user }) => at === where && user === seed.bot);
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

export { secrets, seed };

/** A bench of its own for each test of a file, over one Redis. */
export function useBench(): { readonly bench: Bench; readonly redis: TestRedis } {
  let redis: TestRedis;
  let bench: Bench;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(async () => redis[Symbol.asyncDispose]());
  beforeEach(() => {
    bench = new Bench(redis);
  });
  afterEach(async () => bench[Symbol.asyncDispose]());
  return {
    get bench() {
      return bench;
    },
    get redis() {
      return redis;
    },
  };
}
