import { join } from 'node:path';
import type Dockerode from 'dockerode';
import type { TaskId } from '../task/ids.ts';
import { toRunId } from '../task/ids.ts';
import type { Limits } from '../task/ports/sandbox.ts';
import { type ContainerOrder, helperSpec, labels } from './container-spec.ts';
import type { Disk } from './disk.ts';
import { type Engine, ifThere, statusOf } from './docker.ts';
import { readJson, writeJson } from './files.ts';
import { replaceContainer } from './run-once.ts';

export interface VolumeOptions {
  readonly engine: Engine;
  readonly instance: string;
  /** Where notes about tasks are kept, each in a folder of its own. */
  readonly directory: string;
  /** Any image, by its id, to hand a volume to its uid. */
  readonly image: () => Promise<string>;
}

/** Enough for `mkdir` and `chown`. */
const helperLimits: Limits = { memoryBytes: 2 ** 26, cpus: 1, pids: 16, workspaceBytes: 0, runMs: 60_000 };

/** A named volume. Docker makes it, so only Docker can read it. With `quota` the engine's file system ends it (XFS with pquota). */
export function volumeDisk({ engine, instance, directory, image }: VolumeOptions, quota: boolean): Disk {
  const name = (task: TaskId) => `errand-${instance}-${task}`;
  const use = (task: TaskId) => {
    const mount = { type: 'volume', source: name(task) } as const;
    return { mount, hostPath: null, limited: quota };
  };
  const ready = (task: TaskId) => join(directory, task, 'volume-ready.json');

  async function find(task: TaskId) {
    const call = engine.call(`find the volume of ${task}`, (abortSignal) =>
      engine.docker.getVolume(name(task)).inspect({ abortSignal }),
    );
    const whole = (await ifThere(call)) !== undefined && (await readJson(ready(task))) !== undefined;
    return whole ? use(task) : undefined;
  }

  /** A volume is root's; one container with one capability hands it over. */
  async function handOver(task: TaskId, uid: number): Promise<void> {
    const script =
      'cd /workspace && mkdir -p home records && chmod 700 home records && chown "$1:$1" . home records || exit 1';
    const order: ContainerOrder = {
      ...{ instance, engine: await engine.facts(), task, run: toRunId(task, 1), image: await image(), uid },
      ...{ workspace: use(task).mount, repositories: [], limits: helperLimits, runtime: null },
    };
    const spec = helperSpec(order, {
      ...{ command: ['sh', '-c', script, 'sh', String(uid)], capability: 'CHOWN', suffix: 'volume' },
    });
    const container: Dockerode.Container = await replaceContainer(engine, spec);
    const attempted = `hand the volume of ${task} to its user`;
    try {
      await engine.call(attempted, async (abortSignal) => {
        await container.start({ abortSignal });
        const ended: { StatusCode: number } = await container.wait({ condition: 'not-running', abortSignal });
        if (ended.StatusCode !== 0) throw new Error(`its helper ended with ${ended.StatusCode}`);
      });
    } finally {
      await ifThere(
        engine.call(`remove a helper of ${task}`, (abortSignal) => container.remove({ force: true, abortSignal })),
      );
    }
  }

  return {
    async prepare(task, bytes) {
      // Making it twice is no error. A container that names one which isn't there would have Docker make it without a limit.
      await makeVolume(engine, name(task), { instance, task, ...(quota && { bytes }) });
      return use(task);
    },
    async open(task, uid, bytes) {
      // Handing it over twice would be one, once an agent was in it.
      if ((await find(task)) !== undefined) return use(task);
      await makeVolume(engine, name(task), { instance, task, ...(quota && { bytes }) });
      await handOver(task, uid);
      await writeJson(ready(task), true);
      return use(task);
    },
    find,
    async remove(task) {
      await ifThere(
        engine.call(`remove the volume of ${task}`, (abortSignal) =>
          engine.docker.getVolume(name(task)).remove({ force: true, abortSignal }),
        ),
      );
    },
  };
}

/** Why this engine can't end a volume, in its own words; null where it can. */
export async function quotaMissing({ engine, instance }: VolumeOptions): Promise<string | null> {
  const name = `errand-${instance}-quota-trial`;
  try {
    await makeVolume(engine, name, { instance, task: 'none', bytes: 2 ** 20 });
    await engine.call('remove a volume', (abortSignal) =>
      engine.docker.getVolume(name).remove({ force: true, abortSignal }),
    );
    return null;
  } catch (error) {
    // Only a refusal is an answer: an engine that is away, or is not asked well, has said nothing of its disk.
    if (statusOf(error) !== 500 && statusOf(error) !== 400) throw error;
    return error instanceof Error ? error.message : String(error);
  }
}

async function makeVolume(
  engine: Engine,
  name: string,
  { instance, task, bytes }: { instance: string; task: string; bytes?: number },
): Promise<void> {
  await engine.call(`make the volume ${name}`, (abortSignal) =>
    engine.docker.createVolume({
      Name: name,
      Labels: { [labels.instance]: instance, [labels.task]: task },
      ...(bytes === undefined ? {} : { DriverOpts: { size: String(bytes) } }),
      abortSignal,
    }),
  );
}
