import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { z } from 'zod';
import { serveBroker } from './broker.ts';
import { type DockerSandbox, openDockerSandbox } from './docker-sandbox.ts';
import { gatewayKeysSchema } from './gateway-keys.ts';
import { type Log, sandboxOptionsSchema } from './options.ts';

/**
 * `node broker-main.ts <options file>`: JSON, readable by the broker alone; nothing comes from the environment. The keys that it hands to
 * gateways come as JSON on stdin, and lie in no file.
 */
const optionsSchema = z.strictObject({
  socket: z.string().startsWith('/'),
  socketGid: z.number().int().nullable().default(null),
  logLevel: z.string().default('info'),
  sandbox: sandboxOptionsSchema,
});

async function main(file: string): Promise<void> {
  const options = optionsSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  const told = await text(process.stdin);
  const keys = told === '' ? options.sandbox.gateway.keys : gatewayKeysSchema.parse(JSON.parse(told));
  const logger = pino({ name: 'broker', level: options.logLevel });
  const log: Log = (level, facts, message) => logger[level](facts, message);
  const ended = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.once(name, () => ended.abort());
  await using sandbox = openDockerSandbox({ ...options.sandbox, gateway: { ...options.sandbox.gateway, keys } }, log);
  await using _broker = await serveBroker({ sandbox, socket: options.socket, socketGid: options.socketGid, log });
  log('info', { socket: options.socket }, 'sandbox broker ready');
  process.send?.({ ready: 'broker' });
  await adoptWhenUp(sandbox, log, ended.signal);
  if (!ended.signal.aborted) await once(ended.signal, 'abort');
  if (process.connected) process.disconnect();
}

/** Docker may come later than we: what runs there is taken up as soon as it answers. */
async function adoptWhenUp(sandbox: DockerSandbox, log: Log, ended: AbortSignal): Promise<void> {
  while (!ended.aborted) {
    try {
      return await sandbox.adopt();
    } catch (error) {
      log('warn', { err: error }, 'could not look for running containers yet');
      await sleep(5_000, undefined, { signal: ended }).catch(() => {});
    }
  }
}

await main(z.string({ error: 'usage: broker-main.ts <options file>' }).parse(process.argv[2]));
