import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { TaskId } from '../task/ids.ts';
import { turns } from '../task/turns.ts';
import { Containers } from './containers.ts';
import type { Engine } from './docker.ts';
import { bundleDirectory } from './export.ts';
import { type Gateways, openGateways } from './gateway-process.ts';
import { type Guard, openGuard } from './guard.ts';
import { type Images, pinImages } from './images.ts';
import type { Log, SandboxOptions } from './options.ts';
import { openRegistries, type Registries } from './registries.ts';
import { startGate } from './start-gate.ts';
import { taskVolumes } from './volumes.ts';
import { watchDisk } from './watch-disk.ts';
import { watchGateway } from './watch-gateway.ts';
import { openWorkspaces, type Workspaces } from './workspace.ts';

/** What the sandboxes of one engine are made of. */
export interface Parts {
  readonly options: SandboxOptions;
  readonly log: Log;
  readonly engine: Engine;
  readonly images: Images;
  readonly guard: Guard;
  readonly containers: Containers;
  readonly workspaces: Workspaces;
  readonly volumes: ReturnType<typeof taskVolumes>;
  readonly gateways: Gateways;
  /** Those of set-up scripts, each gone when its script is. */
  readonly setUpGateways: Gateways;
  readonly registries: Registries;
  readonly bundles: ReturnType<typeof bundleDirectory>;
  /** Lets as many containers start at once as the machine has cores. */
  readonly gate: ReturnType<typeof startGate>;
  /** One thing at a time is done to a task. */
  readonly inTurn: ReturnType<typeof turns<TaskId>>;
  /** One self-test at a time: they share a name. */
  readonly testing: <T>(work: () => Promise<T>) => Promise<T>;
  /** Aborted when the broker lets go of everything. */
  readonly closing: AbortSignal;
}

/** A task's gateway has a user as far above that of its sandbox: as much its own, and none of another task's. */
const gatewayUidsAbove = 30_000;
const setUpGatewayUidsAbove = 40_000;

export interface Surroundings {
  readonly log: Log;
  readonly engine: Engine;
  readonly closing: AbortSignal;
  /** Verdicts that somebody else has already; a broker's are its own. */
  readonly guard?: Guard | undefined;
}

export function openParts(options: SandboxOptions, { log, engine, closing, guard }: Surroundings): Parts {
  const { instance } = options;
  const images = pinImages({ engine, directory: options.dataDir, log });
  const workspaces = openWorkspaces({
    engine,
    instance,
    directory: join(options.dataDir, 'workspaces'),
    firstUid: options.firstUid,
    image: () => images.pin(Object.values(options.images)[0] ?? ''),
    mountable: options.mountable,
    chosen: ({ way, because }) => {
      if (way === 'watched')
        log('warn', { because }, 'workspaces have no size limit: they are only measured now and then');
    },
  });
  const userAbove = (uids: number) => async (task: TaskId) =>
    options.gateway.ownUsers ? (await workspaces.uid(task)) + uids : null;
  const testing = turns<'test'>();
  const gate = startGate(availableParallelism());
  const parts: Parts = {
    options,
    log,
    engine,
    images,
    guard: guard ?? openGuard(engine, closing),
    containers: new Containers({
      ...{ engine, instance, notes: workspaces.notes, log, closing },
      held: async (run, container, stopped) => {
        await Promise.all([watchDisk(parts, run, container, stopped), watchGateway(parts, run, stopped)]);
      },
    }),
    workspaces,
    volumes: taskVolumes(engine, instance),
    gateways: openGateways({
      ...options.gateway,
      ...{ spare: true, closing },
      directory: join(options.runDir, 'g'),
      userOf: userAbove(gatewayUidsAbove),
    }),
    setUpGateways: openGateways({
      ...options.gateway,
      ...{ spare: false, closing },
      directory: join(options.runDir, 's'),
      userOf: userAbove(setUpGatewayUidsAbove),
    }),
    registries: openRegistries(engine, options, { images, closing }),
    bundles: bundleDirectory(join(options.dataDir, 'bundles'), options.bundleUser),
    gate,
    inTurn: turns<TaskId>(),
    testing: (work) => testing('test', work),
    closing,
  };
  return parts;
}
