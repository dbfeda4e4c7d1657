import type { Parts } from '../../../../src/sandbox/parts.ts';
import { startRun as start } from '../../../../src/sandbox/start-run.ts';
import type { RunOrder } from '../../../../src/task/ports/sandbox.ts';
import { plugged } from '../container-weaknesses.ts';
import { plug } from '../plug.ts';
import { weaknessOfTask } from '../weakness.ts';

export * from '../../../../src/sandbox/start-run.ts';

const done = new Set<string>();

/** As in `src`; some containers get a network card before their agent is told what to do. */
export async function startRun(parts: Parts, order: RunOrder): Promise<void> {
  await start(parts, order);
  if (!plugged.has(weaknessOfTask(order.task) ?? '') || done.has(order.run)) return;
  done.add(order.run);
  const { State } = await parts.containers.get(order.run).inspect();
  await plug(State.Pid);
}
