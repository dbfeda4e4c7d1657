import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { openHostile as openCarefully } from '../../../../src/sandbox/hostile-file.ts';
import { weaknessOfTask } from '../weakness.ts';

export * from '../../../../src/sandbox/hostile-file.ts';

/** As in `src`; where links are followed, whatever the path leads to. */
export async function openHostile(
  ...[root, steps]: Parameters<typeof openCarefully>
): ReturnType<typeof openCarefully> {
  const task = root.split('/').find((part) => /^t[0-9a-z]{6}$/.test(part)) ?? '';
  if (weaknessOfTask(task) !== 'follows-links') return openCarefully(root, steps);
  return open(join(root, ...steps), 'r').catch(() => undefined);
}
