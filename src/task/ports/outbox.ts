import type { ChannelId, MessageTs } from '../ids.ts';
import type { OutboxRow } from '../said.ts';

/** What is to be delivered to Slack. */
export interface Outbox {
  /** Adds rows that belong to no task: refusals, answers to `/agent status`. */
  add(rows: readonly OutboxRow[]): Promise<void>;
  /** Lanes with undelivered rows. */
  dirty(): Promise<readonly string[]>;
  /** Whether a message to this channel may stand there already although its delivery is not on record. */
  underWay(channel: ChannelId): Promise<boolean>;
  /** A lane's rows in the order they were first added, with what was delivered of each. Null when another process holds the lane. */
  take(lane: string): Promise<Lane | null>;
  /**
   * Marks a row's first post as under way, before it is: after a crash, whoever finds the mark looks in Slack before posting again.
   * The lane is then held for as long again.
   */
  attempting(lane: Lane, row: PendingRow): Promise<void>;
  /** Records a delivery; `ts` is the message's, and binds (channel, ts) to the task for `findByThread`. */
  delivered(lane: Lane, row: PendingRow, ts: MessageTs | null): Promise<void>;
  /** Gives the lane back; it stays dirty while rows are undelivered. */
  release(lane: Lane): Promise<void>;
  /** Calls back with each lane that gets a row, until the signal aborts. Hints, not guarantees. */
  watch(added: (lane: string) => void, signal: AbortSignal): Promise<void>;
  /** The row behind a delivered message: what a reaction or a button was put on. */
  findMessage(channel: ChannelId, ts: MessageTs): Promise<{ lane: string; key: string; row: OutboxRow } | undefined>;
}

export interface Lane {
  readonly name: string;
  readonly rows: readonly PendingRow[];
  readonly token: string;
  /** Since when something of it waits to be said, epoch milliseconds. */
  readonly since: number;
}

export interface PendingRow extends OutboxRow {
  /** Grows with each new content of this key. */
  readonly revision: number;
  readonly deliveredRevision: number;
  /** When its first post was attempted, epoch milliseconds: it may stand in Slack since then although no `ts` is known. Null before. */
  readonly attemptedAt: number | null;
  readonly ts: MessageTs | null;
}
