import { parseTaskId, type TaskId } from '../task/ids.ts';
import { labels } from './container-spec.ts';
import { type Engine, ifThere } from './docker.ts';

/** The volumes that this instance's label is on, whichever way of keeping disks it goes by now. */
export function taskVolumes(engine: Engine, instance: string) {
  async function found(only: string | null = null) {
    const label = [`${labels.instance}=${instance}`, ...(only === null ? [] : [`${labels.task}=${only}`])];
    const { Volumes } = await engine.call('list the volumes of Errand', (abortSignal) =>
      engine.docker.listVolumes({ filters: { label }, abortSignal }),
    );
    return Volumes ?? [];
  }

  return {
    async list(): Promise<readonly { task: TaskId; touchedAt: number }[]> {
      return (await found()).flatMap((volume) => {
        const task = parseTaskId(volume.Labels?.[labels.task] ?? '');
        const made = 'CreatedAt' in volume && typeof volume.CreatedAt === 'string' ? Date.parse(volume.CreatedAt) : 0;
        return task === undefined ? [] : [{ task, touchedAt: Number.isNaN(made) ? 0 : made }];
      });
    },
    async remove(task: TaskId): Promise<void> {
      for (const { Name } of await found(task)) {
        const removing = engine.call(`remove the volume ${Name}`, (abortSignal) =>
          engine.docker.getVolume(Name).remove({ force: true, abortSignal }),
        );
        await ifThere(removing);
      }
    },
  };
}
