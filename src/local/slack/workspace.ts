import { z } from 'zod';

const Loose = z.record(z.string(), z.unknown());

/** Slack objects are kept as Slack spells them: what is stored is what the Web API answers with. */
export const Team = z.object({ id: z.string(), name: z.string(), domain: z.string() });
export const User = z.object({
  id: z.string(),
  team_id: z.string(),
  name: z.string(),
  real_name: z.string(),
  title: z.string(),
  color: z.string(),
  initials: z.string(),
  tz: z.string(),
  is_bot: z.boolean(),
  is_restricted: z.boolean(),
  is_ultra_restricted: z.boolean(),
  /** Somebody from another workspace, seen through a shared channel. */
  is_stranger: z.boolean(),
  deleted: z.boolean(),
  bot_id: z.string().optional(),
});
export const Channel = z.object({
  id: z.string(),
  name: z.string(),
  topic: z.string(),
  created: z.number(),
  is_private: z.boolean(),
  is_im: z.boolean(),
  is_archived: z.boolean(),
  is_ext_shared: z.boolean(),
  members: z.array(z.string()),
});
export const Reaction = z.object({ name: z.string(), users: z.array(z.string()) });
export const Message = z.object({
  type: z.literal('message'),
  subtype: z.string().optional(),
  channel: z.string(),
  ts: z.string(),
  thread_ts: z.string().optional(),
  user: z.string(),
  team: z.string(),
  bot_id: z.string().optional(),
  app_id: z.string().optional(),
  client_msg_id: z.string().optional(),
  text: z.string(),
  blocks: z.array(Loose).optional(),
  attachments: z.array(Loose).optional(),
  metadata: Loose.optional(),
  edited: z.object({ user: z.string(), ts: z.string() }).optional(),
  reactions: z.array(Reaction),
  unfurl_links: z.boolean().optional(),
  unfurl_media: z.boolean().optional(),
});
export const UserGroup = z.object({
  id: z.string(),
  handle: z.string(),
  name: z.string(),
  users: z.array(z.string()),
});
export const Workspace = z.object({
  version: z.literal(1),
  team: Team,
  appId: z.string(),
  botUserId: z.string(),
  users: z.array(User),
  userGroups: z.array(UserGroup),
  channels: z.array(Channel),
  messages: z.array(Message),
});

export type Team = z.infer<typeof Team>;
export type User = z.infer<typeof User>;
export type Channel = z.infer<typeof Channel>;
export type Message = z.infer<typeof Message>;
export type UserGroup = z.infer<typeof UserGroup>;
export type Workspace = z.infer<typeof Workspace>;
export type LooseObject = z.infer<typeof Loose>;

/** What one person sees and nobody else; gone after a restart, as Slack's are after a reload. */
export interface Ephemeral {
  readonly channel: string;
  readonly ts: string;
  readonly thread_ts?: string;
  /** Who sees it. */
  readonly user: string;
  /** Whose words they are: the bot's, or Slackbot's for what Slack itself says. */
  readonly from: 'app' | 'slackbot';
  readonly text: string;
  readonly blocks?: readonly LooseObject[];
}

export interface View extends LooseObject {
  readonly id: string;
  readonly type: 'modal' | 'home';
  readonly hash: string;
  readonly callback_id: string;
  readonly private_metadata: string;
  readonly blocks: readonly LooseObject[];
  readonly root_view_id: string;
  readonly previous_view_id: string | null;
}

/** Ids of the seed that tests and the page name. */
export const seed = {
  team: 'T0LOCALWKS',
  app: 'A0ERRANDAPP',
  bot: 'U0ERRANDBOT',
  botId: 'B0ERRANDBOT',
  ada: 'U0ADAPARK1',
  grace: 'U0GRACELIN',
  max: 'U0MAXVOGEL',
  guest: 'U0GILGUEST',
  gone: 'U0DORAGONE',
  stranger: 'U0SAMOTHER',
  dev: 'C0DEV00001',
  general: 'C0GENERAL1',
  random: 'C0RANDOM01',
  partners: 'C0PARTNERS',
  secret: 'C0SECRET01',
  archived: 'C0OLDSTUFF',
  adaDirect: 'D0ADAERRND',
  graceDirect: 'D0GRACEERR',
  reviewers: 'S0REVIEWER',
} as const;

/** A small company: one who asks, one who approves, and everybody that a rule could get wrong. */
export function seedWorkspace(nowMs: number): Workspace {
  const created = Math.floor(nowMs / 1000);
  const user = (
    id: string,
    name: string,
    real: string,
    title: string,
    color: string,
    rest: Partial<User> = {},
  ): User => ({
    id,
    team_id: seed.team,
    name,
    real_name: real,
    title,
    color,
    initials: real
      .split(' ')
      .map((word) => word.charAt(0))
      .join(''),
    tz: 'Europe/Berlin',
    is_bot: false,
    is_restricted: false,
    is_ultra_restricted: false,
    is_stranger: false,
    deleted: false,
    ...rest,
  });
  const channel = (
    id: string,
    name: string,
    topic: string,
    members: string[],
    rest: Partial<Channel> = {},
  ): Channel => ({
    id,
    name,
    topic,
    created,
    is_private: false,
    is_im: false,
    is_archived: false,
    is_ext_shared: false,
    members,
    ...rest,
  });
  const { ada, grace, max, bot, guest, stranger } = seed;
  return {
    version: 1,
    team: { id: seed.team, name: 'Northwind Labs', domain: 'northwind-labs' },
    appId: seed.app,
    botUserId: bot,
    users: [
      user(ada, 'ada', 'Ada Park', 'Engineer', '3d6fb4'),
      user(grace, 'grace', 'Grace Lin', 'Tech lead', 'b4563d'),
      user(max, 'max', 'Max Vogel', 'Engineer', '4f8a5b'),
      user(guest, 'gil', 'Gil Reyes', 'Contractor', '8a6d3b', { is_restricted: true, is_ultra_restricted: true }),
      user(seed.gone, 'dora', 'Dora Quist', '', '7a7a7a', { deleted: true }),
      user(stranger, 'sam', 'Sam Okafor', 'Partner', '6b5ca5', { team_id: 'T0PARTNERS', is_stranger: true }),
      user(bot, 'agent', 'Errand', 'Coding errands, run in a sandbox', '2f6f6a', {
        is_bot: true,
        initials: 'E',
        bot_id: seed.botId,
      }),
    ],
    userGroups: [{ id: seed.reviewers, handle: 'reviewers', name: 'Reviewers', users: [grace, max] }],
    channels: [
      channel(seed.dev, 'dev', 'Where the work is. Try /agent', [ada, grace, max, guest, bot]),
      channel(seed.general, 'general', 'Announcements for everybody', [ada, grace, max, guest]),
      channel(seed.random, 'random', 'Errand is not a member here', [ada, grace, max]),
      channel(seed.partners, 'ext-partners', 'Shared with another company', [ada, grace, stranger, bot], {
        is_ext_shared: true,
      }),
      channel(seed.secret, 'leads', 'A private channel without Errand', [grace, max], { is_private: true }),
      channel(seed.archived, 'old-stuff', 'Archived', [ada, grace, bot], { is_archived: true }),
      channel(seed.adaDirect, '', '', [ada, bot], { is_im: true, is_private: true }),
      channel(seed.graceDirect, '', '', [grace, bot], { is_im: true, is_private: true }),
    ],
    messages: [],
  };
}
