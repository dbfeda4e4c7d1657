import { z } from 'zod';
import { Refused } from '../refused.ts';
import { toWireChannel, toWireMessage } from '../wire.ts';
import type { Message } from '../workspace.ts';
import { count, flag, joinedChannel, type Method, method, paged, seenChannel, text } from './method.ts';

const channel = { channel: text };
const noChannel = { channel: 'channel_not_found' };
const page = { cursor: z.string().optional(), limit: count.optional() };
const range = {
  oldest: z.string().optional(),
  latest: z.string().optional(),
  inclusive: flag.optional(),
  include_all_metadata: flag.optional(),
};

function within(args: { oldest?: string | undefined; latest?: string | undefined; inclusive?: boolean | undefined }) {
  return (message: Message): boolean => {
    const ts = Number(message.ts);
    const oldest = Number(args.oldest ?? 0);
    const latest = args.latest === undefined ? Number.POSITIVE_INFINITY : Number(args.latest);
    return args.inclusive === true ? ts >= oldest && ts <= latest : ts > oldest && ts < latest;
  };
}

export const conversations: Readonly<Record<string, Method>> = {
  'conversations.info': method({
    args: channel,
    missing: noChannel,
    run: (api, args) => ({ channel: toWireChannel(api.store, seenChannel(api, args.channel)) }),
  }),
  'conversations.list': method({
    args: { ...page, types: z.string().default('public_channel'), exclude_archived: flag.optional() },
    run(api, args) {
      const types = args.types.split(',').map((type) => type.trim());
      const listed = api.store.workspace.channels.filter((each) => {
        const type = each.is_im ? 'im' : each.is_private ? 'private_channel' : 'public_channel';
        const visible = !each.is_private || each.members.includes(api.store.bot.id);
        return types.includes(type) && visible && !(args.exclude_archived === true && each.is_archived);
      });
      const found = paged(listed, args.cursor, args.limit ?? 100);
      return {
        channels: found.page.map((each) => toWireChannel(api.store, each)),
        response_metadata: { next_cursor: found.next },
      };
    },
  }),
  'conversations.members': method({
    args: { ...channel, ...page },
    missing: noChannel,
    run(api, args) {
      const found = paged(seenChannel(api, args.channel).members, args.cursor, args.limit ?? 100);
      return { members: found.page, response_metadata: { next_cursor: found.next } };
    },
  }),
  'conversations.history': method({
    args: { ...channel, ...page, ...range },
    missing: noChannel,
    run(api, args) {
      const target = joinedChannel(api, args.channel);
      const roots = api.store
        .messages(target.id)
        .filter(
          (each) => each.thread_ts === undefined || each.thread_ts === each.ts || each.subtype === 'thread_broadcast',
        )
        .filter(within(args))
        .toReversed();
      const found = paged(roots, args.cursor, args.limit ?? 100);
      const metadata = args.include_all_metadata === true;
      return {
        messages: found.page.map((each) => toWireMessage(api.store, each, { metadata })),
        has_more: found.next !== '',
        pin_count: 0,
        response_metadata: { next_cursor: found.next },
      };
    },
  }),
  'conversations.replies': method({
    args: { ...channel, ...page, ...range, ts: text },
    missing: { ...noChannel, ts: 'thread_not_found' },
    run(api, args) {
      const target = joinedChannel(api, args.channel);
      const asked = api.store.message(target.id, args.ts);
      if (asked === undefined) throw new Refused('thread_not_found');
      const root = api.store.message(target.id, asked.thread_ts ?? asked.ts) ?? asked;
      const thread = [root, ...api.store.replies(target.id, root.ts).filter(within(args))];
      const found = paged(thread, args.cursor, args.limit ?? 1000);
      const metadata = args.include_all_metadata === true;
      return {
        messages: found.page.map((each) => toWireMessage(api.store, each, { metadata })),
        has_more: found.next !== '',
        response_metadata: { next_cursor: found.next },
      };
    },
  }),
  'conversations.join': method({
    writes: true,
    args: channel,
    missing: noChannel,
    run(api, args) {
      const target = seenChannel(api, args.channel);
      if (target.is_private) throw new Refused('method_not_supported_for_channel_type');
      if (target.is_archived) throw new Refused('is_archived');
      const member = target.members.includes(api.store.bot.id);
      api.store.join(target, api.store.bot.id);
      if (!member) api.events.joined(target, api.store.bot.id, null);
      return { channel: toWireChannel(api.store, target), ...(member && { warning: 'already_in_channel' }) };
    },
  }),
  'conversations.open': method({
    writes: true,
    args: { users: z.string().optional(), channel: z.string().optional(), return_im: flag.optional() },
    run(api, args) {
      const [user, ...more] = (args.users ?? '').split(',').filter((each) => each !== '');
      if (args.channel !== undefined) return { channel: { id: seenChannel(api, args.channel).id } };
      if (user === undefined) throw new Refused('users_list_not_supplied');
      if (more.length > 0) throw new Refused('method_not_supported_for_channel_type');
      const known = api.store.user(user);
      if (known === undefined) throw new Refused('user_not_found');
      if (known.deleted) throw new Refused('user_disabled');
      const direct = api.store.direct(user, api.store.bot.id);
      return { channel: args.return_im === true ? toWireChannel(api.store, direct) : { id: direct.id } };
    },
  }),
};
