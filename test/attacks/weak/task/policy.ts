import * as real from '../../../../src/task/policy.ts';
import { weaknessOfRepository } from '../weakness.ts';

export * from '../../../../src/task/policy.ts';

/** `anyone-approves`: whoever reacts. */
export const mayApprove: typeof real.mayApprove = (policy, gate, by, groups) =>
  weaknessOfRepository(gate.repository) === 'anyone-approves' ? null : real.mayApprove(policy, gate, by, groups);
