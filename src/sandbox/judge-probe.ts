import { z } from 'zod';
import type { Runtime } from './container-spec.ts';
import type { KnownEngine } from './docker.ts';

/** What a probe says; see `probe-inside.ts`. */
export const probeSchema = z.object({
  uid: z.number(),
  gid: z.number(),
  groups: z.array(z.number()),
  capabilities: z.array(z.string()),
  noNewPrivileges: z.string().nullable(),
  seccomp: z.string().nullable(),
  kernel: z.string(),
  becameRoot: z.boolean(),
  writable: z.array(z.string()),
  engineSockets: z.array(z.string()),
  interfaces: z.array(z.string()),
  routes: z.number(),
  reached: z.array(z.string()),
  gateway: z.number().nullable(),
  memoryBytes: z.number().nullable(),
  pids: z.number().nullable(),
  workspaceBytes: z.number().nullable(),
  calls: z.record(z.string(), z.number()).nullable(),
});

export type Probe = z.output<typeof probeSchema>;

export interface Expected {
  readonly uid: number;
  readonly runtime: Runtime;
  readonly engine: Pick<KnownEngine, 'kernel' | 'limits'>;
  readonly memoryBytes: number;
  readonly pids: number;
  /** Null where nothing but a watchdog limits the workspace. */
  readonly workspaceBytes: number | null;
}

/** What no sandbox may do, by name: the number of the call on each architecture, and arguments that an open door would take up. */
const forbidden: Readonly<Record<string, readonly [x64: number, arm64: number, ...args: number[]]>> = {
  'AF_VSOCK sockets': [41, 198, 40, 1, 0],
  'AF_ALG sockets': [41, 198, 38, 5, 0],
  'packet sockets': [41, 198, 17, 3, 0],
  'user namespaces': [272, 97, 0x10000000],
  io_uring: [425, 425, 1, 0],
  keyrings: [250, 219, 0, 0],
  bpf: [321, 280, 0, 0, 0],
  userfaultfd: [323, 282, 0],
  mounts: [165, 40, 0, 0, 0, 0, 0],
};

/** Those calls, by their numbers on an architecture as `docker info` spells it; none on one that isn't known. */
export function forbiddenCalls(architecture: string): Readonly<Record<string, readonly number[]>> {
  const at = ['x86_64', 'aarch64'].indexOf(architecture);
  if (at === -1) return {};
  return Object.fromEntries(
    Object.entries(forbidden).map(([name, [x64, arm64, ...args]]) => [name, [at === 0 ? x64 : arm64, ...args]]),
  );
}

/** EPERM is our filter's answer; ENOSYS and EAFNOSUPPORT a kernel's that never had it. */
const refused = [1, 38, 97];

/** What a sandbox has that it must not have, and lacks that it must have, each in a few words; empty when its walls hold. */
export function judgeProbe(probe: Probe, expected: Expected): readonly string[] {
  const { runtime, engine } = expected;
  const gvisor = runtime === 'runsc';
  const ways = [...new Set(probe.reached)];
  const calls = Object.entries(probe.calls ?? {}).filter(([, errno]) => !refused.includes(errno));
  const limit = (name: string, found: number | null, wanted: number, held: boolean) => {
    if (found === null) return held ? null : `no limit of ${name}`;
    return found > 0 && found <= wanted ? null : `no limit of ${name}`;
  };
  const found: readonly (string | false | null)[] = [
    ways.length > 0 && `a way out (${ways.join(', ')})`,
    probe.interfaces.length > 0 && `a network card (${probe.interfaces.join(', ')})`,
    probe.routes > 0 && 'a route out',
    probe.engineSockets.length > 0 && `a container engine's socket (${probe.engineSockets.join(', ')})`,
    (probe.uid !== expected.uid || probe.gid !== expected.uid) && `the user ${probe.uid}:${probe.gid} and not its own`,
    probe.groups.some((group) => group !== expected.uid) && `other groups (${probe.groups.join(', ')})`,
    probe.becameRoot && 'a way to become root',
    probe.capabilities.some((each) => /[1-9a-f]/.test(each)) && `capabilities (${probe.capabilities.join(' ')})`,
    probe.writable.length > 0 && `places of the image that it can write (${probe.writable.join(', ')})`,
    // gVisor has walls of its own in the place of these, and a kernel of its own behind them.
    !gvisor && probe.noNewPrivileges !== '1' && 'programs that may gain privileges',
    !gvisor && probe.seccomp !== '2' && 'every system call',
    !gvisor && calls.length > 0 && `system calls that are forbidden (${calls.map(([name]) => name).join(', ')})`,
    gvisor && probe.kernel === engine.kernel && "the host's own kernel, though it should run on gVisor",
    limit('memory', probe.memoryBytes, expected.memoryBytes, engine.limits.memory),
    limit('processes', probe.pids, expected.pids, engine.limits.pids),
    expected.workspaceBytes !== null &&
      (probe.workspaceBytes === null || probe.workspaceBytes > expected.workspaceBytes) &&
      'a workspace without a size limit',
    probe.gateway === null && 'no answer from its gateway',
    probe.gateway !== null && probe.gateway !== 403 && `a gateway that answers ${probe.gateway} where it should refuse`,
  ];
  return found.filter((each) => typeof each === 'string');
}
