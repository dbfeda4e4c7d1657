import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type Dockerode from 'dockerode';
import { inside } from '../../sandbox/protocol.ts';
import type { RunId } from '../task/ids.ts';
import { containerOrder } from './container-order.ts';
import { type ContainerOrder, helperSpec } from './container-spec.ts';
import { readJson } from './files.ts';
import { admit, orderSchema, taskOf } from './order.ts';
import type { Parts } from './parts.ts';
import { runOnce } from './run-once.ts';

const everySeconds = 5;
/** What a run may not take of the disk that its volume shares with the machine, whatever the files say that it can see. */
const reserveBytes = 2 ** 30;
const triesInARow = 3;

/** Two numbers a line: what the workspace takes, and what its disk has left. A file that is open and has no name counts in the second alone. */
const script = `while :; do
  used=$(du -sx -B1 ${inside.workspace} 2>/dev/null | cut -f1)
  echo "$used $(df -B1 --output=avail ${inside.workspace} | tail -n 1)"
  sleep ${everySeconds}
done`;

/** Ends a run on a workspace that nothing else ends when it is larger than it may be. */
export async function watchDisk(
  parts: Parts,
  run: RunId,
  container: Dockerode.Container,
  stopped: Promise<void>,
): Promise<void> {
  const { containers, engine, options, workspaces } = parts;
  if ((await workspaces.way()).way !== 'watched') return;
  const over = new AbortController();
  const leave = () => over.abort();
  stopped.then(leave, leave);
  const task = taskOf(run);
  const find = async () => {
    const order = orderSchema.parse(await readJson(join(workspaces.notes(task), 'order.json')));
    const workspace = await workspaces.find(task);
    if (workspace === undefined) throw new Error('there is no workspace');
    return await containerOrder(parts, order, await admit(order, options), workspace);
  };
  await keepMeasuring(parts, run, find, over.signal, async () => {
    await containers.note(run, 'disk');
    await engine.call(`end ${run}`, (abortSignal) => container.kill({ abortSignal }));
  });
}

/** The same around one container that is run to its end: a set-up's, a check's. Nothing where something else ends a workspace. */
export async function watchOnce(
  parts: Parts,
  order: ContainerOrder,
  over: AbortSignal,
  kill: () => Promise<void>,
): Promise<void> {
  if ((await parts.workspaces.way()).way !== 'watched') return;
  await keepMeasuring(parts, order.run, async () => order, over, kill);
}

/**
 * Measures the workspace until `over`, and kills what works there when it is larger than it may be, or the disk below nearly full.
 * Measuring is done in a container that can read everything there and change nothing. Where it fails, three times in a row, it kills
 * as well. Between two measurements as much can be written as the disk takes: this is the weakest way.
 */
async function keepMeasuring(
  parts: Parts,
  run: RunId,
  find: () => Promise<ContainerOrder>,
  over: AbortSignal,
  kill: () => Promise<void>,
): Promise<void> {
  const { log } = parts;
  let failed = 0;
  const end = async (why: string) => {
    log('warn', { run }, `a run was ended: ${why}`);
    await kill();
  };
  while (!over.aborted) {
    try {
      await measure(parts, await find(), over, async ({ used, left, allowed }) => {
        failed = 0;
        if (used > allowed) await end(`its workspace has ${used} bytes, and may have ${allowed}`);
        else if (left < reserveBytes) await end(`the disk of its workspace has ${left} bytes left`);
      });
    } catch (error) {
      if (over.aborted) return;
      failed += 1;
      log('warn', { run, err: error }, 'the workspace of a run could not be measured');
      if (failed >= triesInARow) return await end('nothing can measure its workspace');
      await sleep(1_000, undefined, { signal: over }).catch(() => undefined);
    }
  }
}

async function measure(
  { engine }: Parts,
  order: ContainerOrder,
  signal: AbortSignal,
  found: (measured: { used: number; left: number; allowed: number }) => Promise<void>,
): Promise<void> {
  const limits = { ...order.limits, memoryBytes: 2 ** 27, cpus: 0.5, pids: 16 };
  const small = { ...order, repositories: [], limits };
  const spec = helperSpec(small, { command: ['sh', '-c', script], capability: 'DAC_READ_SEARCH', suffix: 'disk' });
  let text = '';
  const ended = await runOnce(engine, spec, {
    timeoutMs: order.limits.runMs,
    capBytes: Number.POSITIVE_INFINITY,
    async write(bytes) {
      text += bytes.toString('utf8');
      const whole = text.split('\n');
      text = whole.pop() ?? '';
      for (const line of whole) {
        const [used, left] = line.split(/\s+/).map(Number);
        if (used === undefined || left === undefined || Number.isNaN(used + left)) throw new Error(`it said ${line}`);
        await found({ used, left, allowed: order.limits.workspaceBytes });
      }
    },
    gate: (work) => work(),
    signal,
  });
  if (ended.end === 'exited') throw new Error(`it ended with ${ended.exitCode}: ${ended.stderr}`);
}
