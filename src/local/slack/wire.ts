import type { WorkspaceStore } from './store.ts';
import { toWireFile } from './wire-file.ts';
import type { Channel, LooseObject, Message, User } from './workspace.ts';

/** A message as the Web API answers with it; metadata only where it was asked for. */
export function toWireMessage(
  store: WorkspaceStore,
  message: Message,
  options: { metadata?: boolean } = {},
): LooseObject {
  const { channel: _channel, metadata, reactions, files, ...rest } = message;
  const isRoot = message.thread_ts === undefined || message.thread_ts === message.ts;
  const replies = isRoot ? store.replies(message.channel, message.ts) : [];
  const users = [...new Set(replies.map((reply) => reply.user))];
  return {
    ...rest,
    ...(message.bot_id !== undefined && { bot_profile: toBotProfile(store, message.bot_id) }),
    ...(reactions.length > 0 && {
      reactions: reactions.map((reaction) => ({ ...reaction, count: reaction.users.length })),
    }),
    ...(files && { files: files.map((id) => toWireFiles(store, id)), upload: false, display_as_bot: false }),
    ...(options.metadata === true && metadata !== undefined && { metadata }),
    ...(replies.length > 0 && {
      thread_ts: message.ts,
      reply_count: replies.length,
      reply_users: users,
      reply_users_count: users.length,
      latest_reply: replies.at(-1)?.ts,
      is_locked: false,
      subscribed: true,
    }),
    ...(!isRoot && { parent_user_id: store.message(message.channel, message.thread_ts ?? '')?.user }),
  };
}

/** A file that was deleted leaves a tombstone in its message. */
function toWireFiles(store: WorkspaceStore, id: string): LooseObject {
  const file = store.file(id);
  return file === undefined ? { id, mode: 'tombstone' } : toWireFile(store, file);
}

function toBotProfile(store: WorkspaceStore, id: string): LooseObject {
  return {
    id,
    app_id: store.workspace.appId,
    user_id: store.bot.id,
    name: store.bot.real_name,
    deleted: false,
    updated: 0,
    team_id: store.workspace.team.id,
    icons: {},
  };
}

export function toWireUser(user: User): LooseObject {
  return {
    id: user.id,
    team_id: user.team_id,
    name: user.name,
    deleted: user.deleted,
    color: user.color,
    real_name: user.real_name,
    tz: user.tz,
    tz_label: user.tz,
    tz_offset: 0,
    profile: {
      title: user.title,
      real_name: user.real_name,
      real_name_normalized: user.real_name,
      display_name: user.name,
      display_name_normalized: user.name,
      ...(user.is_bot ? { bot_id: user.bot_id, api_app_id: '' } : { email: `${user.name}@example.com` }),
      team: user.team_id,
    },
    is_admin: false,
    is_owner: false,
    is_primary_owner: false,
    is_restricted: user.is_restricted,
    is_ultra_restricted: user.is_ultra_restricted,
    is_bot: user.is_bot,
    is_app_user: false,
    is_email_confirmed: true,
    ...(user.is_stranger && { is_stranger: true }),
    updated: 0,
  };
}

export function toWireChannel(store: WorkspaceStore, channel: Channel): LooseObject {
  const member = channel.members.includes(store.bot.id);
  const common = {
    id: channel.id,
    created: channel.created,
    is_archived: channel.is_archived,
    is_im: channel.is_im,
    is_org_shared: false,
    context_team_id: store.workspace.team.id,
    updated: channel.created * 1000,
  };
  if (channel.is_im) {
    return {
      ...common,
      user: channel.members.find((each) => each !== store.bot.id),
      is_user_deleted: false,
      priority: 0,
    };
  }
  const words = (value: string) => ({ value, creator: '', last_set: 0 });
  return {
    ...common,
    name: channel.name,
    name_normalized: channel.name,
    is_channel: !channel.is_private,
    is_group: channel.is_private,
    is_mpim: false,
    is_private: channel.is_private,
    is_general: channel.name === 'general',
    is_shared: channel.is_ext_shared,
    is_ext_shared: channel.is_ext_shared,
    is_pending_ext_shared: false,
    is_member: member,
    creator: '',
    num_members: channel.members.length,
    topic: words(channel.topic),
    purpose: words(''),
    previous_names: [],
    shared_team_ids: [store.workspace.team.id],
  };
}
