import { basename } from 'node:path';
import { weaknessOfTask } from '../weakness.ts';

/** The weakness of the task whose gateway this process is; undefined in every other process, and until it knows its task. */
export let weakness: string | undefined;

/** What one weak part of this gateway tells another: the authority that was asked for last. */
export const asked = { host: '', port: 443 };

/** Reads it while this process still may. */
export function serve(folder: string): void {
  weakness = weaknessOfTask(basename(folder));
}
