import { type Channel, seed, type User, type Workspace } from './workspace.ts';

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
      channel(seed.hotfixes, 'hotfixes', 'A private channel with Errand', [ada, grace, max, bot], { is_private: true }),
      channel(seed.secret, 'leads', 'A private channel without Errand', [grace, max], { is_private: true }),
      channel(seed.archived, 'old-stuff', 'Archived', [ada, grace, bot], { is_archived: true }),
      channel(seed.adaDirect, '', '', [ada, bot], { is_im: true, is_private: true }),
      channel(seed.graceDirect, '', '', [grace, bot], { is_im: true, is_private: true }),
    ],
    messages: [],
    files: [],
    sessions: [],
  };
}
