import type { ChannelId, MessageTs, UserId } from '../ids.ts';

/** One person's emoji on a message. */
export interface Reacted {
  readonly channel: ChannelId;
  readonly message: MessageTs;
  readonly by: UserId;
  readonly name: string;
}

/** Which reactions were dealt with, so that those that nobody told of can be found. */
export interface Reactions {
  /** Those that stood on a message when it was last heard of. Whoever asks keeps them for longer. */
  known(channel: ChannelId, message: MessageTs): Promise<readonly Pick<Reacted, 'by' | 'name'>[]>;
  /** Whether one of this time (epoch milliseconds) was dealt with already, though this is the first that is heard of it. */
  covers(reacted: Reacted, at: number): Promise<boolean>;
  /**
   * Notes that it is dealt with, and with it whatever comes of it that is older than `until` (epoch milliseconds). False where it was
   * known to stand.
   */
  note(reacted: Reacted, until: number): Promise<boolean>;
  /** It was taken off: the next one is a new one. */
  forget(reacted: Reacted): Promise<void>;
}

/** What Slack shows of approvals, beside what it told. */
export interface Approvals {
  /** Whether this person's approval emoji stands on the message now. Throws `Problem` when Slack can't be asked. */
  stands(channel: ChannelId, message: MessageTs, by: UserId): Promise<boolean>;
}
