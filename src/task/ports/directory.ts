import type { ChannelId, UserId } from '../ids.ts';

export type Member =
  | { readonly type: 'member'; readonly id: UserId; readonly name: string }
  | { readonly type: 'guest' | 'bot' | 'stranger' | 'deactivated'; readonly id: UserId; readonly name: string };

/** Who somebody is in Slack. Fails closed: an unknown person is a stranger, an unreachable Slack a thrown `Problem`. */
export interface Directory {
  member(id: UserId): Promise<Member>;
  /** The members of a user group (`S…`). */
  group(id: string): Promise<ReadonlySet<UserId>>;
  channel(id: ChannelId): Promise<ChannelKind>;
}

/**
 * Who reads a channel: this workspace alone, or another one too; `absent` where the bot is not in a private one and so can't
 * know, `hidden` where its app may not ask.
 */
export type ChannelKind = 'own' | 'shared' | 'absent' | 'hidden';
