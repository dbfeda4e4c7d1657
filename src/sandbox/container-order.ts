import type { RunOrder } from '../task/ports/sandbox.ts';
import type { ContainerOrder } from './container-spec.ts';
import type { Admitted } from './order.ts';
import type { Parts } from './parts.ts';
import { chooseRuntime } from './runtime.ts';
import type { Workspace } from './workspace.ts';

/** What every container of a run is made from. Throws `Problem` where the engine lacks the image or the runtime. */
export async function containerOrder(
  { engine, images, options }: Parts,
  order: Pick<RunOrder, 'task' | 'run'>,
  admitted: Admitted,
  workspace: Workspace,
): Promise<ContainerOrder> {
  const facts = await engine.facts();
  return {
    instance: options.instance,
    engine: facts,
    task: order.task,
    run: order.run,
    ...admitted,
    image: await images.pin(admitted.image),
    uid: workspace.uid,
    workspace: workspace.mount,
    runtime: chooseRuntime(options.runtime, facts.runtimes),
  };
}
