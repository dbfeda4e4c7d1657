import * as real from '../../../../../../src/slack/outgoing/pace.ts';

export * from '../../../../../../src/slack/outgoing/pace.ts';

/** As much faster as the local Slack takes calls. */
const faster = 20;
const { postsPerMinute, updatesPerMinute, progressEveryMs, callsPerMinute = {} } = real.slackPace;

export const slackPace: real.PaceOptions = {
  postsPerMinute: postsPerMinute * faster,
  updatesPerMinute: updatesPerMinute * faster,
  progressEveryMs: progressEveryMs / faster,
  callsPerMinute: Object.fromEntries(Object.entries(callsPerMinute).map(([name, rate]) => [name, rate * faster])),
};
