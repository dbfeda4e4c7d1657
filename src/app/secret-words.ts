import type { Failure, Secrets } from '../task/task.ts';

const maxNamed = 3;

/** Why a change with these findings is not pushed; null where there are none. It says where, never what. */
export function toSecretFailure({ findings, count }: Secrets): Failure | null {
  if (count === 0) return null;
  const named = findings.slice(0, maxNamed).map(({ path, line, kind }) => `${kind} in line ${line} of ${path}`);
  const more = count > named.length ? ` and ${count - named.length} more` : '';
  return {
    code: 'secret_found',
    sentence: `The change holds what looks like ${named.join(', ')}${more}, so it was not pushed.`,
    next: 'Reply in the thread to have it taken out.',
  };
}
