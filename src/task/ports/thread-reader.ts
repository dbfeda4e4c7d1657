import type { OfferedFile } from '../files.ts';
import type { ChannelId, MessageTs, UserId } from '../ids.ts';

/** What stands in a thread, oldest first, for a task that a mention starts. */
export interface ThreadReader {
  thread(channel: ChannelId, thread: MessageTs): Promise<readonly ThreadMessage[]>;
  /** One message; null when it is gone, or is out of reach. */
  message(channel: ChannelId, ts: MessageTs): Promise<ThreadMessage | null>;
}

export interface ThreadMessage {
  /** Null for an app that has no id of a person; `name` is then all that is known. */
  readonly author: UserId | null;
  readonly name: string;
  readonly ts: MessageTs;
  /** The root of its thread; itself where it stands alone. */
  readonly thread: MessageTs;
  readonly text: string;
  readonly bot: boolean;
  /** What was attached to it. */
  readonly files?: readonly OfferedFile[];
}
