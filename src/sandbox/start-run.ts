import { join } from 'node:path';
import type Dockerode from 'dockerode';
import type { RunId } from '../task/ids.ts';
import type { RunOrder } from '../task/ports/sandbox.ts';
import { Problem } from '../task/problem.ts';
import { checkWalls } from './check-walls.ts';
import { containerOrder } from './container-order.ts';
import { runSpec } from './container-spec.ts';
import { writeJson } from './files.ts';
import { type Admitted, admit } from './order.ts';
import type { Parts } from './parts.ts';
import { noPackageManagers } from './registries.ts';
import { type RegistryMount, registrySettings } from './registry-settings.ts';
import { createContainer, removeContainer } from './run-once.ts';
import { dropHalfSetUp } from './set-up-notes.ts';

/**
 * Makes workspace, gateway and container of a run, or finds them, and holds the run to its deadline. One call a task at a
 * time. Throws `Problem` for what the operator doesn't allow, for a run older than one that is here, and when Docker fails.
 */
export async function startRun(parts: Parts, order: RunOrder): Promise<void> {
  const { engine, containers, gateways } = parts;
  const { task, run } = order;
  const admitted = await admit(order, parts.options);
  const before = await containers.list({ task });
  const mine = before.find((listed) => listed.run === run && listed.kind === 'run');
  if (mine?.state === 'running') {
    await gateways.revive(task);
    await containers.hold(run, mine.container);
    return;
  }
  if (mine !== undefined && mine.state !== 'created') return;
  if (before.some((listed) => numberOf(listed.run) > numberOf(run))) throw staleRun(run);
  await checkWalls(parts, await parts.images.pin(admitted.image));
  // One agent a workspace: what an older run left is in the way. Half-made is thrown away and made again.
  await Promise.all(before.map(({ container }) => removeContainer(engine, container)));
  await dropHalfSetUp(parts.workspaces, task);

  // The gateway takes as long to come up as the container. Without it the run has no network, and nothing tells the
  // runner what to do before this call has settled: they may start together, as long as they fail together.
  const managers = order.policy.registries === true ? await parts.registries.of(admitted.image) : noPackageManagers;
  const settings = registrySettings(managers);
  const [gateway, folder] = await Promise.all([gateways.prepare(task), gateways.place(task, settings.files)]);
  const policy = { ...order.policy, registries: managers.registries };
  const [began, served] = await Promise.allSettled([
    startContainer(parts, order, admitted, { gateway, registries: { ...settings, folder } }),
    gateways.open(task, policy),
  ]);
  if (began.status === 'rejected') throw began.reason;
  if (served.status === 'rejected') {
    await removeContainer(engine, began.value);
    throw served.reason;
  }
  containers.holdBegun(run, began.value, { ranMs: 0, runMs: admitted.limits.runMs });
}

async function startContainer(
  parts: Parts,
  order: RunOrder,
  admitted: Admitted,
  inside: { gateway: string; registries: RegistryMount },
): Promise<Dockerode.Container> {
  const { engine, options, workspaces } = parts;
  const { task } = order;
  const claimed = await workspaces.claim(task, admitted.limits.workspaceBytes);
  const spec = runSpec(await containerOrder(parts, order, admitted, claimed), {
    command: options.command,
    ...inside,
  });
  const [created, ...others] = await Promise.allSettled([
    createContainer(engine, spec),
    workspaces.open(task, admitted.limits.workspaceBytes),
    writeJson(join(workspaces.notes(task), 'order.json'), order),
  ]);
  if (created.status === 'rejected') throw created.reason;
  const container = created.value;
  try {
    for (const other of others) if (other.status === 'rejected') throw other.reason;
    await engine.call(`start ${spec.name}`, (abortSignal) => container.start({ abortSignal }));
    return container;
  } catch (error) {
    await removeContainer(engine, container);
    throw error;
  }
}

export function numberOf(run: RunId): number {
  return Number(run.slice(run.lastIndexOf('-r') + 2));
}

export function staleRun(run: RunId): Problem {
  return new Problem({
    code: 'stale_run',
    sentence: `Errand tried to start ${run}, but a newer run of that task is already here.`,
    next: 'Nothing: the newer run goes on.',
  });
}
