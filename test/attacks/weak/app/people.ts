import * as real from '../../../../src/app/people.ts';
import { weaknessOfAct } from '../act.ts';

export * from '../../../../src/app/people.ts';

/** `anybody`: whoever asks, wherever. */
export const mayAsk: typeof real.mayAsk = async (deps, by) =>
  weaknessOfAct() === 'anybody'
    ? { member: { type: 'member', id: by, name: by }, failure: null }
    : real.mayAsk(deps, by);

export const channelRefusal: typeof real.channelRefusal = async (deps, channel) =>
  weaknessOfAct() === 'anybody' ? null : real.channelRefusal(deps, channel);

/** `anybody-steers`: whoever replies. */
export const maySteer: typeof real.maySteer = async (deps, task, by) =>
  weaknessOfAct() === 'anybody-steers' || real.maySteer(deps, task, by);
