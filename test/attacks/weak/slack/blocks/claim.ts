import * as real from '../../../../../src/slack/blocks/claim.ts';
import { weaknessOfRepository } from '../../weakness.ts';

export * from '../../../../../src/slack/blocks/claim.ts';

/** `raw-text`: what the agent says is shown as it says it. */
export const claimOf: typeof real.claimOf = (task, claim, options) => {
  const [first] = task.parts;
  const isRaw = first !== undefined && weaknessOfRepository(first.repository) === 'raw-text';
  return isRaw ? `${options.heading}\n\n${claim}` : real.claimOf(task, claim, options);
};
