import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { serveBroker } from '../sandbox/broker.ts';
import { type DockerSandbox, openDockerSandbox } from '../sandbox/docker-sandbox.ts';
import { sandboxOptionsSchema } from '../sandbox/options.ts';
import { aborted, type ProcessScope } from './process.ts';

/** What the supervisor writes for the broker; nothing of it comes from the environment. */
export const brokerOptions = z.strictObject({
  socket: z.string().startsWith('/'),
  sandbox: sandboxOptionsSchema,
});

const adoptEveryMs = 5_000;

/** The broker: Docker's socket on one side, orders of {task, image key, limits} on the other. Its containers outlive it. */
export async function runBroker(file: string, { log: logger, signal, ready }: ProcessScope): Promise<void> {
  const { socket, sandbox: options } = brokerOptions.parse(JSON.parse(readFileSync(file, 'utf8')));
  const log: Parameters<typeof openDockerSandbox>[1] = (level, facts, message) => logger[level](facts, message);
  await using sandbox = openDockerSandbox(options, log);
  await using _broker = await serveBroker({ sandbox, socket, socketGid: null, log });
  ready();
  await adoptWhenUp(sandbox, log, signal);
  await aborted(signal);
}

/** Docker may come later than the broker: what runs there is taken up as soon as it answers. */
async function adoptWhenUp(
  sandbox: DockerSandbox,
  log: Parameters<typeof openDockerSandbox>[1],
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await sandbox.adopt();
      return;
    } catch (error) {
      log('warn', { err: error }, 'Docker does not answer yet');
      await delay(adoptEveryMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
