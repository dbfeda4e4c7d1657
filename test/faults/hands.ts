import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import Dockerode from 'dockerode';
import { places } from '../../src/setup/places.ts';
import type { Task } from '../../src/task/task.ts';
import type { Ground } from './ground.ts';
import { patiently } from './judge.ts';

/** A script that has begun and waits: `letGo` ends the wait. */
export const waiting = 'touch ~/begun; while [ ! -e ~/go ]; do sleep 0.1; done';

const docker = new Dockerode();
const begunWithinMs = 120_000;

export async function taskOf({ errand }: Ground, name: string): Promise<Task> {
  for (;;) {
    const all = await patiently(() => errand.tasks.recent(10_000));
    const found = all.find(({ parts }) => parts[0].repository === `acme/${name}`);
    if (found !== undefined) return found;
    await delay(50);
  }
}

/** Settles when the script of a case's task waits. */
export async function begun(ground: Ground, name: string): Promise<Task> {
  const task = await taskOf(ground, name);
  const file = join(homeOf(ground, task), 'begun');
  const over = performance.now() + begunWithinMs;
  while (!existsSync(file)) {
    if (performance.now() > over) throw new Error(`The script of ${name} did not begin`);
    await delay(50);
  }
  return task;
}

/** Ends the wait of a task's script; asks no store for it. */
export async function letGo(ground: Ground, task: Task): Promise<void> {
  await writeFile(join(homeOf(ground, task), 'go'), '');
}

function homeOf({ errand }: Ground, { id }: Task): string {
  return join(places({ ERRAND_DATA_DIR: errand.dataDir }).workspacesDir, id, 'mount/home');
}

/** The container that a task's agent is in. */
export async function containerOf({ errand }: Ground, { id }: Task): Promise<Dockerode.Container> {
  const { instance } = places({ ERRAND_DATA_DIR: errand.dataDir });
  const label = [`errand.instance=${instance}`, `errand.task=${id}`];
  const [found] = await docker.listContainers({ filters: { label } });
  if (found === undefined) throw new Error(`No container of ${id} runs`);
  return docker.getContainer(found.Id);
}

export type ProcessName = 'bot' | 'worker' | 'broker';

const run = promisify(execFile);

/** The process that the supervisor started under this name; waits for one that is just being started. */
export async function pidOf({ errand }: Ground, name: ProcessName): Promise<number> {
  const words = name === 'broker' ? /broker-main\.ts / : new RegExp(`main\\.ts ${name}$`);
  for (;;) {
    const { stdout } = await run('ps', ['-o', 'pid=,args=', '--ppid', String(errand.process.pid)]).catch(() => ({
      stdout: '',
    }));
    const line = stdout.split('\n').find((each) => words.test(each.trim()));
    if (line !== undefined) return Number(line.trim().split(/\s+/)[0]);
    await delay(50);
  }
}

export async function kill(ground: Ground, name: ProcessName, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  process.kill(await pidOf(ground, name), signal);
}

/** The private Redis of an Errand. */
export async function redisPid({ errand }: Ground): Promise<number> {
  const file = places({ ERRAND_DATA_DIR: errand.dataDir }).redisPidFile;
  return Number((await readFile(file, 'utf8')).trim().split(/\s+/)[0]);
}
