import { expect } from 'vitest';

/** One thing that must not be, the field of Docker's API that keeps it so, and the field's value: as it is made, and on the engine itself. */
export interface Hardening {
  /** Numbers are those of the CIS Docker Benchmark 1.6, section 5, as docker-bench-security has them; OWASP's are its Docker cheat sheet's. */
  readonly item: string;
  readonly field: string;
  readonly value: unknown;
}

const limited = 'OWASP 7 resources are limited';

export const hardening: readonly Hardening[] = [
  { item: 'CIS 5.4 no capability', field: 'HostConfig.CapDrop', value: ['ALL'] },
  { item: 'CIS 5.4 no capability', field: 'HostConfig.CapAdd', value: [] },
  { item: 'CIS 5.5 not privileged', field: 'HostConfig.Privileged', value: false },
  { item: 'CIS 5.6 no folder of the host', field: 'HostConfig.Binds', value: [] },
  { item: 'CIS 5.8 no port', field: 'HostConfig.PortBindings', value: {} },
  { item: 'CIS 5.9 no port', field: 'HostConfig.PublishAllPorts', value: false },
  {
    item: "CIS 5.10, 5.14, 5.30 not the host's network, and no bridge",
    field: 'HostConfig.NetworkMode',
    value: 'none',
  },
  { item: 'CIS 5.11 memory', field: 'HostConfig.Memory', value: 2 ** 30 },
  { item: 'CIS 5.11 no swap to flee into', field: 'HostConfig.MemorySwap', value: 2 ** 30 },
  { item: 'CIS 5.11 the kernel may end it', field: 'HostConfig.OomKillDisable', value: false },
  { item: 'CIS 5.12 share of the processors', field: 'HostConfig.CpuShares', value: 512 },
  { item: 'CIS 5.12 limit of the processors', field: 'HostConfig.NanoCpus', value: 1_500_000_000 },
  { item: 'CIS 5.13 read-only root', field: 'HostConfig.ReadonlyRootfs', value: true },
  { item: 'CIS 5.15 no restart', field: 'HostConfig.RestartPolicy.Name', value: 'no' },
  { item: "CIS 5.16 not the host's processes", field: 'HostConfig.PidMode', value: '' },
  { item: "CIS 5.17 not the host's shared memory", field: 'HostConfig.IpcMode', value: 'private' },
  { item: 'CIS 5.18 no device', field: 'HostConfig.Devices', value: [] },
  { item: 'CIS 5.18 no device', field: 'HostConfig.DeviceCgroupRules', value: [] },
  { item: 'CIS 5.18 no device', field: 'HostConfig.DeviceRequests', value: [] },
  {
    item: 'CIS 5.19 ulimits',
    field: 'HostConfig.Ulimits',
    value: [
      { Name: 'nofile', Soft: 8192, Hard: 8192 },
      { Name: 'core', Soft: 0, Hard: 0 },
    ],
  },
  { item: "CIS 5.21 not the host's name", field: 'HostConfig.UTSMode', value: '' },
  {
    item: 'CIS 5.22 our own filter of system calls',
    field: 'HostConfig.SecurityOpt.1',
    value: expect.stringMatching(/^seccomp=."defaultAction":"SCMP_ACT_ERRNO"/),
  },
  { item: 'CIS 5.25 where cgroups are by default', field: 'HostConfig.CgroupParent', value: '' },
  { item: 'CIS 5.25 a cgroup tree of its own', field: 'HostConfig.CgroupnsMode', value: 'private' },
  { item: 'CIS 5.26 no new privileges', field: 'HostConfig.SecurityOpt.0', value: 'no-new-privileges:true' },
  { item: 'CIS 5.29 processes', field: 'HostConfig.PidsLimit', value: 256 },
  { item: "CIS 5.31 not the host's users", field: 'HostConfig.UsernsMode', value: '' },
  { item: 'OWASP 2 a user of its own', field: 'Config.User', value: '20007:20007' },
  { item: 'OWASP 2 no group beside it', field: 'HostConfig.GroupAdd', value: [] },
  { item: `${limited}: shared memory`, field: 'HostConfig.ShmSize', value: 256 * 1024 * 1024 },
  {
    item: `${limited}: /tmp`,
    field: 'HostConfig.Tmpfs',
    value: { '/tmp': 'rw,exec,nosuid,nodev,size=1g,nr_inodes=200k,mode=1777' },
  },
  { item: 'the container is the run, and stays to be looked at', field: 'HostConfig.AutoRemove', value: false },
  { item: 'an init reaps zombies', field: 'HostConfig.Init', value: true },
  { item: 'no host has another name in it', field: 'HostConfig.ExtraHosts', value: [] },
  { item: 'no link to another container', field: 'HostConfig.Links', value: [] },
  { item: "no other container's folders", field: 'HostConfig.VolumesFrom', value: [] },
  { item: 'no setting of the kernel', field: 'HostConfig.Sysctls', value: {} },
  { item: 'no terminal', field: 'Config.Tty', value: false },
];

/** What Docker hides of /proc and /sys by itself: an empty list would show all of it, so that no list is given. */
export const hidden = ['HostConfig.MaskedPaths', 'HostConfig.ReadonlyPaths'] as const;

/** What is given to Docker in the shape in which it gives it back. */
export function asInspected(spec: object): object {
  return { ...spec, Config: spec };
}

/** Follows a dotted path through objects and arrays. */
export function pathValue(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined), value);
}
