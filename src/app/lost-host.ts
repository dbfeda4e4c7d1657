import { type Host, judgeHosts, type Suspicions } from '../task/hosts.ts';
import type { EngineId } from '../task/ids.ts';
import type { Failure, Task } from '../task/task.ts';
import { currentRun } from '../task/transition.ts';
import type { WorkerDeps } from './deps.ts';

/** Watches over machines that have fallen silent. What it knows it has seen itself. */
export class HostWatch {
  readonly #deps: Pick<WorkerDeps, 'hosts' | 'elapsedMs' | 'awayMs'>;
  #suspicions: Suspicions = new Map();

  constructor(deps: Pick<WorkerDeps, 'hosts' | 'elapsedMs' | 'awayMs'>) {
    this.#deps = deps;
  }

  /** Those of these engines whose machines are lost, with what is known of them. To be asked every few seconds. */
  async findLost(engines: Iterable<EngineId>): Promise<ReadonlyMap<EngineId, Host | undefined>> {
    const { hosts, elapsedMs, awayMs } = this.#deps;
    const known = await hosts.list();
    const { suspicions, lost } = judgeHosts(this.#suspicions, known, engines, { nowMs: elapsedMs(), awayMs });
    this.#suspicions = suspicions;
    return new Map(Array.from(lost, (id) => [id, known.find(({ engine }) => engine === id)]));
  }
}

/**
 * Gives the runs of lost machines back to the queue: others do them anew, from what is on their branches. Should such a machine live
 * after all, its worker is refused every write of that run, and ends it unheard.
 */
export async function giveUpLost(deps: WorkerDeps, watch: HostWatch, tasks: readonly Task[]): Promise<void> {
  const { store, queue, clock, log } = deps;
  const lost = await watch.findLost(tasks.flatMap(({ run }) => currentRun(run)?.engine ?? []));
  for (const task of tasks) {
    const run = currentRun(task.run);
    if (run === undefined || !lost.has(run.engine)) continue;
    const host = lost.get(run.engine);
    log.warn({ task: task.id, run: run.id, engine: run.engine, host: host?.name }, 'The machine of a run is lost');
    const problem = toFailure(host);
    const event = { type: 'run_failed', run: run.id, problem, retry: true, at: clock.now() } as const;
    const failed = await store.apply(task.id, event, { epoch: task.epoch });
    if (failed.task?.run.type === 'queued') await queue.wake({ type: 'run', task: task.id });
  }
}

/** What a run failed of whose machine is lost. */
export const hostLost = 'host_lost';

function toFailure(host: Host | undefined): Failure {
  const which = host === undefined ? 'The machine of this run' : `The machine of this run (${host.name})`;
  const since = host === undefined ? '' : ` for ${Math.round(host.silentMs / 1_000)} s`;
  return {
    code: hostLost,
    sentence: `${which} has not answered${since}.`,
    next: 'Nothing to do: another machine does it anew.',
  };
}
