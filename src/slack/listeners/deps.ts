import type { ModalView } from '@slack/types';
import type { ChannelId, MessageTs } from '../../task/ids.ts';
import type { Outbox } from '../../task/ports/outbox.ts';
import type { Reactions } from '../../task/ports/reactions.ts';
import type { Turns } from '../../task/ports/turns.ts';
import type { UseCases } from '../../task/use-cases.ts';
import type { Wording } from '../blocks/parts.ts';
import type { Log } from '../log.ts';
import type { Self } from '../natural-key.ts';
import type { WhileReading } from '../reading-status.ts';

export interface ListenerDeps {
  readonly useCases: UseCases;
  readonly outbox: Outbox;
  readonly wording: Wording;
  readonly self: Self;
  readonly log: Log;
  /** Opens a form; rejects with the library's errors. */
  readonly openView: (trigger: string, view: ModalView) => Promise<void>;
  /** Changes an open form, unless it was changed or closed meanwhile; rejects with the library's errors. */
  readonly updateView: (open: { readonly id: string; readonly hash: string }, view: ModalView) => Promise<void>;
  readonly fetch?: typeof fetch;
  /** The thread that a message stands in, to answer beside it; null when it stands in none or can't be found. */
  readonly threadOf: (channel: ChannelId, ts: MessageTs) => Promise<MessageTs | null>;
  readonly whileReading: WhileReading;
  readonly reactions: Reactions;
  readonly turns: Turns;
}
