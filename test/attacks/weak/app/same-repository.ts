import { holdToRepository as hold } from '../../../../src/app/same-repository.ts';
import { weaknessOfRepository } from '../weakness.ts';

export * from '../../../../src/app/same-repository.ts';

/** As in `src`; where a name is enough, whoever has it is taken for the one that was meant. */
export async function holdToRepository(...[deps, part]: Parameters<typeof hold>): Promise<void> {
  if (weaknessOfRepository(part.repository) !== 'by-name') await hold(deps, part);
}
