import type { WorkspaceStore } from './store.ts';
import type { Channel, LooseObject } from './workspace.ts';

/** The scope that each method asks for, from its page at docs.slack.dev; `conversations.*` ask for one of each kind of channel. */
const scopes: Readonly<Record<string, string | null>> = {
  'agents.sessions.rename': 'chat:write',
  'agents.sessions.setStatus': 'chat:write',
  'apps.connections.open': null,
  'assistant.threads.setStatus': 'chat:write',
  'auth.test': null,
  'bots.info': 'users:read',
  'chat.delete': 'chat:write',
  'chat.getPermalink': null,
  'chat.postEphemeral': 'chat:write',
  'chat.postMessage': 'chat:write',
  'chat.update': 'chat:write',
  'conversations.history': '{kind}:history',
  'conversations.info': '{kind}:read',
  'conversations.join': 'channels:join',
  'conversations.list': 'channels:read',
  'conversations.members': '{kind}:read',
  'conversations.open': 'im:write',
  'conversations.replies': '{kind}:history',
  'emoji.list': 'emoji:read',
  'files.completeUploadExternal': 'files:write',
  'files.delete': 'files:write',
  'files.getUploadURLExternal': 'files:write',
  'files.info': 'files:read',
  'files.list': 'files:read',
  'reactions.add': 'reactions:write',
  'reactions.get': 'reactions:read',
  'reactions.remove': 'reactions:write',
  'team.info': 'team:read',
  'usergroups.list': 'usergroups:read',
  'usergroups.users.list': 'usergroups:read',
  'users.info': 'users:read',
  'users.list': 'users:read',
  'views.open': null,
  'views.publish': null,
  'views.push': null,
  'views.update': null,
};

/** The scope that this call needs and the token lacks; null when it has all. */
export function missingScope(
  given: readonly string[],
  method: string,
  args: LooseObject,
  store: WorkspaceStore,
): string | null {
  const wanted = scopes[method] ?? null;
  if (wanted === null) return null;
  const channel = store.channel(String(args.channel ?? args.channel_id ?? ''));
  const needed = wanted.replace('{kind}', kindOf(channel));
  return granted(given, needed) ? null : needed;
}

/** Whether the token may; a workspace that was started without a list of scopes gives all. */
export function granted(given: readonly string[], scope: string): boolean {
  return given.length === 0 || given.includes(scope);
}

/** Every method that the table knows. */
export const scopedMethods: readonly string[] = Object.keys(scopes);

function kindOf(channel: Channel | undefined): string {
  if (channel?.is_im === true) return 'im';
  return channel?.is_private === true ? 'groups' : 'channels';
}
