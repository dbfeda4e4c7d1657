import { type Finding, warn } from '../finding.ts';

/** The files of secrets that others on this machine may read; no row where there is none. */
export function checkSecretFiles(loose: readonly string[]): readonly Finding[] {
  if (loose.length === 0) return [];
  return [warn('Secret files', `Others on this machine may read ${loose.join(', ')}.`, `chmod 600 ${loose.join(' ')}`)];
}
