import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Daemon, readPidFile, startDaemon, stopRecorded, writePidFile } from '../../src/setup/daemon.ts';

let folder: string;
let pidFile: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'errand-daemon-'));
  pidFile = join(folder, 'some.pid');
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

async function sleeper(): Promise<{ child: ChildProcess; pid: number }> {
  const child = spawn('sleep', ['60']);
  children.push(child);
  await once(child, 'spawn');
  return { child, pid: child.pid ?? 0 };
}

function shell(script: string, changes: Partial<Daemon> = {}): Daemon {
  const logFile = join(folder, 'some.log');
  const answers = async () => existsSync(join(folder, 'up'));
  return {
    name: 'Some daemon',
    command: 'sh',
    args: ['-c', script],
    logFile,
    pidFile,
    deadlineMs: 20_000,
    answers,
    ...changes,
  };
}

describe('a pid file', () => {
  it('finds the process that was recorded', async () => {
    const { pid } = await sleeper();
    writePidFile(pidFile, pid);
    expect(readPidFile(pidFile)).toBe(pid);
  });

  it('is not fooled when the number was given to another process', async () => {
    const { child, pid } = await sleeper();
    writePidFile(pidFile, pid);
    writeFileSync(pidFile, readFileSync(pidFile, 'utf8').replace(/ \d+\n$/, ' 1\n'));
    expect(await stopRecorded(pidFile, 1_000)).toBe(false);
    expect(child.exitCode ?? child.signalCode).toBeNull();
    expect(existsSync(pidFile)).toBe(false);
  });

  it('with only a number counts for a process that is older than the file, and for no younger one', async () => {
    const { pid } = await sleeper();
    writeFileSync(pidFile, `${pid}\n`);
    expect(readPidFile(pidFile)).toBe(pid);
    const hourAgo = Date.now() / 1000 - 3_600;
    utimesSync(pidFile, hourAgo, hourAgo);
    expect(readPidFile(pidFile)).toBeUndefined();
  });

  it.each(['', 'junk', '1', '-1', '0'])('that holds %j names no process', (text) => {
    writeFileSync(pidFile, text);
    expect(readPidFile(pidFile)).toBeUndefined();
  });
});

describe('stopping', () => {
  it('ends the process and forgets it', async () => {
    const { child, pid } = await sleeper();
    const exited = once(child, 'exit');
    writePidFile(pidFile, pid);
    expect(await stopRecorded(pidFile, 10_000)).toBe(true);
    expect(await exited).toEqual([null, 'SIGTERM']);
    expect(existsSync(pidFile)).toBe(false);
  });

  it('kills a process that does not want to end', async () => {
    const child = spawn('sh', ['-c', 'trap "" TERM; echo ready; while :; do sleep 1; done']);
    children.push(child);
    await once(child.stdout, 'data');
    const exited = once(child, 'exit');
    writePidFile(pidFile, child.pid ?? 0);
    expect(await stopRecorded(pidFile, 100)).toBe(true);
    expect(await exited).toEqual([null, 'SIGKILL']);
  });
});

describe('starting a daemon', () => {
  it('settles when it answers, in a session of its own', async () => {
    await startDaemon(shell(`touch ${folder}/up; exec sleep 60`));
    const pid = readPidFile(pidFile);
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    expect(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]).toBe(String(pid));
    expect(await stopRecorded(pidFile, 10_000)).toBe(true);
  });

  it('shows the end of its log when it dies', async () => {
    const dying = startDaemon(shell('echo the disk is full >&2; exit 3'));
    await expect(dying).rejects.toThrow('Some daemon ended with 3:\n  the disk is full');
    expect(existsSync(pidFile)).toBe(false);
  });

  it('says so when there is no such program', async () => {
    const missing = startDaemon(shell('', { command: join(folder, 'nothing-here') }));
    await expect(missing).rejects.toThrow('Some daemon could not be started');
  });

  it('leaves nothing running that stayed silent to the deadline', async () => {
    const silent = startDaemon(shell(`echo $$ > ${folder}/pid; exec sleep 60`, { deadlineMs: 300 }));
    await expect(silent).rejects.toThrow('did not answer within 0.3 s');
    expect(existsSync(`/proc/${readFileSync(join(folder, 'pid'), 'utf8').trim()}/fd/0`)).toBe(false);
  });
});
