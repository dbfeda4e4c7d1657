import type { TaskId } from '../task/ids.ts';

/** How a container gets at a disk, and this process. */
export interface Place {
  readonly mount: { readonly type: 'bind' | 'volume'; readonly source: string };
  /** Where this process can read it; null when only Docker can. */
  readonly hostPath: string | null;
  /** Whether a file system ends it; else only a watchdog does. */
  readonly limited: boolean;
}

/** One way to give each task a disk of its own. */
export interface Disk {
  /** Says what will be mounted, which a container can be created with. */
  prepare(task: TaskId, bytes: number): Promise<Place>;
  /** Makes the disk where there is none, for this uid and of this size if it can, and makes it usable. */
  open(task: TaskId, uid: number, bytes: number): Promise<Place>;
  /** Makes a disk that is there usable; undefined when there is none. */
  find(task: TaskId): Promise<Place | undefined>;
  remove(task: TaskId): Promise<void>;
}
