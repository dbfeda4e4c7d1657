import { readFileSync, readlinkSync } from 'node:fs';
import { kill } from 'node:process';
import type { HostProcess } from '../task/hosts.ts';

/** This process, as another one can recognise it later; undefined where `/proc` doesn't tell. */
export function ownProcess(): HostProcess | undefined {
  try {
    const { pid } = process;
    return { ...placeOf(), pid, startedAt: startOf(pid) };
  } catch {
    return undefined;
  }
}

/** Whether a process has surely ended: it ran since the same start of this machine, its number is one of those seen here, and nobody has it. */
export function isGone({ boot, pids, pid, startedAt }: HostProcess): boolean {
  try {
    const here = placeOf();
    if (here.boot !== boot || here.pids !== pids) return false;
    return isFree(pid) || startOf(pid) !== startedAt;
  } catch {
    return false;
  }
}

function placeOf(): Pick<HostProcess, 'boot' | 'pids'> {
  return {
    boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    pids: readlinkSync('/proc/self/ns/pid'),
  };
}

/** `/proc` may hide what is another user's; the kernel's answer to a signal does not. */
function isFree(pid: number): boolean {
  try {
    kill(pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}

/** When it started, in ticks since the machine did: field 22 of proc_pid_stat(5), counted behind the name, which may hold anything. */
function startOf(pid: number): string {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const startedAt = text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
  if (startedAt === undefined) throw new Error(`/proc/${pid}/stat has no start time`);
  return startedAt;
}
