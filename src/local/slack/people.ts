import type { Api } from './api/method.ts';
import { changeReaction } from './api/reactions.ts';
import type { Ack } from './delivery.ts';
import { toEmojiName } from './emoji.ts';
import { limits } from './limits.ts';
import type { Outbound } from './outbound.ts';
import { Refused } from './refused.ts';
import { applyResponse } from './responses.ts';
import { encodeTyped, toMessageParts } from './typed-text.ts';
import type { Channel, LooseObject, Message, StoredFile, User } from './workspace.ts';

/** What people do in Slack's client, other than pressing and filling (see `interactions.ts`). Each throws `Refused`. */
export interface People {
  command(order: {
    user: string;
    channel: string;
    command: string;
    text: string;
  }): Promise<{ error: string | null; ms: number }>;
  /** `files` are ids of what `upload` took in; with them the text may be empty. */
  message(order: {
    user: string;
    channel: string;
    thread_ts?: string | undefined;
    text: string;
    files?: readonly string[] | undefined;
  }): Message;
  /** Takes a file in, for a message to share. */
  upload(order: { user: string; name: string; bytes: Uint8Array }): Promise<StoredFile>;
  /** Presses the Stop button that Slack shows beside a session that is `processing`; Slack tells the app and changes nothing. */
  stopSession(order: { user: string; channel: string; thread_ts: string }): void;
  renameSession(order: { user: string; channel: string; thread_ts: string; title: string }): void;
  edit(order: { user: string; channel: string; ts: string; text: string }): Message;
  remove(order: { user: string; channel: string; ts: string }): void;
  reaction(order: { user: string; channel: string; ts: string; name: string; present: boolean }): Message;
}

export function createPeople(api: Api, outbound: Outbound, command: string): People {
  const { store, events } = api;

  function invite(user: User, channel: Channel, text: string): void {
    const encoded = encodeTyped(text, store.workspace);
    for (const [, id = ''] of encoded.matchAll(/<@([UW][A-Z0-9]+)>/g)) {
      if (channel.members.includes(id)) continue;
      store.join(channel, id);
      events.joined(channel, id, user.id);
    }
  }

  return {
    async command(order) {
      const user = person(api, order.user);
      const channel = visible(api, order.channel, user);
      const say = (text: string) => slackbot(api, channel.id, user.id, text);
      if (order.command === '/invite') {
        invite(user, channel, order.text);
        return { error: null, ms: 0 };
      }
      if (order.command !== command) {
        say(`${order.command} is not a valid command. Commands of this workspace: ${command}, /invite`);
        return { error: 'unknown_command', ms: 0 };
      }
      const startedAt = performance.now();
      const target = { user: user.id, channel: channel.id, threadTs: null, original: null };
      const { team, appId } = store.workspace;
      const ack = await outbound.interactive('slash_commands', {
        token: 'local',
        team_id: team.id,
        team_domain: team.domain,
        channel_id: channel.id,
        channel_name: channelName(channel),
        user_id: user.id,
        user_name: user.name,
        command: order.command,
        text: encodeTyped(order.text.trim(), store.workspace, { command: true }),
        api_app_id: appId,
        is_enterprise_install: 'false',
        response_url: api.exchange.newResponseUrl(target),
        trigger_id: api.exchange.newTrigger({ user: user.id, viewId: null, conversation: channel.id }),
      });
      const error = failureOf(ack);
      if (error !== null) say(`${order.command} failed with the error "${error}"`);
      if (ack.ok && ack.body !== null) applyResponse(api, target, ack.body, 'command_ack');
      return { error, ms: Math.round(performance.now() - startedAt) };
    },

    message(order) {
      const user = person(api, order.user);
      const channel = visible(api, order.channel, user);
      if (channel.is_archived) throw new Refused('is_archived');
      const files = (order.files ?? []).map((id) => {
        const file = store.file(id);
        if (file === undefined || file.user !== user.id) throw new Refused('file_not_found');
        return file.id;
      });
      if (files.length > limits.filesPerMessage) throw new Refused('too_many_files');
      if (order.text.trim() === '' && files.length === 0) throw new Refused('no_text');
      const root = order.thread_ts === undefined ? undefined : store.message(channel.id, order.thread_ts);
      if (order.thread_ts !== undefined && root === undefined) throw new Refused('thread_not_found');
      const message: Message = {
        type: 'message',
        channel: channel.id,
        ts: store.nextTs(),
        user: user.id,
        team: user.team_id,
        client_msg_id: crypto.randomUUID(),
        reactions: [],
        ...(order.text.trim() === '' ? { text: '' } : toMessageParts(order.text, store.workspace)),
        ...(files.length > 0 && { subtype: 'file_share', files }),
        ...(root && { thread_ts: root.thread_ts ?? root.ts }),
      };
      store.putMessage(message);
      events.posted(message);
      const bot = store.bot;
      if (message.text.includes(`<@${bot.id}>`) && !channel.members.includes(bot.id)) {
        const text = `You mentioned ${bot.real_name}, who is not in this channel. Add it with: /invite @${bot.real_name}`;
        slackbot(api, channel.id, user.id, text, message.thread_ts);
      }
      return message;
    },

    upload: (order) => api.files.add({ ...order, user: person(api, order.user).id }),

    stopSession(order) {
      const user = person(api, order.user);
      visible(api, order.channel, user);
      const session = store.session(order.channel, order.thread_ts);
      if (session?.status !== 'processing' || !api.hears('agent_session_stopped')) throw new Refused('nothing_to_stop');
      events.sessionStopped(session, user.id);
    },

    renameSession(order) {
      const user = person(api, order.user);
      visible(api, order.channel, user);
      const session = store.session(order.channel, order.thread_ts);
      if (session === undefined) throw new Refused('session_not_found');
      const renamed = { ...session, title: order.title };
      store.putSession(renamed);
      events.sessionRenamed(renamed, user.id, session.title);
    },

    edit(order) {
      const before = own(api, order);
      const parts = toMessageParts(order.text, store.workspace);
      const after: Message = { ...before, ...parts, edited: { user: order.user, ts: store.nextTs() } };
      store.putMessage(after);
      events.changed(before, after);
      return after;
    },

    remove(order) {
      const message = own(api, order);
      store.removeMessage(message.channel, message.ts);
      events.deleted(message);
    },

    reaction(order) {
      const user = person(api, order.user);
      const channel = visible(api, order.channel, user);
      const name = toEmojiName(order.name);
      if (name === undefined) throw new Refused('invalid_name');
      const message = store.message(channel.id, order.ts);
      if (message === undefined) throw new Refused('message_not_found');
      const after = changeReaction(store, message, { user: user.id, name, present: order.present });
      if (after === null) throw new Refused(order.present ? 'already_reacted' : 'no_reaction');
      events.reaction(order.present ? 'reaction_added' : 'reaction_removed', after, user.id, name);
      return after;
    },
  };
}

