import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type Dockerode from 'dockerode';
import type { Redis } from 'ioredis';
import { labels } from '../../src/sandbox/container-spec.ts';
import { mountsBelow } from '../../src/setup/mounts.ts';
import type { Places } from '../../src/setup/places.ts';

const run = promisify(execFile);
const mebibyte = 2 ** 20;

/** What there is of an Errand at one moment; null where it could not be seen just then. */
export interface Census {
  readonly seconds: number;
  readonly ended: number;
  readonly open: number;
  /** Resident memory in MiB. */
  readonly bot: number | null;
  readonly worker: number | null;
  readonly broker: number | null;
  readonly gateways: number;
  readonly redis: number | null;
  /** What Redis says that its data take, in MiB. */
  readonly stored: number | null;
  /** Keys that stay until somebody removes them. */
  readonly keys: number | null;
  /** Keys that lapse by themselves: what Slack sent, for a day; how far records were read, for two weeks. */
  readonly lapsing: number | null;
  readonly containers: number;
  readonly volumes: number;
  readonly mounts: number;
  /** MiB of Errand's own folders: mirrors, repositories of tasks, workspaces, bundles. */
  readonly disk: number;
  /** MiB of logs, which are the operator's to rotate. */
  readonly logs: number;
}

export interface Counted {
  readonly places: Places;
  readonly docker: Dockerode;
  readonly redis: Redis;
  /** The process that supervises the others. */
  readonly supervisor: number;
}

export async function takeCensus(
  { places, docker, redis, supervisor }: Counted,
  so: Pick<Census, 'seconds' | 'ended' | 'open'>,
): Promise<Census> {
  const label = [`${labels.instance}=${places.instance}`];
  const { stdout } = await run('ps', ['-o', 'rss=,args=', '--ppid', String(supervisor)]).catch(() => ({ stdout: '' }));
  const ofChild = (name: string) => {
    const line = stdout
      .split('\n')
      .find((each) => new RegExp(`main\\.ts\\b.*\\b${name}\\b|${name}-main\\.ts`).test(each));
    return line === undefined ? null : toMib(Number(line.trim().split(/\s+/)[0]) * 1024);
  };
  const [containers, volumes, memory, keyspace] = await Promise.all([
    docker.listContainers({ all: true, filters: { label } }),
    docker.listVolumes({ filters: JSON.stringify({ label }) }),
    redis.info('memory').catch(() => ''),
    redis.info('keyspace').catch(() => ''),
  ]);
  const folders = [places.mirrorsDir, places.tasksDir, places.workspacesDir, places.bundlesDir];
  const used = /used_memory:(\d+)/.exec(memory)?.[1];
  const [, all, lapsing] = /db0:keys=(\d+),expires=(\d+)/.exec(keyspace) ?? [];
  return {
    ...so,
    bot: ofChild('bot'),
    worker: ofChild('worker'),
    broker: ofChild('broker'),
    gateways: await gatewaysMib(places),
    redis: await pidFileMib(places.redisPidFile),
    stored: used === undefined ? null : toMib(Number(used)),
    keys: all === undefined ? null : Number(all) - Number(lapsing),
    lapsing: lapsing === undefined ? null : Number(lapsing),
    containers: containers.length,
    volumes: volumes.Volumes?.length ?? 0,
    mounts: mountsBelow(places.workspacesDir).length,
    disk: await diskMib(folders),
    logs: await diskMib([places.logsDir]),
  };
}

async function gatewaysMib({ gatewaysDir }: Places): Promise<number> {
  const tasks = await readdir(gatewaysDir).catch((): string[] => []);
  const each = await Promise.all(tasks.map((task) => pidFileMib(join(gatewaysDir, task, 'gateway.pid'))));
  return Math.round(each.reduce<number>((sum, mib) => sum + (mib ?? 0), 0));
}

async function pidFileMib(file: string): Promise<number | null> {
  const pid = Number.parseInt(await readFile(file, 'utf8').catch(() => ''), 10);
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kib = /VmRSS:\s+(\d+)/.exec(status)?.[1];
  return kib === undefined ? null : toMib(Number(kib) * 1024);
}

/** Folders change while they are counted: what goes meanwhile counts for nothing. */
async function diskMib(folders: readonly string[]): Promise<number> {
  const counted = run('du', ['-sk', '--one-file-system', ...folders]);
  const { stdout } = await counted.catch((error: unknown) => ({ stdout: stdoutOf(error) }));
  const kib = stdout.split('\n').reduce((sum, line) => sum + (Number.parseInt(line, 10) || 0), 0);
  return toMib(kib * 1024);
}

function stdoutOf(error: unknown): string {
  const has = typeof error === 'object' && error !== null && 'stdout' in error;
  return has ? String(error.stdout) : '';
}

function toMib(bytes: number): number {
  return Math.round((bytes / mebibyte) * 10) / 10;
}
