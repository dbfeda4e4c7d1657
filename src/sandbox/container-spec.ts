import type Dockerode from 'dockerode';
import { inside } from '../../sandbox/protocol.ts';
import type { EngineId, RunId, TaskId } from '../task/ids.ts';
import type { Limits } from '../task/ports/sandbox.ts';
import { type RegistryMount, settingsFolder } from './registry-settings.ts';
import { seccompProfile } from './seccomp.ts';

export const labels = {
  instance: 'errand.instance',
  engine: 'errand.engine',
  slot: 'errand.slot',
  task: 'errand.task',
  run: 'errand.run',
  kind: 'errand.kind',
  /** How long the run may take, so that whoever adopts the container can hold it to that. */
  runMs: 'errand.run-ms',
} as const;

/** What an engine is, as far as a container's settings depend on it. */
export interface EngineFacts {
  readonly id: EngineId;
  readonly architecture: string;
  readonly apparmor: boolean;
}

/** An OCI runtime by the name it has on the engine; null is the engine's own default. */
export type Runtime = 'runc' | 'runsc' | null;

/** What the three containers of a run have in common. Everything is decided outside, before the agent ran. */
export interface ContainerOrder {
  /** This installation of Errand: two on one engine never touch each other's containers. */
  readonly instance: string;
  readonly engine: EngineFacts;
  readonly task: TaskId;
  readonly run: RunId;
  /** An image reference from the operator's list. */
  readonly image: string;
  /** The uid and gid that no other task on this engine has. */
  readonly uid: number;
  readonly workspace: { readonly type: 'bind' | 'volume'; readonly source: string };
  /** Bare repositories; `target` is the path the worker knows, `source` what it really is. */
  readonly repositories: readonly { readonly source: string; readonly target: string }[];
  readonly limits: Limits;
  /** gVisor's `runsc` brings its own system call filter. */
  readonly runtime: Runtime;
}

export type Kind = 'run' | 'setup' | 'scan' | 'export' | 'check' | 'probe' | 'helper';
export type Spec = Dockerode.ContainerCreateOptions & { readonly name: string };

const proxy = `http://${inside.forwarder.host}:${inside.forwarder.port}`;
const mebibyte = 1024 * 1024;

/** `errand-<instance>-<run>`: Docker's unique names make a second container of one run impossible. */
export function containerName(instance: string, run: RunId, suffix = ''): string {
  return `errand-${instance}-${run}${suffix}`;
}

/** The agent's container: the runner on an open stdin, the gateway's socket directory, no network card. */
export function runSpec(
  order: ContainerOrder,
  options: { command: readonly string[]; gateway: string; registries?: RegistryMount },
): Spec {
  const { registries } = options;
  const spec = hardened(order, 'run', {
    name: containerName(order.instance, order.run),
    command: options.command,
    env: [
      `ERRAND_RUN=${order.run}`,
      ...['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'].map((name) => `${name}=${proxy}`),
      ...['NO_PROXY', 'no_proxy'].map((name) => `${name}=127.0.0.1,localhost,::1`),
      ...(registries?.env ?? []),
    ],
    mounts: [readOnly(options.gateway, gatewayDirectory), ...settingsMounts(registries)],
    log: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '2' } },
  });
  return { ...spec, OpenStdin: true, StdinOnce: false };
}

/**
 * A set-up script's container: like the agent's, with a gateway of its own. What it is told comes over stdin, since Docker shows a
 * container's environment and arguments to whoever asks; nothing keeps what it prints.
 */
export function setUpSpec(
  order: ContainerOrder,
  options: { command: readonly string[]; gateway: string; registries?: RegistryMount },
): Spec {
  const spec = hardened(order, 'setup', {
    name: containerName(order.instance, order.run, '-setup'),
    command: options.command,
    env: options.registries?.env ?? [],
    mounts: [readOnly(options.gateway, gatewayDirectory), ...settingsMounts(options.registries)],
    log: { Type: 'none', Config: {} },
  });
  return told(spec);
}

/** Looks through the workspace for what must not be in it; no gateway. */
export function scanSpec(order: ContainerOrder, command: readonly string[]): Spec {
  const name = containerName(order.instance, order.run, '-scan');
  return told(hardened(order, 'scan', { name, command, env: [], mounts: [], log: { Type: 'none', Config: {} } }));
}

/** Reads one line of stdin, and no more once whoever told it is gone. */
function told(spec: Spec): Spec {
  return { ...spec, OpenStdin: true, StdinOnce: true };
}

/** Commits what the agent left and writes a bundle to stdout; no gateway. */
export function exportSpec(order: ContainerOrder, command: readonly string[]): Spec {
  const name = containerName(order.instance, order.run, '-export');
  return hardened(order, 'export', { name, command, env: [], mounts: [], log: { Type: 'none', Config: {} } });
}

/** One command in the checkout, whose exit code counts; no gateway. `suffix` tells a run's checks apart. */
export function checkSpec(order: ContainerOrder, command: readonly string[], suffix: string): Spec {
  const name = containerName(order.instance, order.run, `-check-${suffix}`);
  return hardened(order, 'check', { name, command, env: [], mounts: [], log: { Type: 'none', Config: {} } });
}

/** A run's container in everything that holds it, whose command looks around and says on stdout what it found. */
export function probeSpec(order: ContainerOrder, options: { command: readonly string[]; gateway: string }): Spec {
  const spec = runSpec(order, options);
  return {
    ...spec,
    name: `errand-${order.instance}-probe`,
    Labels: { ...spec.Labels, [labels.kind]: 'probe' satisfies Kind },
    OpenStdin: false,
  };
}

