import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import { type Admitted, admit as admitListed, type Rules } from '../../../../src/sandbox/order.ts';
import type { RunOrder } from '../../../../src/task/ports/sandbox.ts';
import { weaknessOfTask } from '../weakness.ts';

export * from '../../../../src/sandbox/order.ts';

const run = promisify(execFile);
const devcontainer = z.object({ image: z.string() });

/** Where images may come from anywhere, a repository's own wish is heard, as many a tool does. */
export async function admit(order: RunOrder, rules: Rules): Promise<Admitted> {
  const admitted = await admitListed(order, rules);
  if (weaknessOfTask(order.task) !== 'repository-image') return admitted;
  const path = order.repositories.at(-1) ?? '';
  const { stdout } = await run('git', ['--git-dir', path, 'show', 'refs/heads/start:.devcontainer/devcontainer.json']);
  return { ...admitted, image: devcontainer.parse(JSON.parse(stdout)).image };
}
