import { join } from 'node:path';
import type { TaskId } from '../task/ids.ts';
import { labels } from './container-spec.ts';
import type { Disk } from './disk.ts';
import { type Engine, ifThere } from './docker.ts';
import { readJson, writeJson } from './files.ts';

export interface VolumeOptions {
  readonly engine: Engine;
  readonly instance: string;
  /** Where notes about tasks are kept, each in a folder of its own. */
  readonly directory: string;
  /** Any image, to hand a volume to its uid. */
  readonly image: string;
}

/** A named volume. Docker makes it, so only Docker can read it and nothing limits its size. */
export function volumeDisk({ engine, instance, directory, image }: VolumeOptions): Disk {
  const name = (task: TaskId) => `errand-${instance}-${task}`;
  const use = (task: TaskId) => ({ mount: { type: 'volume', source: name(task) }, hostPath: null }) as const;
  const ready = (task: TaskId) => join(directory, task, 'volume-ready.json');

  async function find(task: TaskId) {
    const call = engine.call(`find the volume of ${task}`, () => engine.docker.getVolume(name(task)).inspect());
    const whole = (await ifThere(call)) !== undefined && (await readJson(ready(task))) !== undefined;
    return whole ? use(task) : undefined;
  }

  /** A volume is root's; one container with one capability hands it over. */
  async function handOver(task: TaskId, uid: number): Promise<void> {
    const script = `mkdir -p /w/home /w/records && chown ${uid}:${uid} /w /w/home /w/records`;
    const container = await engine.call(`hand the volume of ${task} to its user`, (abortSignal) =>
      engine.docker.createContainer({
        Image: image,
        User: '0:0',
        Entrypoint: [],
        Cmd: ['sh', '-c', script],
        Labels: { [labels.instance]: instance, [labels.task]: task, [labels.kind]: 'volume' },
        HostConfig: {
          NetworkMode: 'none',
          ReadonlyRootfs: true,
          CapDrop: ['ALL'],
          CapAdd: ['CHOWN'],
          SecurityOpt: ['no-new-privileges:true'],
          Mounts: [{ Type: 'volume', Source: name(task), Target: '/w' }],
        },
        abortSignal,
      }),
    );
    try {
      await engine.call(`hand the volume of ${task} to its user`, async (abortSignal) => {
        await container.start({ abortSignal });
        await container.wait({ condition: 'not-running', abortSignal });
      });
    } finally {
      await ifThere(engine.call(`remove a helper of ${task}`, () => container.remove({ force: true })));
    }
  }

  return {
    async prepare(task) {
      // Making a volume twice is no error.
      await engine.call(`make the volume of ${task}`, (abortSignal) =>
        engine.docker.createVolume({
          Name: name(task),
          Labels: { [labels.instance]: instance, [labels.task]: task },
          abortSignal,
        }),
      );
      return use(task);
    },
    async open(task, uid) {
      // Handing it over twice would be one, once an agent was in it.
      if ((await find(task)) === undefined) {
        await handOver(task, uid);
        await writeJson(ready(task), true);
      }
      return use(task);
    },
    find,
    async remove(task) {
      await ifThere(
        engine.call(`remove the volume of ${task}`, () => engine.docker.getVolume(name(task)).remove({ force: true })),
      );
    },
  };
}
