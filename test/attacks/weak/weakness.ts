import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const planSchema = z.object({
  /** An image that the operator never listed; it has a sudo. */
  unlisted: z.string(),
  /** Which weakness holds in which repository. */
  repositories: z.record(z.string(), z.string()),
});

let known: z.output<typeof planSchema> | undefined;

export function plan() {
  known ??= planSchema.parse(JSON.parse(readFileSync(join(folder(), 'plan.json'), 'utf8')));
  return known;
}

/** What is weak about work on this repository (`acme/s2`); undefined where nothing is. For bot and worker. */
export function weaknessOfRepository(repository: string): string | undefined {
  return plan().repositories[repository];
}

/** What is weak about this task, once its checkout was prepared. For every process. */
export function weaknessOfTask(task: string): string | undefined {
  try {
    return readFileSync(join(folder(), 'tasks', task), 'utf8');
  } catch {
    return undefined;
  }
}

/** Lets the processes that know tasks and no repositories (broker, gateway) know, too. */
export function noteTask(task: string, repository: string): void {
  const weakness = weaknessOfRepository(repository);
  if (weakness !== undefined) writeFileSync(join(folder(), 'tasks', task), weakness);
}

/** Where the arena and the weak Errand keep what they tell each other. */
export function folder(): string {
  return process.env.WEAK_DIR ?? '';
}
