import { setTimeout as sleep } from 'node:timers/promises';
import type { RunId } from '../task/ids.ts';
import { taskOf } from './order.ts';
import type { Parts } from './parts.ts';

const everyMs = 2_000;

/** Starts the gateway of a running container again wherever it died, until `stopped`: without it no model and no host is in reach. */
export async function watchGateway(parts: Parts, run: RunId, stopped: Promise<void>): Promise<void> {
  const { containers, gateways, inTurn, log } = parts;
  const task = taskOf(run);
  const over = new AbortController();
  const leave = () => over.abort();
  stopped.then(leave, leave);
  while (!over.signal.aborted) {
    await sleep(everyMs, undefined, { signal: over.signal, ref: false }).catch(() => undefined);
    if (over.signal.aborted) return;
    try {
      if (await gateways.isUp(task)) continue;
      // Whoever removes the task or starts its next run ends this gateway on purpose.
      await inTurn(task, async () => {
        if (over.signal.aborted || (await containers.state(run)).type !== 'running') return;
        log('warn', { task, run }, 'a running task has lost its gateway; it gets another');
        await gateways.revive(task);
      });
    } catch (error) {
      log('warn', { task, run, err: error }, 'the gateway of a running task could not be started again');
    }
  }
}