/**
 * One command of ours on a workspace that only Docker can reach: as root, with one capability and nothing else, so that it can hand
 * the workspace to its user (CHOWN), or measure what that user hides (DAC_READ_SEARCH; read-only then).
 */
export function helperSpec(
  order: ContainerOrder,
  {
    command,
    capability,
    suffix,
  }: { command: readonly string[]; capability: 'CHOWN' | 'DAC_READ_SEARCH'; suffix: string },
): Spec {
  const spec = hardened(order, 'helper', {
    name: containerName(order.instance, order.run, `-${suffix}`),
    command,
    env: [],
    mounts: [],
    log: { Type: 'none', Config: {} },
  });
  const [workspace, ...others] = spec.HostConfig?.Mounts ?? [];
  if (workspace === undefined) return spec;
  const mount = { ...workspace, ReadOnly: capability === 'DAC_READ_SEARCH' };
  return {
    ...spec,
    User: '0:0',
    HostConfig: { ...spec.HostConfig, CapAdd: [capability], Mounts: [mount, ...others] },
  };
}

function settingsMounts(registries: RegistryMount | undefined): Dockerode.MountSettings[] {
  if (registries === undefined || registries.folder === null) return [];
  const { folder, cargo } = registries;
  // Above every checkout, where cargo looks last.
  return [readOnly(folder, settingsFolder), ...(cargo ? [readOnly(`${folder}/cargo`, '/.cargo')] : [])];
}

/** The directory that holds the gateway's socket, so that a rebound socket appears. */
const gatewayDirectory = inside.gateway.slice(0, inside.gateway.lastIndexOf('/'));

interface Variant {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: readonly string[];
  readonly mounts: readonly Dockerode.MountSettings[];
  readonly log: { readonly Type: string; readonly Config: Readonly<Record<string, string>> };
}

function hardened(order: ContainerOrder, kind: Kind, variant: Variant): Spec {
  const { limits } = order;
  return {
    name: variant.name,
    Image: order.image,
    Entrypoint: [],
    Cmd: [...variant.command],
    Hostname: order.task,
    User: `${order.uid}:${order.uid}`,
    // Of the kinds only the runner may find no checkout; the others go there by themselves.
    WorkingDir: inside.workspace,
    Env: [`HOME=${inside.home}`, 'CI=1', 'GIT_TERMINAL_PROMPT=0', 'IS_SANDBOX=1', ...variant.env],
    Labels: {
      [labels.instance]: order.instance,
      [labels.engine]: order.engine.id,
      [labels.slot]: String(order.uid),
      [labels.task]: order.task,
      [labels.run]: order.run,
      [labels.kind]: kind,
      [labels.runMs]: String(limits.runMs),
    },
    Tty: false,
    OpenStdin: false,
    HostConfig: {
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      Privileged: false,
      CapDrop: ['ALL'],
      CapAdd: [],
      SecurityOpt: securityOptions(order),
      Init: true,
      IpcMode: 'private',
      PidMode: '',
      UTSMode: '',
      UsernsMode: '',
      ...cgroupNamespace,
      PidsLimit: limits.pids,
      Memory: limits.memoryBytes,
      // Equal to Memory: no swap to flee into.
      MemorySwap: limits.memoryBytes,
      OomKillDisable: false,
      NanoCpus: Math.round(limits.cpus * 1e9),
      CpuShares: 512,
      // No nproc: the kernel counts it by uid over the whole host, PidsLimit by container.
      Ulimits: [
        { Name: 'nofile', Soft: 8192, Hard: 8192 },
        { Name: 'core', Soft: 0, Hard: 0 },
      ],
      ShmSize: 256 * mebibyte,
      // Docker's own default is noexec, which breaks compilers and node-gyp.
      Tmpfs: { '/tmp': 'rw,exec,nosuid,nodev,size=1g,nr_inodes=200k,mode=1777' },
      Mounts: [
        { Type: order.workspace.type, Source: order.workspace.source, Target: inside.workspace },
        ...order.repositories.map(({ source, target }) => readOnly(source, target)),
        ...variant.mounts,
      ],
      LogConfig: variant.log,
      RestartPolicy: { Name: 'no' },
      AutoRemove: false,
      Binds: [],
      Devices: [],
      DeviceCgroupRules: [],
      DeviceRequests: [],
      GroupAdd: [],
      ExtraHosts: [],
      Links: [],
      VolumesFrom: [],
      Sysctls: {},
      CgroupParent: '',
      PortBindings: {},
      PublishAllPorts: false,
      ...(order.runtime === null ? {} : { Runtime: order.runtime }),
    },
  };
}

/** Docker's API has it, the typings don't. */
const cgroupNamespace: object = { CgroupnsMode: 'private' };

/** What keeps a container from gaining rights. */
export function securityOptions(order: Pick<ContainerOrder, 'engine' | 'runtime'>): string[] {
  const own = order.runtime === 'runsc' ? [] : [`seccomp=${JSON.stringify(seccompProfile(order.engine.architecture))}`];
  const apparmor = order.engine.apparmor ? ['apparmor=docker-default'] : [];
  return ['no-new-privileges:true', ...own, ...apparmor];
}

function readOnly(source: string, target: string): Dockerode.MountSettings {
  return { Type: 'bind', Source: source, Target: target, ReadOnly: true, BindOptions: { Propagation: 'rprivate' } };
}