/** Somebody who can use this workspace. */
export function person(api: Api, id: string): User {
  const user = api.store.user(id);
  if (user === undefined) throw new Refused('user_not_found');
  if (user.deleted || user.is_bot) throw new Refused('account_inactive');
  return user;
}

/** A conversation that this person is in. */
export function visible(api: Api, id: string, user: User): Channel {
  const channel = api.store.channel(id);
  if (channel === undefined) throw new Refused('channel_not_found');
  if (!channel.members.includes(user.id)) throw new Refused('not_in_channel');
  return channel;
}

/** What Slack's client shows for an app that didn't acknowledge. */
export function failureOf(ack: Ack): 'operation_timeout' | 'dispatch_failed' | null {
  if (ack.ok) return null;
  return ack.reason === 'timeout' ? 'operation_timeout' : 'dispatch_failed';
}

export function channelName(channel: Channel): string {
  if (channel.is_im) return 'directmessage';
  return channel.is_private ? 'privategroup' : channel.name;
}

/** Who did something, where, as every interaction payload says it. */
export function actor(api: Api, user: User): LooseObject {
  const { team, appId } = api.store.workspace;
  return {
    team: { id: team.id, domain: team.domain },
    user: { id: user.id, username: user.name, name: user.name, team_id: user.team_id },
    api_app_id: appId,
    token: 'local',
    enterprise: null,
    is_enterprise_install: false,
  };
}

function slackbot(api: Api, channel: string, user: string, text: string, threadTs?: string): void {
  const thread = threadTs === undefined ? {} : { thread_ts: threadTs };
  api.store.putEphemeral({ channel, user, text, from: 'slackbot', ts: api.store.nextTs(), ...thread });
}

function own(api: Api, order: { user: string; channel: string; ts: string }): Message {
  const message = api.store.message(order.channel, order.ts);
  if (message === undefined) throw new Refused('message_not_found');
  if (message.user !== order.user) throw new Refused('cant_update_message');
  return message;
}
