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
  /** Ids of files. */
  files: z.array(z.string()).optional(),
  unfurl_links: z.boolean().optional(),
  unfurl_media: z.boolean().optional(),
});
/** What Slack keeps of an uploaded file; its bytes are with the `FileShelf`. */
export const StoredFile = z.object({
  id: z.string(),
  created: z.number(),
  name: z.string(),
  title: z.string(),
  user: z.string(),
  size: z.number(),
  mimetype: z.string(),
  filetype: z.string(),
  pretty_type: z.string(),
  /** Pixels of a picture. */
  picture: z.object({ width: z.number(), height: z.number() }).optional(),
  /** The first lines of a text, and how many it has. */
  snippet: z.object({ text: z.string(), lines: z.number() }).optional(),
});
/** An agent's session in one thread. */
export const AgentSession = z.object({
  channel: z.string(),
  thread_ts: z.string(),
  status: z.enum(['processing', 'active', 'suspended', 'closed']),
  title: z.string(),
  initiator: z.string().nullable(),
  /** Milliseconds; a status of `processing` lapses after an hour. */
  since: z.number(),
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
  files: z.array(StoredFile).default([]),
  sessions: z.array(AgentSession).default([]),
});

export type Team = z.infer<typeof Team>;
export type User = z.infer<typeof User>;
export type Channel = z.infer<typeof Channel>;
export type Message = z.infer<typeof Message>;
export type StoredFile = z.infer<typeof StoredFile>;
export type AgentSession = z.infer<typeof AgentSession>;
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
  hotfixes: 'C0HOTFIXES',
  archived: 'C0OLDSTUFF',
  adaDirect: 'D0ADAERRND',
  graceDirect: 'D0GRACEERR',
  reviewers: 'S0REVIEWER',
} as const;
