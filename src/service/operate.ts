import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config.ts';
import { type Check, Checkup } from '../operate/checkup.ts';
import type { Metrics } from '../operate/metrics.ts';
import { serveOperate } from '../operate/server.ts';
import type { BoardQueue } from '../queue/board-queues.ts';
import { fullShare } from '../store/room.ts';
import type { HealthNotes, StoreFigures } from '../task/ports/health.ts';
import type { ProcessScope } from './process.ts';
import { systemClock } from './store.ts';

const noteEveryMs = 5_000;

/** Where bot and worker share a machine, the worker takes the port after the bot's. */
const ports = { bot: 0, worker: 1 };

export interface OperateOptions {
  readonly process: 'bot' | 'worker';
  /** Tells this process from others of its kind, and not from the one that ran here before. */
  readonly id: string;
  readonly store: { readonly health: HealthNotes; readonly figures: () => Promise<StoreFigures> };
  /** What it needs, beside the store. */
  readonly checks: readonly Check[];
  /** What is looked up when somebody looks at the metrics. */
  readonly gauges: readonly (() => Promise<void>)[];
  /** What the board shows; null where this process has none. */
  readonly openQueues: (() => { list(): Promise<readonly BoardQueue[]> } & AsyncDisposable) | null;
}

/**
 * Looks after a process: leaves word of how it is where the others find it, and serves that and its metrics where the configuration says
 * so. Ends with the scope, and then withdraws its word. Throws `Problem` when the port is taken.
 */
export async function operate(config: Config, scope: ProcessScope, options: OperateOptions): Promise<void> {
  const { log, signal, metrics } = scope;
  const { store } = options;
  const checkup = new Checkup([...storeChecks(store), ...options.checks], systemClock);
  const gauges = [() => storeGauges(metrics, store), ...options.gauges];
  await serve(config, scope, options, checkup, async () => {
    metrics.trouble.reset();
    for (const { code } of checkup.troubles) metrics.trouble.set({ code }, 1);
    // What can't be looked up is missing, and keeps nothing else from being shown.
    const looked = await Promise.allSettled(gauges.map((look) => look()));
    for (const each of looked) if (each.status === 'rejected') log.warn({ err: each.reason }, 'A figure is not known');
  });
  Promise.all([checkup.run(signal), keepNoting(scope, options, checkup)]).catch((error: unknown) =>
    log.error({ err: error }, 'Nobody looks after this process any more'),
  );
}

async function serve(
  { operate: { port, host, boardPassword }, role }: Config,
  { log, signal, metrics }: ProcessScope,
  { process, openQueues }: OperateOptions,
  checkup: Checkup,
  refresh: () => Promise<void>,
): Promise<void> {
  if (port === null) return;
  const queues = boardPassword === null ? null : (openQueues?.() ?? null);
  const board =
    queues === null || boardPassword === null
      ? null
      : (await import('../operate/board.ts')).createBoard({
          at: '/board',
          queues: queues.list,
          password: boardPassword,
          onRefused: () => log.warn({}, 'Somebody gave a wrong password for the board'),
        });
  const own = port + (role === 'all' ? ports[process] : 0);
  const server = await serveOperate({ host, port: own, metrics, checkup, refresh, board });
  log.info({ host, port: server.port, board: board !== null }, 'Metrics and health are served');
  signal.addEventListener(
    'abort',
    () => {
      Promise.all([server[Symbol.asyncDispose](), queues?.[Symbol.asyncDispose]()]).catch((error: unknown) =>
        log.warn({ err: error }, 'Metrics were not closed'),
      );
    },
    { once: true },
  );
}

async function keepNoting(
  { log, signal }: ProcessScope,
  { process, id, store }: OperateOptions,
  checkup: Checkup,
): Promise<void> {
  const host = hostname();
  const failed = (error: unknown) => log.warn({ err: error }, 'Nobody could be told how this process is');
  while (!signal.aborted) {
    await store.health.leave({ process, id, host, troubles: checkup.troubles }).catch(failed);
    await delay(noteEveryMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
  await store.health.withdraw(id).catch(failed);
}

/** One call that fails says little; after a minute in which none succeeded people should know. */
const unreachedMs = 60_000;

/** Whether what is called now and then answers, from what became of the calls. */
export function reachedCheck(name: string, sentence: string, failingSince: () => number | null): Check {
  return {
    name,
    needed: false,
    everyMs: 10_000,
    look: async () => {
      const since = failingSince();
      const code = `${name.toLowerCase()}_unreachable`;
      return since === null || systemClock.now() - since < unreachedMs ? [] : [{ code, sentence }];
    },
  };
}

/** From here on the operator should do something, while there is still room. */
const alarmShare = 0.7;

function storeChecks({ figures }: OperateOptions['store']): Check[] {
  return [
    { name: 'The store (Redis)', needed: true, everyMs: 5_000, look: async () => figures().then(() => []) },
    {
      name: 'The memory of the store (Redis)',
      needed: false,
      everyMs: 15_000,
      look: async () => {
        const { usedShare } = await figures();
        if (usedShare < alarmShare) return [];
        const [alarm, full] = [alarmShare, fullShare].map((share) => `${Math.round(share * 100)} %`);
        const sentence =
          usedShare < fullShare
            ? `The store (Redis) is more than ${alarm} full; from ${full} on, new requests are refused.`
            : 'The store (Redis) is full: new requests are refused, and what was begun goes on to its end.';
        return [{ code: usedShare < fullShare ? 'redis_memory' : 'redis_full', sentence }];
      },
    },
  ];
}

async function storeGauges(metrics: Metrics, { figures }: OperateOptions['store']): Promise<void> {
  for (const gauge of [metrics.undelivered, metrics.unsettled, metrics.redis]) gauge.reset();
  const { undelivered, unsettled, usedBytes, limitBytes } = await figures();
  metrics.undelivered.set({ store: 'outbox' }, undelivered);
  metrics.unsettled.set({ store: 'inbox' }, unsettled);
  metrics.redis.set({ state: 'used' }, usedBytes);
  if (limitBytes !== null) metrics.redis.set({ state: 'limit' }, limitBytes);
}
