import type { WorkspaceStore } from './store.ts';
import type { Channel, LooseObject, StoredFile } from './workspace.ts';

/** Where a file was shared. */
export function channelsOf(store: WorkspaceStore, file: StoredFile): Channel[] {
  const ids = new Set(
    store.workspace.messages.filter((each) => each.files?.includes(file.id)).map((each) => each.channel),
  );
  return store.workspace.channels.filter((channel) => ids.has(channel.id));
}

/** Whether the bot may see a file: its own, and those shared where it is a member. */
export function botSees(store: WorkspaceStore, file: StoredFile): boolean {
  const { id } = store.bot;
  return file.user === id || channelsOf(store, file).some((channel) => channel.members.includes(id));
}

/** A file as messages and `files.info` tell of it. */
export function toWireFile(store: WorkspaceStore, file: StoredFile): LooseObject {
  const { picture, snippet, created, user, ...rest } = file;
  const { team } = store.workspace;
  const shown = channelsOf(store, file);
  const ids = (of: (channel: Channel) => boolean) => shown.filter(of).map((channel) => channel.id);
  const name = encodeURIComponent(file.name);
  const key = `${team.id}-${file.id}`;
  const url = `${store.origin}/files-pri/${key}/${name}`;
  return {
    ...rest,
    created,
    timestamp: created,
    user,
    user_team: team.id,
    username: '',
    editable: snippet !== undefined,
    mode: snippet === undefined ? 'hosted' : 'snippet',
    is_external: false,
    external_type: '',
    is_public: shown.some((channel) => !channel.is_private),
    public_url_shared: false,
    display_as_bot: false,
    has_rich_preview: false,
    file_access: 'visible',
    media_display_type: 'unknown',
    url_private: url,
    url_private_download: `${store.origin}/files-pri/${key}/download/${name}`,
    permalink: `${store.origin}/files/${user}/${file.id}/${name}`,
    permalink_public: '',
    channels: ids((channel) => !channel.is_private),
    groups: ids((channel) => channel.is_private && !channel.is_im),
    ims: ids((channel) => channel.is_im),
    shares: { public: sharesIn(store, file, false), private: sharesIn(store, file, true) },
    comments_count: 0,
    is_starred: false,
    ...(picture && { original_w: picture.width, original_h: picture.height, thumb_360: url, thumb_480: url }),
    ...(snippet && { lines: snippet.lines, preview: snippet.text }),
  };
}

/** Each message that shares a file, by channel. */
function sharesIn(store: WorkspaceStore, file: StoredFile, isPrivate: boolean): LooseObject {
  const channels = channelsOf(store, file).filter((channel) => channel.is_private === isPrivate);
  const entries = channels.map((channel): [string, LooseObject[]] => [
    channel.id,
    store
      .messages(channel.id)
      .filter((each) => each.files?.includes(file.id))
      .map(({ ts, thread_ts, user, team }) => {
        const replies = thread_ts === undefined ? store.replies(channel.id, ts) : [];
        const who = [...new Set(replies.map((reply) => reply.user))];
        return {
          ts,
          ...(thread_ts !== undefined && { thread_ts }),
          channel_name: channel.name,
          team_id: team,
          share_user_id: user,
          reply_count: replies.length,
          reply_users: who,
          reply_users_count: who.length,
        };
      }),
  ]);
  return Object.fromEntries(entries);
}
