import { basename } from 'node:path';
import { weaknessOfTask } from '../weakness.ts';

/** The weakness of the task whose gateway this process is, read while it may still read it; undefined in every other process. */
export const weakness = weaknessOf(process.argv[process.argv.indexOf('--dir') + 1]);

/** What one weak part of this gateway tells another: the authority that was asked for last. */
export const asked = { host: '', port: 443 };

function weaknessOf(folder: string | undefined): string | undefined {
  return folder === undefined || !process.argv.includes('--dir') ? undefined : weaknessOfTask(basename(folder));
}
