import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';

export type Child = ChildProcessWithoutNullStreams;

/** Starts a command as the leader of its own process group. Rejects when it can't be started at all. */
export async function startChild(
  command: readonly string[],
  options: { cwd: string; env: Readonly<Record<string, string | undefined>> },
): Promise<Child> {
  const [file = '', ...args] = command;
  const child = spawn(file, args, { cwd: options.cwd, env: options.env, detached: true, stdio: 'pipe' });
  // A child that is gone breaks its pipe; its exit is what gets reported.
  child.stdin.on('error', () => {});
  await once(child, 'spawn');
  return child;
}

/** Ends what is left of a child's process group: asked first, killed after `graceMs`. */
export async function endChild(child: Child, graceMs: number): Promise<void> {
  if (child.pid === undefined) return;
  const exited = child.exitCode !== null || child.signalCode !== null ? Promise.resolve() : once(child, 'exit');
  signalGroup(child.pid, 'SIGTERM');
  const timer = setTimeout(signalGroup, graceMs, child.pid, 'SIGKILL');
  await exited;
  clearTimeout(timer);
  signalGroup(child.pid, 'SIGKILL');
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    const gone = error instanceof Error && 'code' in error && error.code === 'ESRCH';
    if (!gone) throw error;
  }
}
