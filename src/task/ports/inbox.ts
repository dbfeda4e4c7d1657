import type { Choices, KeptDraft } from '../draft.ts';
import type { UserId } from '../ids.ts';

/** What Slack sent, stored under its natural key before Slack gets its 200. */
export interface Inbox {
  /** `false` when this key was stored before (a retry, a double delivery). Throws `Problem` within two seconds when the store is away. */
  put(key: string, envelope: unknown): Promise<boolean>;
  /** Marks an envelope as dealt with: it is replayed no more, and its key stays known for a day. */
  settle(key: string): Promise<void>;
  /** Envelopes that were stored more than `olderThanMs` ago and never settled, `atMost` so many. Who gets one deals with it at once: another may get it later. */
  unsettled(
    olderThanMs: number,
    atMost?: number,
  ): Promise<readonly { key: string; envelope: unknown; attempts: number }[]>;
}

/** What people typed and could not send, kept for a day, and what each chose last. */
export interface Drafts {
  keep(draft: KeptDraft): Promise<void>;
  find(id: string): Promise<KeptDraft | undefined>;
  choices(by: UserId): Promise<Choices | undefined>;
  remember(by: UserId, choices: Choices): Promise<void>;
}
