import { Problem } from '../task/problem.ts';
import type { Part } from '../task/task.ts';
import type { WorkerDeps } from './deps.ts';

/**
 * Holds a part to the repository that it was started in, by its number on GitHub: a name can be given to another one. Asked before
 * whatever reaches GitHub for good (push, pull request, merge), and so is whether this worker still serves its engine. Throws `Problem`; a
 * part without a number is an older Errand's.
 */
export async function holdToRepository(
  { forge, lease }: Pick<WorkerDeps, 'forge' | 'lease'>,
  { repository, repositoryId }: Pick<Part, 'repository' | 'repositoryId'>,
): Promise<void> {
  lease.check();
  if (repositoryId === undefined) return;
  if ((await forge.identify(repository)) !== repositoryId) throw replaced(repository);
}

/** The name stands for another repository than it did. */
export function replaced(repository: string): Problem {
  return new Problem({
    code: 'repository_replaced',
    sentence: `${repository} is another repository on GitHub than the one this was started in.`,
    next: 'Nothing goes there. Whoever runs Errand looks at who took the name, and starts the task anew where it belongs.',
  });
}
