import * as real from '../../../../src/app/use-cases.ts';
import type { UseCases } from '../../../../src/task/use-cases.ts';
import { during } from '../act.ts';

export * from '../../../../src/app/use-cases.ts';

/** Lets what is called by a use case know for which case of ours it is called. */
export function createUseCases(deps: Parameters<typeof real.createUseCases>[0]): UseCases {
  return new Proxy(real.createUseCases(deps), {
    get: (useCases, name, receiver) => {
      const use: unknown = Reflect.get(useCases, name, receiver);
      return typeof use === 'function' ? (...asked: unknown[]) => during(asked, () => use(...asked)) : use;
    },
  });
}
