import { expect } from 'vitest';

/** Items of the CIS Docker Benchmark (section 5) and of our own, the field that keeps each, and its value: made and live. */
export const hardening: readonly { item: string; field: string; value: unknown }[] = [
  { item: 'CIS 5.3 capabilities', field: 'HostConfig.CapDrop', value: ['ALL'] },
  { item: 'CIS 5.3 capabilities', field: 'HostConfig.CapAdd', value: [] },
  { item: 'CIS 5.4 not privileged', field: 'HostConfig.Privileged', value: false },
  { item: 'CIS 5.7 no port', field: 'HostConfig.PortBindings', value: {} },
  { item: 'CIS 5.8 no port', field: 'HostConfig.PublishAllPorts', value: false },
  { item: "CIS 5.9 not the host's network", field: 'HostConfig.NetworkMode', value: 'none' },
  { item: 'CIS 5.10 memory', field: 'HostConfig.Memory', value: 2 ** 30 },
  { item: 'no swap', field: 'HostConfig.MemorySwap', value: 2 ** 30 },
  { item: 'CIS 5.11 CPU share', field: 'HostConfig.CpuShares', value: 512 },
  { item: 'CPU limit', field: 'HostConfig.NanoCpus', value: 1_500_000_000 },
  { item: 'CIS 5.12 read-only root', field: 'HostConfig.ReadonlyRootfs', value: true },
  { item: 'CIS 5.14 no restart', field: 'HostConfig.RestartPolicy.Name', value: 'no' },
  { item: 'the container is the run', field: 'HostConfig.AutoRemove', value: false },
  { item: "CIS 5.15 not the host's processes", field: 'HostConfig.PidMode', value: '' },
  { item: "CIS 5.16 not the host's IPC", field: 'HostConfig.IpcMode', value: 'private' },
  { item: 'CIS 5.17 no device', field: 'HostConfig.Devices', value: [] },
  { item: 'CIS 5.17 no device', field: 'HostConfig.DeviceCgroupRules', value: [] },
  {
    item: 'CIS 5.18 ulimits',
    field: 'HostConfig.Ulimits',
    value: [
      { Name: 'nofile', Soft: 8192, Hard: 8192 },
      { Name: 'core', Soft: 0, Hard: 0 },
    ],
  },
  { item: "CIS 5.20 not the host's UTS", field: 'HostConfig.UTSMode', value: '' },
  {
    item: 'CIS 5.21 seccomp',
    field: 'HostConfig.SecurityOpt.1',
    value: expect.stringMatching(/^seccomp=."defaultAction":"SCMP_ACT_ERRNO"/),
  },
  { item: 'cgroup namespace', field: 'HostConfig.CgroupnsMode', value: 'private' },
  { item: 'CIS 5.25 no new privileges', field: 'HostConfig.SecurityOpt.0', value: 'no-new-privileges:true' },
  { item: 'CIS 5.28 pids', field: 'HostConfig.PidsLimit', value: 256 },
  { item: "CIS 5.30 not the host's users", field: 'HostConfig.UsernsMode', value: '' },
  { item: 'CIS 5.31 no extra mount', field: 'HostConfig.Binds', value: [] },
  { item: 'an init reaps zombies', field: 'HostConfig.Init', value: true },
  { item: 'no extra group', field: 'HostConfig.GroupAdd', value: [] },
  { item: 'no extra host', field: 'HostConfig.ExtraHosts', value: [] },
  { item: 'shared memory is bounded', field: 'HostConfig.ShmSize', value: 256 * 1024 * 1024 },
  {
    item: 'CIS 4.1 /tmp is bounded',
    field: 'HostConfig.Tmpfs',
    value: { '/tmp': 'rw,exec,nosuid,nodev,size=1g,nr_inodes=200k,mode=1777' },
  },
];

/** Follows a dotted path through objects and arrays. */
export function pathValue(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined), value);
}
