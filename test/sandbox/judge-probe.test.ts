import { describe, expect, test } from 'vitest';
import { type Expected, forbiddenCalls, judgeProbe, type Probe } from '../../src/sandbox/judge-probe.ts';

const none = '0000000000000000';
const held: Probe = {
  uid: 20_001,
  gid: 20_001,
  groups: [20_001],
  capabilities: [none, none, none, none, none],
  noNewPrivileges: '1',
  seccomp: '2',
  kernel: '6.1.0',
  becameRoot: false,
  writable: [],
  engineSockets: [],
  interfaces: [],
  routes: 0,
  reached: [],
  gateway: 403,
  memoryBytes: 2 ** 29,
  pids: 256,
  workspaceBytes: 60_000_000,
  calls: { 'AF_VSOCK sockets': 1, io_uring: 38, 'AF_ALG sockets': 97 },
};
const expected: Expected = {
  uid: 20_001,
  runtime: null,
  engine: { kernel: '6.1.0', limits: { memory: true, swap: true, cpu: true, pids: true } },
  memoryBytes: 2 ** 29,
  pids: 256,
  workspaceBytes: 2 ** 26,
};
const gvisor: Probe = { ...held, kernel: '4.4.0', noNewPrivileges: null, seccomp: '0', calls: { mounts: 0 } };

test('a sandbox whose walls hold has nothing to tell', () => {
  expect(judgeProbe(held, expected)).toEqual([]);
});

describe.each<[string, Partial<Probe>, string]>([
  ['a packet that left', { reached: ['TCP to 192.0.2.1'] }, 'a way out (TCP to 192.0.2.1)'],
  [
    'a name server that answers',
    { reached: ['a name server at 127.0.0.11'] },
    'a way out (a name server at 127.0.0.11)',
  ],
  ['a network card', { interfaces: ['eth0'] }, 'a network card (eth0)'],
  ['a route', { routes: 1 }, 'a route out'],
  [
    'the socket of an engine',
    { engineSockets: ['/run/docker.sock'] },
    "a container engine's socket (/run/docker.sock)",
  ],
  ['another user', { uid: 0 }, 'the user 0:20001 and not its own'],
  ['a group of the host', { groups: [20_001, 999] }, 'other groups (20001, 999)'],
  ['a way to root', { becameRoot: true }, 'a way to become root'],
  ['a capability, be it only bounding', { capabilities: [none, none, none, '00000000a80425fb', none] }, 'capabilities'],
  ['a root that it can write', { writable: ['/etc'] }, 'places of the image that it can write (/etc)'],
  ['new privileges', { noNewPrivileges: '0' }, 'programs that may gain privileges'],
  ['no filter', { seccomp: '0' }, 'every system call'],
  ['a filter that lets a call through', { calls: { bpf: 22 } }, 'system calls that are forbidden (bpf)'],
  ['a call that was done', { calls: { mounts: 0 } }, 'system calls that are forbidden (mounts)'],
  ['memory without end', { memoryBytes: -1 }, 'no limit of memory'],
  ['more processes than ordered', { pids: 4_096 }, 'no limit of processes'],
  ['a workspace of the host’s size', { workspaceBytes: 2 ** 40 }, 'a workspace without a size limit'],
  ['no gateway', { gateway: null }, 'no answer from its gateway'],
  ['a gateway that lets through', { gateway: 200 }, 'a gateway that answers 200 where it should refuse'],
])('%s', (_what, change, words) => {
  test('is told', () => {
    const [hole, ...others] = judgeProbe({ ...held, ...change }, expected);
    expect(hole).toContain(words);
    expect(others).toEqual([]);
  });
});

test('limits that can’t be read from inside count by what the engine says of itself', () => {
  const unread = { ...held, memoryBytes: null, pids: null };
  expect(judgeProbe(unread, expected)).toEqual([]);
  const limits = { memory: false, swap: true, cpu: true, pids: false };
  expect(judgeProbe(unread, { ...expected, engine: { kernel: '6.1.0', limits } })).toEqual([
    'no limit of memory',
    'no limit of processes',
  ]);
});

test('gVisor needs no filter of ours, but a kernel of its own', () => {
  expect(judgeProbe(gvisor, { ...expected, runtime: 'runsc' })).toEqual([]);
  expect(judgeProbe({ ...gvisor, kernel: '6.1.0' }, { ...expected, runtime: 'runsc' })).toEqual([
    "the host's own kernel, though it should run on gVisor",
  ]);
  expect(judgeProbe({ ...gvisor, gateway: null }, { ...expected, runtime: 'runsc' })).toEqual([
    'no answer from its gateway',
  ]);
});

test('an image without Perl is judged by the rest', () => {
  expect(judgeProbe({ ...held, calls: null }, expected)).toEqual([]);
});

test('calls go by the numbers of their architecture, and by none on one that isn’t known', () => {
  expect(forbiddenCalls('x86_64')['AF_VSOCK sockets']).toEqual([41, 40, 1, 0]);
  expect(forbiddenCalls('aarch64')['AF_VSOCK sockets']).toEqual([198, 40, 1, 0]);
  expect(forbiddenCalls('riscv64')).toEqual({});
});
