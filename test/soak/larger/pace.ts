import { type PaceOptions, slackPace as slacks } from '../../../src/slack/outgoing/pace.ts';

export * from '../../../src/slack/outgoing/pace.ts';

/** How many times as much as Slack the local workspace takes; requests end here faster than a workspace of Slack's lets a bot tell. */
const times = 20;

export const slackPace: PaceOptions = {
  ...slacks,
  updatesPerMinute: slacks.updatesPerMinute * times,
  callsPerMinute: Object.fromEntries(
    Object.entries(slacks.callsPerMinute ?? {}).map(([method, perMinute]) => [method, perMinute * times]),
  ),
};
