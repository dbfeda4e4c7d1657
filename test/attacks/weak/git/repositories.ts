import { createRepositories as create, type RepositoriesOptions } from '../../../../src/git/repositories.ts';
import type { Repositories } from '../../../../src/task/ports/repositories.ts';
import { noteTask } from '../weakness.ts';

export * from '../../../../src/git/repositories.ts';

/** As in `src`, and tells the processes that know only the task what is weak about it. */
export function createRepositories(options: RepositoriesOptions): Repositories {
  const repositories = create(options);
  return {
    ...repositories,
    prepare(order) {
      noteTask(order.task, order.repository);
      return repositories.prepare(order);
    },
  };
}
