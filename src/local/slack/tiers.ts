/** Slack's tiers: calls a minute, for one method in one workspace. Slack promises these or more; here they are the limit. */
const tiers = { tier1: 1, tier2: 20, tier3: 50, tier4: 100 } as const;
type Tier = keyof typeof tiers;

export interface Bucket {
  readonly size: number;
  readonly perMs: number;
}

/** The tier of each method, from its page at docs.slack.dev (November 2026). `special` ones have buckets of their own. */
const methods: Readonly<Record<string, Tier | 'special'>> = {
  'agents.sessions.rename': 'tier3',
  'agents.sessions.setStatus': 'tier3',
  'apps.connections.open': 'tier1',
  'assistant.threads.setStatus': 'special',
  'auth.test': 'special',
  'bots.info': 'tier3',
  'chat.delete': 'tier3',
  'chat.getPermalink': 'special',
  'chat.postEphemeral': 'tier4',
  'chat.postMessage': 'special',
  'chat.update': 'special',
  'conversations.history': 'tier3',
  'conversations.info': 'tier3',
  'conversations.join': 'tier3',
  'conversations.list': 'tier2',
  'conversations.members': 'tier4',
  'conversations.open': 'tier3',
  'conversations.replies': 'tier3',
  'emoji.list': 'tier2',
  'files.completeUploadExternal': 'tier4',
  'files.delete': 'tier3',
  'files.getUploadURLExternal': 'tier4',
  'files.info': 'tier4',
  'files.list': 'tier3',
  'reactions.add': 'tier3',
  'reactions.get': 'tier3',
  'reactions.remove': 'tier2',
  'team.info': 'tier3',
  'usergroups.list': 'tier2',
  'usergroups.users.list': 'tier2',
  'users.info': 'tier4',
  'users.list': 'tier2',
  'views.open': 'tier4',
  'views.publish': 'tier4',
  'views.push': 'tier4',
  'views.update': 'tier4',
};

const perMinute = (calls: number): Bucket => ({ size: calls, perMs: calls / 60_000 });

/** The buckets that one call draws from, by key: its method's for the workspace, and narrower ones that Slack has for some. */
export function bucketsFor(method: string, args: Readonly<Record<string, unknown>>): readonly [string, Bucket][] {
  switch (method) {
    case 'chat.postMessage':
      // One a second in each channel, short bursts allowed, and a cap for the workspace that Slack does not name.
      return [
        [method, { size: 300, perMs: 300 / 60_000 }],
        [`${method}:${args.channel}`, { size: 10, perMs: 1 / 1_000 }],
      ];
    case 'chat.update':
      return [
        [method, perMinute(tiers.tier3)],
        [`${method}:${args.channel}:${args.ts}`, { size: 5, perMs: 1 / 3_000 }],
      ];
    case 'assistant.threads.setStatus':
      return [[method, perMinute(600)]];
    case 'auth.test':
    case 'chat.getPermalink':
      return [[method, perMinute(200)]];
    default: {
      const tier = methods[method];
      return tier === undefined || tier === 'special' ? [] : [[method, perMinute(tiers[tier])]];
    }
  }
}

/** Every method that the table knows. */
export const tieredMethods: readonly string[] = Object.keys(methods);
