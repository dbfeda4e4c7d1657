import { z } from 'zod';
import { toEmojiName } from '../emoji.ts';
import { limits } from '../limits.ts';
import { Refused } from '../refused.ts';
import type { WorkspaceStore } from '../store.ts';
import { toWireMessage } from '../wire.ts';
import type { Message } from '../workspace.ts';
import { type Api, joinedChannel, type Method, method, text } from './method.ts';

const args = { channel: text, timestamp: text, name: text };
const missing = { channel: 'channel_not_found', timestamp: 'message_not_found', name: 'invalid_name' };

function reacted(api: Api, channel: string, ts: string): Message {
  const found = api.store.message(joinedChannel(api, channel).id, ts);
  if (found === undefined) throw new Refused('message_not_found');
  return found;
}

/** Puts a person's emoji on a message or takes it off; null when nothing changed. */
export function changeReaction(
  store: WorkspaceStore,
  message: Message,
  change: { user: string; name: string; present: boolean },
): Message | null {
  const { user, name, present } = change;
  const has = message.reactions.some((each) => each.name === name && each.users.includes(user));
  if (has === present) return null;
  const others = message.reactions.map((each) =>
    each.name === name
      ? { name, users: present ? [...each.users, user] : each.users.filter((id) => id !== user) }
      : each,
  );
  const known = message.reactions.some((each) => each.name === name);
  const reactions = [...others, ...(present && !known ? [{ name, users: [user] }] : [])];
  const after = { ...message, reactions: reactions.filter((each) => each.users.length > 0) };
  store.putMessage(after);
  return after;
}

export const reactions: Readonly<Record<string, Method>> = {
  'reactions.add': method({
    writes: true,
    args,
    missing,
    run(api, { channel, timestamp, name: asked }) {
      const name = toEmojiName(asked);
      if (name === undefined) throw new Refused('invalid_name');
      const message = reacted(api, channel, timestamp);
      if (api.store.channel(channel)?.is_archived === true) throw new Refused('is_archived');
      if (message.reactions.length >= limits.reactionsPerMessage) throw new Refused('too_many_emoji');
      const after = changeReaction(api.store, message, { user: api.store.bot.id, name, present: true });
      if (after === null) throw new Refused('already_reacted');
      api.events.reaction('reaction_added', after, api.store.bot.id, name);
      return {};
    },
  }),
  'reactions.remove': method({
    writes: true,
    args,
    missing,
    run(api, { channel, timestamp, name: asked }) {
      const name = toEmojiName(asked);
      if (name === undefined) throw new Refused('invalid_name');
      const message = reacted(api, channel, timestamp);
      const after = changeReaction(api.store, message, { user: api.store.bot.id, name, present: false });
      if (after === null) throw new Refused('no_reaction');
      api.events.reaction('reaction_removed', after, api.store.bot.id, name);
      return {};
    },
  }),
  'reactions.get': method({
    args: { channel: text, timestamp: text, full: z.unknown().optional() },
    missing,
    run(api, { channel, timestamp }) {
      const message = reacted(api, channel, timestamp);
      return { type: 'message', channel, message: { ...toWireMessage(api.store, message), permalink: '' } };
    },
  }),
};
