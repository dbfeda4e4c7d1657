import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { inside } from '../../sandbox/protocol.ts';
import type { RunId, Sha } from '../task/ids.ts';
import { Problem } from '../task/problem.ts';
import type { Check } from '../task/task.ts';
import { containerOrder } from './container-order.ts';
import { type ContainerOrder, checkSpec, exportSpec, type Spec } from './container-spec.ts';
import { exportCommand } from './export.ts';
import { readJson } from './files.ts';
import { admit, orderSchema, taskOf } from './order.ts';
import type { Parts } from './parts.ts';
import { runOnce } from './run-once.ts';
import { watchOnce } from './watch-disk.ts';

const exportTimeoutMs = 300_000;
/** How coreutils' `timeout` and CI systems spell it. */
const timedOutCode = 124;

/** Writes what a stopped run committed in one checkout as a bundle and returns its path; null when there is nothing new. */
export async function exportWork(
  parts: Parts,
  run: RunId,
  work: { folder: string; start: Sha },
  capBytes: number,
): Promise<string | null> {
  const order = await stoppedOrder(parts, run);
  return await parts.bundles.write(run, work.folder, (write) =>
    once(parts, exportSpec(order, exportCommand(work)), { timeoutMs: exportTimeoutMs, capBytes, write }),
  );
}

/** Runs one command on what a stopped run left, and takes its exit code. */
export async function checkWork(
  parts: Parts,
  run: RunId,
  { folder, command }: { folder: string; command: string },
  timeoutMs: number,
): Promise<Check> {
  const order = await stoppedOrder(parts, run);
  const suffix = createHash('sha256').update(`${folder}\n${command}`).digest('hex').slice(0, 12);
  const script = `cd ${inside.workspace}/${folder} || exit 125; exec sh -c "$1"`;
  const ended = await once(parts, checkSpec(order, ['sh', '-c', script, 'sh', command], suffix), {
    timeoutMs,
    capBytes: Number.POSITIVE_INFINITY,
    write: async () => {},
    watch: (over, kill) => watchOnce(parts, order, over, kill),
  });
  if (ended.end === 'too_much_disk') {
    const gib = (order.limits.workspaceBytes / 2 ** 30).toFixed(1).replace('.0', '');
    throw new Problem({
      code: 'out_of_disk',
      sentence: `The check \`${command}\` filled more than the run's ${gib} GiB of disk and was ended.`,
      next: 'Whoever runs Errand can raise the limit of the workspace.',
    });
  }
  const exitCode = ended.end === 'timed_out' ? timedOutCode : ended.exitCode;
  return { command, exitCode, durationMs: ended.durationMs };
}

/** The order of a run whose agent has stopped, with its workspace usable again. */
async function stoppedOrder(parts: Parts, run: RunId): Promise<ContainerOrder> {
  const { containers, workspaces } = parts;
  const task = taskOf(run);
  if ((await containers.state(run)).type === 'running') {
    throw new Problem({
      code: 'still_running',
      sentence: `Errand tried to look at the work of ${run} while its agent was still running.`,
      next: 'Stop the run first.',
    });
  }
  const workspace = await workspaces.find(task);
  const order = orderSchema.safeParse(await readJson(join(workspaces.notes(task), 'order.json')));
  if (workspace === undefined || !order.success || order.data.run !== run) {
    throw new Problem({
      code: 'workspace_gone',
      sentence: `Errand looked for the workspace of ${run} on this engine, and it is gone or belongs to another run.`,
      next: 'Start the task again.',
    });
  }
  return await containerOrder(parts, order.data, await admit(order.data, parts.options), workspace);
}

function once(
  { engine, gate, closing }: Parts,
  spec: Spec,
  options: Pick<Parameters<typeof runOnce>[2], 'timeoutMs' | 'capBytes' | 'write' | 'watch'>,
) {
  return runOnce(engine, spec, { ...options, gate, signal: closing });
}
