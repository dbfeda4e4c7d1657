import { chmodSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type Dockerode from 'dockerode';
import type { ContainerOrder, Spec } from '../../../src/sandbox/container-spec.ts';
import { labels } from '../../../src/sandbox/container-spec.ts';
import { folder, plan } from './weakness.ts';

type Weaken = (spec: Spec, order: ContainerOrder) => Spec;

const unconfined = ['no-new-privileges:true', 'seccomp=unconfined'];
const mebibyte = 1024 * 1024;

/** Not ALL: a machine may have given its engine less than all there are. */
const mighty = [
  'SYS_ADMIN',
  'SYS_PTRACE',
  'SYS_MODULE',
  'SYS_BOOT',
  'SYSLOG',
  'DAC_READ_SEARCH',
  'NET_ADMIN',
  'NET_RAW',
];

/** Containers that get a network card, whose other end is where the canaries are. */
export const plugged: ReadonlySet<string> = new Set(['network']);

/** The settings of a container with one protection less each; everything else stays as it is. */
export const containerWeaknesses: Readonly<Record<string, Weaken>> = {
  /** No list of system calls, and the right to mount; its user is root, for whom that right holds. */
  mounts: (spec) => changed(asRoot(spec), { SecurityOpt: unconfined, CapAdd: ['SYS_ADMIN'] }),
  'docker-socket': (spec) =>
    changed(asRoot(spec), {
      Mounts: [...mountsOf(spec), { Type: 'bind', Source: '/var/run/docker.sock', Target: '/var/run/docker.sock' }],
    }),
  /** An image that has sudo, as most have. */
  privileges: (spec) => {
    const options = spec.HostConfig?.SecurityOpt?.filter((option: string) => !option.startsWith('no-new-privileges'));
    return { ...changed(spec, { SecurityOpt: options ?? [] }), Image: plan().unlisted };
  },
  /** Only loop devices: among them one that the case made, and the other sandboxes' workspaces. */
  devices: (spec) =>
    changed(asRoot(spec), {
      SecurityOpt: unconfined,
      DeviceCgroupRules: ['b 7:* rm'],
    }),
  /** Mirror and task repository as a clone by hard links would have them: there to be written. */
  'writable-mirror': (spec) =>
    changed(spec, {
      Mounts: mountsOf(spec).map((mount) => (mount.Target.endsWith('.git') ? { ...mount, ReadOnly: false } : mount)),
    }),
  /** As those do who give an agent its key. */
  'keys-inside': (spec) => ({ ...spec, Env: [...(spec.Env ?? []), 'ANTHROPIC_API_KEY=canary-anthropic-key'] }),
  /** The folder of all gateways, beside the task's own. */
  'shared-gateways': (spec) => {
    const own = mountsOf(spec).find(({ Target }) => Target === '/run/errand');
    if (own === undefined) return spec;
    const others = { ...own, Source: dirname(dirname(own.Source)), Target: '/run/others' };
    return changed(spec, { Mounts: [...mountsOf(spec), others] });
  },
  'writable-root': (spec) => changed(asRoot(spec), { ReadonlyRootfs: false }),
  proc: (spec) => changed(asRoot(spec), { ...openProc }),
  calls: (spec) => changed(asRoot(spec), { SecurityOpt: unconfined, CapAdd: [...mighty] }),
  pids: (spec) => changed(spec, { PidsLimit: 1024 }),
  memory: (spec) => changed(spec, { Memory: 4096 * mebibyte, MemorySwap: 4096 * mebibyte }),
  cpus: (spec) => changed(spec, { NanoCpus: 0, CpuShares: 4096 }),
  /** Room for what the attack takes, which is bounded; the workspace has it by `weak/sandbox/workspace.ts`. */
  space: (spec) =>
    changed(spec, {
      Memory: 4096 * mebibyte,
      MemorySwap: 4096 * mebibyte,
      ShmSize: 512 * mebibyte,
      Tmpfs: { '/tmp': 'rw,exec,nosuid,nodev,size=2g,mode=1777' },
    }),
  log: (spec) => changed(spec, { LogConfig: { Type: 'json-file', Config: {} } }),
  /** As whoever adopts the container reads it. */
  deadline: (spec) => ({ ...spec, Labels: { ...spec.Labels, [labels.runMs]: String(24 * 60 * 60_000) } }),
  /** The host's processes and shared memory. */
  'shared-spaces': (spec) => changed(spec, { PidMode: 'host', IpcMode: 'host' }),
  'shared-cache': (spec) => {
    const cache = `${folder()}/cache`;
    mkdirSync(cache, { recursive: true });
    chmodSync(cache, 0o1777);
    return changed(spec, {
      Mounts: [...mountsOf(spec), { Type: 'bind', Source: cache, Target: '/var/cache/packages' }],
    });
  },
  /** The gateway's folder can be written to, by a root that owns it. */
  'writable-gateway': (spec) => {
    const mounts = (spec.HostConfig?.Mounts ?? []).map((each) =>
      each.Target === '/run/errand' ? { ...each, ReadOnly: false } : each,
    );
    return changed(asRoot(spec), { Mounts: mounts, CapAdd: ['DAC_OVERRIDE', 'FOWNER'], CapDrop: [] });
  },
};

/** Docker's API has them, the typings don't. */
const openProc: object = { MaskedPaths: [], ReadonlyPaths: [] };

function changed(spec: Spec, change: Dockerode.HostConfig): Spec {
  return { ...spec, HostConfig: { ...spec.HostConfig, ...change } };
}

/** Root with Docker's usual capabilities, among them the one to write what belongs to others: its workspace, for one. */
function asRoot(spec: Spec): Spec {
  return { ...changed(spec, { CapDrop: [] }), User: '0:0' };
}

function mountsOf(spec: Spec): Dockerode.MountSettings[] {
  return spec.HostConfig?.Mounts ?? [];
}
