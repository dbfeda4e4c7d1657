import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { RunOrder } from '../task/ports/sandbox.ts';
import type { ContainerOrder } from './container-spec.ts';
import { Containers } from './containers.ts';
import type { Engine } from './docker.ts';
import { bundleDirectory } from './export.ts';
import { type Gateways, openGateways } from './gateway-process.ts';
import type { Log, SandboxOptions } from './options.ts';
import type { Admitted } from './order.ts';
import { startGate } from './start-gate.ts';
import { openWorkspaces, type Workspace, type Workspaces } from './workspace.ts';

/** What the sandboxes of one engine are made of. */
export interface Parts {
  readonly options: SandboxOptions;
  readonly engine: Engine;
  readonly containers: Containers;
  readonly workspaces: Workspaces;
  readonly gateways: Gateways;
  readonly bundles: ReturnType<typeof bundleDirectory>;
  /** Lets as many containers start at once as the machine has cores. */
  readonly gate: ReturnType<typeof startGate>;
  /** Aborted when the broker lets go of everything. */
  readonly closing: AbortSignal;
}

/** A task's gateway has a user as far above that of its sandbox: as much its own, and none of another task's. */
const gatewayUidsAbove = 30_000;

export function openParts(options: SandboxOptions, log: Log, engine: Engine, closing: AbortSignal): Parts {
  const { instance } = options;
  const workspaces = openWorkspaces({
    engine,
    instance,
    directory: join(options.dataDir, 'workspaces'),
    firstUid: options.firstUid,
    image: Object.values(options.images)[0] ?? '',
    mountable: options.mountable,
  });
  return {
    options,
    engine,
    containers: new Containers({ engine, instance, notes: workspaces.notes, log, closing }),
    workspaces,
    gateways: openGateways({
      directory: join(options.runDir, 'g'),
      ...options.gateway,
      userOf: async (task) => (options.gateway.ownUsers ? (await workspaces.uid(task)) + gatewayUidsAbove : null),
    }),
    bundles: bundleDirectory(join(options.dataDir, 'bundles')),
    gate: startGate(availableParallelism()),
    closing,
  };
}

/** What every container of a run is made from. */
export async function containerOrder(
  { engine, options }: Parts,
  order: RunOrder,
  admitted: Admitted,
  workspace: Workspace,
): Promise<ContainerOrder> {
  return {
    instance: options.instance,
    engine: await engine.facts(),
    task: order.task,
    run: order.run,
    ...admitted,
    uid: workspace.uid,
    workspace: workspace.mount,
    runtime: options.runtime,
  };
}
