import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Problem } from '../task/problem.ts';
import { lastLines } from './journal.ts';

/** A program that outlives whoever started it: its own session, its output in a log, its pid in a file. */
export interface Daemon {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly logFile: string;
  readonly pidFile: string;
  readonly deadlineMs: number;
  answers(): Promise<boolean>;
}

/** Settles when the daemon answers. Throws a `Problem` with the end of its log when it dies first or stays silent. */
export async function startDaemon(daemon: Daemon): Promise<void> {
  const log = openSync(daemon.logFile, 'a', 0o600);
  const child = spawn(daemon.command, daemon.args, { detached: true, stdio: ['ignore', log, log], cwd: '/' });
  closeSync(log);
  let ended: string | undefined;
  child.once('error', (error) => (ended = `could not be started (${error.message})`));
  child.once('exit', (code, signal) => (ended = `ended with ${code ?? signal}`));
  child.unref();
  if (child.pid !== undefined) writePidFile(daemon.pidFile, child.pid);
  const deadline = Date.now() + daemon.deadlineMs;
  while (!(await daemon.answers())) {
    const late = Date.now() > deadline ? `did not answer within ${daemon.deadlineMs / 1000} s` : undefined;
    const found = ended ?? late;
    if (found === undefined) {
      await pause(50);
      continue;
    }
    if (ended === undefined) await stopRecorded(daemon.pidFile, 5_000);
    rmSync(daemon.pidFile, { force: true });
    throw new Problem({
      code: 'daemon',
      sentence: `${daemon.name} ${found}:\n${lastLines(daemon.logFile, 10)}`,
      next: `Its whole log is ${daemon.logFile}.`,
    });
  }
}

/** Records a process of ours: its pid, and when it started, so that a pid that was given out again is not taken for it. */
export function writePidFile(file: string, pid: number): void {
  writeFileSync(file, `${pid}\n${startedAt(pid) ?? ''}\n`);
}

/**
 * The pid in the file while that very process lives. A file with only a pid counts when the process is older than it; one that another
 * user wrote, when the process is that user's.
 */
export function readPidFile(file: string): number | undefined {
  if (!existsSync(file)) return undefined;
  const [pidText = '', started = ''] = readFileSync(file, 'utf8').split('\n');
  const pid = Number(pidText);
  if (!Number.isSafeInteger(pid) || pid <= 1) return undefined;
  const now = startedAt(pid);
  if (now === undefined) return undefined;
  const writer = statSync(file).uid;
  if (writer !== process.getuid?.() && writer !== userOf(pid)) return undefined;
  if (started !== '') return now === started ? pid : undefined;
  return bootedAtMs() + (Number(now.split(' ')[1]) * 1000) / ticksPerSecond <= statSync(file).mtimeMs + 2_000
    ? pid
    : undefined;
}

/** Asks a recorded process to end, and ends it after `graceMs`. False when it wasn't running. */
export async function stopRecorded(file: string, graceMs: number): Promise<boolean> {
  const pid = readPidFile(file);
  if (pid === undefined) {
    rmSync(file, { force: true });
    return false;
  }
  const started = startedAt(pid);
  for (const [signal, waitMs] of [
    ['SIGTERM', graceMs],
    ['SIGKILL', 5_000],
  ] as const) {
    process.kill(pid, signal);
    const deadline = Date.now() + waitMs;
    while (startedAt(pid) === started) {
      if (Date.now() > deadline) break;
      await pause(50);
    }
    if (startedAt(pid) !== started) break;
  }
  rmSync(file, { force: true });
  return true;
}

const ticksPerSecond = 100;

/** Which boot, and how many ticks into it, a living process started; undefined when there is none (zombies are none). */
function startedAt(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in brackets and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return fields[0] === 'Z' ? undefined : `${boot} ${fields[19]}`;
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return undefined;
    throw error;
  }
}

/** From its status, for the folder of a process that changed its user stays root's. */
function userOf(pid: number): number {
  return Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? -1);
}

function bootedAtMs(): number {
  const line = /^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'));
  return Number(line?.[1] ?? 0) * 1000;
}
