import type { TaskId } from '../task/ids.ts';
import type { Disk } from './disk.ts';
import { loopDisk, loopDiskMissing } from './loop-disk.ts';
import { quotaMissing, type VolumeOptions, volumeDisk } from './volume-disk.ts';

/** How a task's disk has an end, best first. */
export type DiskWay = 'loop' | 'quota' | 'watched';

export interface ChosenDisk {
  readonly way: DiskWay;
  readonly disk: Disk;
  /** Why it isn't a better way; null for the best. */
  readonly because: string | null;
}

/**
 * The first way that this machine and engine can go: a file system of its own on a loop device (root, who may mount); a Docker volume
 * with a quota (XFS with pquota below Docker's folder); a Docker volume that is measured while a run works in it. A volume in
 * memory is none of them, though it has a limit: Docker unmounts it with the last container that uses it, and the work would be gone before
 * anybody took it out.
 */
export async function chooseDisk(
  options: VolumeOptions & { home: (task: TaskId) => string; mountable: boolean },
): Promise<ChosenDisk> {
  const noLoop = options.mountable ? await loopDiskMissing(options.directory) : 'only root may mount';
  if (noLoop === null) return { way: 'loop', disk: loopDisk(options.home), because: null };
  const noQuota = await quotaMissing(options);
  if (noQuota === null) return { way: 'quota', disk: volumeDisk(options, true), because: noLoop };
  return { way: 'watched', disk: volumeDisk(options, false), because: `${noLoop}; ${noQuota}` };
}
