import { randomUUID } from 'node:crypto';
import type { Outbound } from './outbound.ts';
import type { WorkspaceStore } from './store.ts';
import { toWireMessage } from './wire.ts';
import type { AgentSession, Channel, LooseObject, Message } from './workspace.ts';

/** Tells the app what happened in conversations it is a member of. */
export interface Events {
  posted(message: Message): void;
  changed(before: Message, after: Message): void;
  deleted(message: Message): void;
  reaction(type: 'reaction_added' | 'reaction_removed', message: Message, user: string, name: string): void;
  joined(channel: Channel, user: string, inviter: string | null): void;
  /** Somebody pressed the Stop button that Slack itself shows beside a session. */
  sessionStopped(session: AgentSession, user: string): void;
  sessionRenamed(session: AgentSession, user: string, previous: string): void;
  homeOpened(user: string, tab: 'home' | 'messages'): void;
  /** Any other event, as it is and whatever was subscribed to. */
  raw(event: LooseObject): void;
}

/** `subscribed` are the manifest's `bot_events`; null takes all. */
export function createEvents(store: WorkspaceStore, outbound: Outbound, subscribed: readonly string[] | null): Events {
  /** A manifest says `message.im` where the event says `message` and, beside it, its channel's type. */
  function isSubscribed({ type, channel_type }: LooseObject): boolean {
    if (subscribed === null) return true;
    const kind: unknown = type === 'message' ? `message.${channel_type === 'im' ? 'im' : `${channel_type}s`}` : type;
    return subscribed.some((each) => each === kind);
  }

  function emit(event: LooseObject, channelId: string | null): void {
    if (isSubscribed(event)) send(event, channelId);
  }

  function send(event: LooseObject, channelId: string | null): void {
    const channel = channelId === null ? undefined : store.channel(channelId);
    if (channel !== undefined && !channel.members.includes(store.bot.id)) return;
    const { team, appId } = store.workspace;
    outbound.event({
      token: 'local',
      team_id: team.id,
      context_team_id: team.id,
      context_enterprise_id: null,
      api_app_id: appId,
      event,
      type: 'event_callback',
      event_id: `Ev${randomUUID().replaceAll('-', '').slice(0, 12).toUpperCase()}`,
      event_time: Math.floor(store.clock.now() / 1000),
      authorizations: [
        { enterprise_id: null, team_id: team.id, user_id: store.bot.id, is_bot: true, is_enterprise_install: false },
      ],
      is_ext_shared_channel: channel?.is_ext_shared ?? false,
      event_context: randomUUID(),
    });
  }

  const channelType = (id: string) => {
    const channel = store.channel(id);
    if (channel?.is_im === true) return 'im';
    return channel?.is_private === true ? 'group' : 'channel';
  };

  return {
    posted(message) {
      const own: LooseObject = toWireMessage(store, message);
      const event: LooseObject = { ...own, channel: message.channel, event_ts: message.ts };
      emit({ ...event, type: 'message', channel_type: channelType(message.channel) }, message.channel);
      const mentions = message.text.includes(`<@${store.bot.id}>`) || message.text.includes(`<@${store.bot.id}|`);
      // A mention in a direct message is only a message.
      if (mentions && message.user !== store.bot.id && channelType(message.channel) !== 'im') {
        const { subtype: _subtype, ...mention } = event;
        emit({ ...mention, type: 'app_mention' }, message.channel);
      }
    },
    changed(before, after) {
      const ts = store.nextTs();
      emit(
        {
          type: 'message',
          subtype: 'message_changed',
          hidden: true,
          message: toWireMessage(store, after),
          previous_message: toWireMessage(store, before),
          channel: after.channel,
          channel_type: channelType(after.channel),
          ts,
          event_ts: ts,
        },
        after.channel,
      );
    },
    deleted(message) {
      const ts = store.nextTs();
      emit(
        {
          type: 'message',
          subtype: 'message_deleted',
          hidden: true,
          deleted_ts: message.ts,
          previous_message: toWireMessage(store, message),
          channel: message.channel,
          channel_type: channelType(message.channel),
          ts,
          event_ts: ts,
        },
        message.channel,
      );
    },
    reaction(type, message, user, name) {
      emit(
        {
          type,
          user,
          reaction: name,
          item: { type: 'message', channel: message.channel, ts: message.ts },
          item_user: message.user,
          event_ts: store.nextTs(),
        },
        message.channel,
      );
    },
    joined(channel, user, inviter) {
      emit(
        {
          type: 'member_joined_channel',
          user,
          channel: channel.id,
          channel_type: channel.is_private ? 'G' : 'C',
          team: store.workspace.team.id,
          ...(inviter !== null && { inviter }),
          event_ts: store.nextTs(),
        },
        channel.id,
      );
    },
    sessionStopped({ channel, thread_ts }, user) {
      emit(
        {
          type: 'agent_session_stopped',
          channel,
          user,
          thread_ts,
          streaming_message_ts: [],
          event_ts: store.nextTs(),
        },
        channel,
      );
    },
    sessionRenamed({ channel, thread_ts, title }, user, previous) {
      emit(
        {
          type: 'agent_session_title_changed',
          channel,
          user,
          team_id: store.workspace.team.id,
          thread_ts,
          title,
          ...(previous !== '' && { previous_title: previous }),
          event_ts: store.nextTs(),
        },
        channel,
      );
    },
    homeOpened(user, tab) {
      const channel = store.direct(user, store.bot.id).id;
      const view = store.homes.get(user);
      emit({ type: 'app_home_opened', user, channel, tab, ...(view && { view }), event_ts: store.nextTs() }, null);
    },
    raw: (event) => send(event, null),
  };
}
