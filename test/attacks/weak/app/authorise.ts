import * as real from '../../../../src/app/authorise.ts';
import { weaknessOfRepository } from '../weakness.ts';

export * from '../../../../src/app/authorise.ts';

/** `trusts-redis`: what lies in Redis was asked for by somebody who may. */
export const authoriseRun: typeof real.authoriseRun = async (deps, task) =>
  weaknessOfRepository(task.parts[0].repository) === 'trusts-redis' ? { type: 'held' } : real.authoriseRun(deps, task);
