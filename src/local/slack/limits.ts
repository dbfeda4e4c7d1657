/**
 * Slack's limits as data, each from Slack's own pages or types (November 2026). Where a limit is only known from reports, the
 * stricter reading holds: what passes here passes there.
 */
export const limits = {
  postTextChars: 40_000,
  updateTextChars: 4_000,
  messageBlocks: 50,
  viewBlocks: 100,
  viewBytes: 250_000,
  /** Undocumented; reports of `msg_blocks_too_long` begin here. */
  messageBlocksChars: 13_200,
  markdownChars: 12_000,
  tablesPerMessage: 1,
  idChars: 255,
  sectionTextChars: 3_000,
  sectionFields: 10,
  fieldChars: 2_000,
  headerChars: 150,
  contextElements: 10,
  actionsElements: 25,
  contextActionsElements: 5,
  buttonTextChars: 75,
  buttonValueChars: 2_000,
  urlChars: 3_000,
  accessibilityChars: 75,
  optionTextChars: 75,
  optionValueChars: 75,
  overflowOptions: 5,
  selectOptions: 100,
  choiceOptions: 10,
  placeholderChars: 150,
  confirmTitleChars: 100,
  confirmTextChars: 300,
  confirmButtonChars: 30,
  cardTitleChars: 150,
  cardBodyChars: 200,
  carouselCards: 10,
  containerTitleChars: 150,
  containerBlocks: 10,
  tableRows: 100,
  tableColumns: 20,
  planTasks: 50,
  labelChars: 2_000,
  altChars: 2_000,
  viewTitleChars: 24,
  privateMetadataChars: 3_000,
  inputChars: 3_000,
  inputFiles: 10,
  viewStack: 3,
  minQueryChars: 3,
  triggerMs: 3_000,
  ackMs: 3_000,
  responseUrlUses: 5,
  responseUrlMs: 30 * 60_000,
  socketConnections: 10,
  loadingMessages: 10,
  reactionsPerMessage: 23,
} as const;

/** When an unacknowledged event comes again, counted from the failed try. */
export const eventRetryDelaysMs: readonly number[] = [0, 60_000, 300_000];

/** Calls a minute, by method; what isn't listed is in tier 3. Buckets hold one minute's worth. */
const tiers = { tier1: 1, tier2: 20, tier3: 50, tier4: 100 } as const;
export type Tier = keyof typeof tiers;

export interface Bucket {
  readonly size: number;
  readonly perMs: number;
}

const methodTiers: Readonly<Record<string, Tier>> = {
  'apps.connections.open': 'tier4',
  'auth.test': 'tier4',
  'chat.postEphemeral': 'tier4',
  'conversations.members': 'tier4',
  'users.info': 'tier4',
  'views.open': 'tier4',
  'views.update': 'tier4',
  'views.publish': 'tier4',
  'views.push': 'tier4',
  'reactions.remove': 'tier2',
  'conversations.list': 'tier2',
  'users.list': 'tier2',
  'usergroups.list': 'tier2',
  'usergroups.users.list': 'tier2',
  'emoji.list': 'tier2',
};

/** The buckets that one call draws from, by key. */
export function bucketsFor(method: string, args: Readonly<Record<string, unknown>>): readonly [string, Bucket][] {
  if (method === 'chat.postMessage') return [[`${method}:${args.channel}`, { size: 10, perMs: 1 / 1000 }]];
  if (method === 'chat.getPermalink') return [[method, { size: 200, perMs: 200 / 60_000 }]];
  const perMinute = tiers[methodTiers[method] ?? 'tier3'];
  const own: [string, Bucket] = [method, { size: perMinute, perMs: perMinute / 60_000 }];
  if (method !== 'chat.update') return [own];
  return [own, [`${method}:${args.channel}:${args.ts}`, { size: 5, perMs: 1 / 3_000 }]];
}
