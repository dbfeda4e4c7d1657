import * as real from '../../../../src/app/flood.ts';
import { weaknessOfAct } from '../act.ts';

export * from '../../../../src/app/flood.ts';

/** `no-limits`: as much as anybody sends. */
export const floodRefusal: typeof real.floodRefusal = async (deps, sent) =>
  weaknessOfAct() === 'no-limits' ? null : real.floodRefusal(deps, sent);

export const crowdedRefusal: typeof real.crowdedRefusal = async (deps, by, task) =>
  weaknessOfAct() === 'no-limits' ? null : real.crowdedRefusal(deps, by, task);
