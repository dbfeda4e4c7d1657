import { WebAPIPlatformError, type WebClient } from '@slack/web-api';
import { z } from 'zod';
import type { ChannelId, UserId } from '../task/ids.ts';
import type { Clock } from '../task/ports/clock.ts';
import type { ChannelKind, Directory, Member } from '../task/ports/directory.ts';
import { Problem } from '../task/problem.ts';
import { userId } from './ids.ts';
import { oneLine } from './plain.ts';

/** Somebody who was let go must not approve for long. */
const freshForMs = 60_000;

const person = z.object({
  id: userId,
  team_id: z.string().optional(),
  name: z.string().default(''),
  deleted: z.boolean().default(false),
  // Slack says these of every account that is in use: one of whom it doesn't is no full member.
  is_bot: z.boolean().optional(),
  is_restricted: z.boolean().optional(),
  is_ultra_restricted: z.boolean().optional(),
  is_stranger: z.boolean().default(false),
  real_name: z.string().default(''),
  profile: z.object({ display_name: z.string().default(''), real_name: z.string().default('') }).prefault({}),
});

export interface DirectoryOptions {
  readonly reader: WebClient;
  readonly teamId: string;
  readonly clock: Clock;
}

/** Asks Slack who somebody is, and remembers it for a minute. */
export function createDirectory({ reader, teamId, clock }: DirectoryOptions): Directory {
  const members = remember<UserId, Member>(clock, (id) => findMember(reader, teamId, id));
  const groups = remember<string, ReadonlySet<UserId>>(clock, (id) => findGroup(reader, id));
  const channels = remember<ChannelId, ChannelKind>(clock, (id) => findChannel(reader, id));
  return { member: members, group: groups, channel: channels };
}

const shared = z.object({
  is_ext_shared: z.boolean().default(false),
  is_pending_ext_shared: z.boolean().default(false),
});

async function findChannel(reader: WebClient, id: ChannelId): Promise<ChannelKind> {
  // A direct message with the bot has one other reader, whom the directory knows; of one between people it can't hear.
  if (id.startsWith('D')) return (await isInDirect(reader, id)) ? 'own' : 'absent';
  const answer = await reader.conversations.info({ channel: id }).catch((error: unknown) => {
    if (isRefusal(error, ['channel_not_found'])) return null;
    if (isRefusal(error, ['missing_scope', 'no_permission'])) return undefined;
    throw unreachable(`who reads the channel ${id}`, error);
  });
  if (answer === null) return 'absent';
  const found = shared.safeParse(answer?.channel);
  if (!found.success) return 'hidden';
  return found.data.is_ext_shared || found.data.is_pending_ext_shared ? 'shared' : 'own';
}

async function isInDirect(reader: WebClient, id: ChannelId): Promise<boolean> {
  try {
    await reader.conversations.history({ channel: id, limit: 1 });
    return true;
  } catch (error) {
    if (isRefusal(error, ['channel_not_found', 'not_in_channel'])) return false;
    if (isRefusal(error, ['missing_scope', 'no_permission'])) return true;
    throw unreachable(`who reads the direct message ${id}`, error);
  }
}

async function findMember(reader: WebClient, teamId: string, id: UserId): Promise<Member> {
  const stranger: Member = { type: 'stranger', id, name: id };
  const answer = await reader.users.info({ user: id }).catch((error: unknown) => {
    if (isRefusal(error, ['user_not_found', 'user_not_visible'])) return undefined;
    throw unreachable(`who ${id} is`, error);
  });
  const found = person.safeParse(answer?.user);
  if (!found.success) return stranger;
  const { profile, real_name, name, ...who } = found.data;
  const shown =
    [profile.real_name, real_name, profile.display_name, name].map((text) => oneLine(text, 80)).find(Boolean) ?? id;
  // Slackbot is a bot that says it is none.
  if (who.is_bot === true || id === 'USLACKBOT') return { type: 'bot', id, name: shown };
  if (who.deleted) return { type: 'deactivated', id, name: shown };
  if (who.is_stranger || who.team_id !== teamId) return { type: 'stranger', id, name: shown };
  if (who.is_bot === undefined) return { type: 'stranger', id, name: shown };
  if (who.is_restricted !== false || who.is_ultra_restricted !== false) return { type: 'guest', id, name: shown };
  return { type: 'member', id, name: shown };
}

async function findGroup(reader: WebClient, id: string): Promise<ReadonlySet<UserId>> {
  const answer = await reader.usergroups.users.list({ usergroup: id }).catch((error: unknown) => {
    if (isRefusal(error, ['no_such_subteam', 'subteam_not_found'])) return { users: [] };
    throw unreachable(`who belongs to the group ${id}`, error);
  });
  return new Set((answer.users ?? []).flatMap((user) => userId.safeParse(user).data ?? []));
}

function isRefusal(error: unknown, codes: readonly string[]): boolean {
  return error instanceof WebAPIPlatformError && codes.includes(error.data.error);
}

function unreachable(what: string, cause: unknown): Problem {
  const found = cause instanceof WebAPIPlatformError ? `Slack answered ${cause.data.error}` : "Slack can't be reached";
  return new Problem(
    { code: 'directory', sentence: `Errand could not ask ${what}: ${found}.`, next: 'Try again in a minute.' },
    { retry: true, cause },
  );
}

/** Askers at the same time share one call; a failure is not remembered. */
function remember<Key, Value>(clock: Clock, find: (key: Key) => Promise<Value>): (key: Key) => Promise<Value> {
  const known = new Map<Key, { value: Promise<Value>; until: number }>();
  return (key) => {
    const now = clock.now();
    const cached = known.get(key);
    if (cached !== undefined && cached.until > now) return cached.value;
    for (const [old, { until }] of known) if (until <= now) known.delete(old);
    const value = find(key);
    known.set(key, { value, until: now + freshForMs });
    value.catch(() => known.delete(key));
    return value;
  };
}
