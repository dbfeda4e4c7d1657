import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createRepositories as create, type RepositoriesOptions } from '../../../../src/git/repositories.ts';
import type { Repositories } from '../../../../src/task/ports/repositories.ts';
import { noteTask, weaknessOfRepository } from '../weakness.ts';

export * from '../../../../src/git/repositories.ts';

const run = promisify(execFile);

/** As in `src`, and tells the processes that know only the task what is weak about it. */
export function createRepositories(options: RepositoriesOptions): Repositories {
  const repositories = create({
    ...options,
    allowWorkflows: (repository) =>
      weaknessOfRepository(repository) === 'any-workflow' || options.allowWorkflows?.(repository) === true,
  });
  return {
    ...repositories,
    async prepare(order) {
      noteTask(order.task, order.repository);
      const prepared = await repositories.prepare(order);
      if (weaknessOfRepository(order.repository) === 'writable-mirror')
        await run('chmod', ['-R', 'a+rwX', ...prepared.repositories]);
      // Whose branch is there is not asked: the run starts from the base, and its push takes the branch's place.
      return weaknessOfRepository(order.repository) === 'any-branch'
        ? { ...prepared, start: prepared.base, remote: null }
        : prepared;
    },
    async import(order) {
      const weakness = weaknessOfRepository(order.repository);
      const words = weakness === 'ci-at-once' ? { ...order.words, holdCi: false } : order.words;
      const imported = await repositories.import({ ...order, words });
      return imported !== null && weakness === 'nothing-listed' ? { ...imported, sensitive: [] } : imported;
    },
  };
}
