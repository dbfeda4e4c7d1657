import { z } from 'zod';
import { Refused } from '../refused.ts';
import { toWireUser } from '../wire.ts';
import { count, flag, type Method, method, paged, text } from './method.ts';

export const people: Readonly<Record<string, Method>> = {
  'auth.test': method({
    args: {},
    run({ store }) {
      const { team } = store.workspace;
      return {
        url: `https://${team.domain}.slack.com/`,
        team: team.name,
        user: store.bot.name,
        team_id: team.id,
        user_id: store.bot.id,
        bot_id: store.bot.bot_id,
        is_enterprise_install: false,
      };
    },
  }),
  'users.info': method({
    args: { user: text },
    missing: { user: 'user_not_found' },
    run({ store }, args) {
      const user = store.user(args.user);
      if (user === undefined) throw new Refused('user_not_found');
      return { user: toWireUser(user) };
    },
  }),
  'users.list': method({
    args: { cursor: z.string().optional(), limit: count.optional() },
    run({ store }, args) {
      const found = paged(store.workspace.users, args.cursor, args.limit ?? 100);
      return {
        members: found.page.map(toWireUser),
        cache_ts: Math.floor(store.clock.now() / 1000),
        response_metadata: { next_cursor: found.next },
      };
    },
  }),
  'usergroups.list': method({
    args: { include_users: flag.optional() },
    run({ store }, args) {
      return {
        usergroups: store.workspace.userGroups.map((group) => ({
          id: group.id,
          team_id: store.workspace.team.id,
          is_usergroup: true,
          name: group.name,
          handle: group.handle,
          description: '',
          is_external: false,
          date_delete: 0,
          user_count: group.users.length,
          ...(args.include_users === true && { users: group.users }),
        })),
      };
    },
  }),
  'usergroups.users.list': method({
    args: { usergroup: text },
    missing: { usergroup: 'no_such_subteam' },
    run({ store }, args) {
      const group = store.workspace.userGroups.find((each) => each.id === args.usergroup);
      if (group === undefined) throw new Refused('no_such_subteam');
      return { users: group.users };
    },
  }),
  'emoji.list': method({ args: {}, run: () => ({ emoji: {}, cache_ts: '0' }) }),
  'team.info': method({
    args: {},
    run: ({ store }) => ({ team: { ...store.workspace.team, email_domain: '', icon: {}, is_verified: false } }),
  }),
  'bots.info': method({
    args: { bot: z.string().optional() },
    run({ store }, args) {
      if (args.bot !== undefined && args.bot !== store.bot.bot_id) throw new Refused('bot_not_found');
      return {
        bot: {
          id: store.bot.bot_id,
          deleted: false,
          name: store.bot.real_name,
          app_id: store.workspace.appId,
          user_id: store.bot.id,
          updated: 0,
          icons: {},
        },
      };
    },
  }),
};
