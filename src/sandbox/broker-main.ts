import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { z } from 'zod';
import { Problem } from '../task/problem.ts';
import { createRedactor } from '../task/redact.ts';
import { serveBroker } from './broker.ts';
import { openDockerSandbox } from './docker-sandbox.ts';
import { gatewayKeysSchema } from './gateway-keys.ts';
import { type Log, type SandboxOptions, sandboxOptionsSchema } from './options.ts';

/**
 * `node broker-main.ts <options file>`: JSON, readable by the broker alone; nothing comes from the environment. The keys that it hands to
 * gateways, and the secrets to set-up scripts, come as JSON on stdin, and lie in no file.
 */
const optionsSchema = z.strictObject({
  socket: z.string().startsWith('/'),
  socketUser: z.number().int().nullable().default(null),
  logLevel: z.string().default('info'),
  sandbox: sandboxOptionsSchema,
});

const toldSchema = z.strictObject({
  keys: gatewayKeysSchema,
  /** Secrets of set-up scripts, by repository. */
  setup: z.record(z.string(), z.record(z.string(), z.string().min(1))).default({}),
});

function withSecrets(options: SandboxOptions, told: z.output<typeof toldSchema> | undefined): SandboxOptions {
  if (told === undefined) return options;
  const setup = Object.entries(options.setup).map(([name, rules]) => {
    return [name, { ...rules, secrets: told.setup[name] ?? {} }] as const;
  });
  return { ...options, gateway: { ...options.gateway, keys: told.keys }, setup: Object.fromEntries(setup) };
}

/** What of it is secret: all that set-up scripts get, and whatever gateways call a key. */
function textsOf({ keys, setup }: z.output<typeof toldSchema>): readonly string[] {
  const keySchema = z.object({ key: z.string() });
  const held = [...Object.values(keys.providers), ...Object.values(keys.mcp)].flatMap((each) => {
    const parsed = keySchema.safeParse(each);
    return parsed.success ? [parsed.data.key] : [];
  });
  return [...held, ...Object.values(setup).flatMap((each) => Object.values(each))];
}

async function main(file: string): Promise<void> {
  const options = optionsSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  const told = await text(process.stdin);
  const secrets = told === '' ? undefined : toldSchema.parse(JSON.parse(told));
  const redactor = createRedactor(secrets === undefined ? [] : textsOf(secrets));
  const logger = pino({ name: 'broker', level: options.logLevel, hooks: { streamWrite: redactor.text } });
  const log: Log = (level, facts, message) => logger[level](facts, message);
  const ended = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.once(name, () => ended.abort());
  await using sandbox = openDockerSandbox(withSecrets(options.sandbox, secrets), log);
  await using _broker = await serveBroker({ sandbox, socket: options.socket, socketUser: options.socketUser, log });
  log('info', { socket: options.socket }, 'sandbox broker ready');
  // What runs already is looked after, whatever the test says; it was started behind walls that held.
  const adopted = whenUp(() => sandbox.adopt(), { log, ended: ended.signal, isFinal: () => false });
  try {
    const isFinal = (error: unknown) => !isAway(error);
    const passed = await whenUp(() => sandbox.checkWalls('default'), { log, ended: ended.signal, isFinal });
    if (passed !== undefined) {
      log('info', { ...passed }, 'the walls of a sandbox hold');
      process.send?.({ ready: 'broker' });
    }
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const { sentence, next } = error.failure;
    logger.error({ err: error }, `${sentence} ${next}`);
    process.send?.({ failed: `${sentence} ${next}` });
  }
  await adopted;
  if (!ended.signal.aborted) await once(ended.signal, 'abort');
  if (process.connected) process.disconnect();
}

/** Docker may come later than we: what needs it is tried until it answers. Undefined when this process ends before. */
async function whenUp<T>(
  work: () => Promise<T>,
  { log, ended, isFinal }: { log: Log; ended: AbortSignal; isFinal: (error: unknown) => boolean },
): Promise<T | undefined> {
  const ending = once(ended, 'abort').then(() => undefined);
  while (!ended.aborted) {
    try {
      return await Promise.race([work(), ending]);
    } catch (error) {
      if (isFinal(error)) throw error;
      log('warn', { err: error }, 'Docker is not ready yet');
      await sleep(5_000, undefined, { signal: ended }).catch(() => {});
    }
  }
  return undefined;
}

function isAway(error: unknown): boolean {
  return error instanceof Problem && error.failure.code === 'docker_down';
}

await main(z.string({ error: 'usage: broker-main.ts <options file>' }).parse(process.argv[2]));
