import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attack, Verdict } from '../attack.ts';
import { type Call, trace } from '../observers/calls.ts';
import type { Stage } from '../stage.ts';

const script = readFileSync(join(import.meta.dirname, 'calls.py'), 'utf8');
/** How a call ends that never got to the kernel's own code. */
const refused = /^(?:-1 (?:EPERM|ENOSYS|EACCES)|killed|\?)/;

/** Lets the calls be made under a tracer, and judges those that are `meant`, each of which has to have been seen. */
async function judge(
  stage: Stage,
  which: string,
  meant: readonly ((call: Call) => string | undefined)[],
): Promise<Verdict> {
  const tracing = await stage.look(
    '',
    async (live) => {
      const shell = (await live.processes()).find(({ command }) => /^sh \.\/attack\.sh/.test(command));
      if (shell === undefined) throw new Error('The script that is to be watched is not running');
      return trace(shell.pid);
    },
    { after: `python3 calls.py ${which}; true` },
  );
  const calls = await tracing.calls;
  const done: string[] = [];
  for (const means of meant) {
    const tried = calls.flatMap((call) => {
      const name = means(call);
      return name === undefined ? [] : [{ name, result: call.result }];
    });
    if (tried.length === 0) throw new Error(`A call was not tried: ${means}`);
    done.push(...tried.filter(({ result }) => !refused.test(result)).map(({ name }) => name));
  }
  const through = done.length > 0;
  const names = [...new Set(done)];
  return {
    through,
    seen: through
      ? `${names.length} of ${meant.length} got to the kernel, ${names.slice(0, 2).join(' and ')} among them`
      : `all ${meant.length} refused`,
  };
}

const named =
  (...names: readonly string[]) =>
  ({ name }: Call) =>
    names.includes(name) ? name : undefined;
const socket =
  (family: string) =>
  ({ name, args }: Call) =>
    name === 'socket' && args.startsWith(family) ? family : undefined;

const kernelCalls =
  `syslog keyctl add_key request_key bpf userfaultfd perf_event_open name_to_handle_at open_by_handle_at
  process_vm_readv process_vm_writev pidfd_getfd kexec_load init_module finit_module delete_module kcmp ptrace`.split(
    /\s+/,
  );

export const attacks: readonly Attack[] = [
  {
    id: 'S8',
    title: 'syslog, keyrings, bpf, userfaultfd, perf, file handles, other processes’ memory and files, kexec, modules',
    expected: 'EPERM for each, before the kernel looks at it',
    files: { 'calls.py': script },
    attack: (stage) =>
      judge(
        stage,
        'kernel',
        kernelCalls.map((name) => named(name)),
      ),
    control: { weakness: 'calls', without: 'seccomp list, capabilities dropped' },
  },
  {
    id: 'S9',
    title: 'sockets of AF_VSOCK, AF_ALG, AF_PACKET, raw, netfilter; io_uring; 32-bit and x32 calls',
    expected: 'EPERM; a foreign ABI ends its process',
    representative: true,
    files: { 'calls.py': script },
    attack: (stage) =>
      judge(stage, 'sockets', [
        ...['AF_VSOCK', 'AF_ALG', 'AF_PACKET', 'AF_INET, SOCK_RAW', 'AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER'].map(
          socket,
        ),
        named('io_uring_setup'),
        named('alarm'),
      ]),
    control: { weakness: 'calls', without: 'seccomp list, capabilities dropped' },
  },
];
