import type { HealthNote, HeardNote } from '../health.ts';

/** What the processes of one Errand say of themselves, for whoever asks how it is. */
export interface HealthNotes {
  /** Takes the place of what this process said before. */
  leave(note: HealthNote): Promise<void>;
  /** For a process that ends as it should: nobody is to miss it. */
  withdraw(id: string): Promise<void>;
  /** Those of the last day, and what time the store has: the clocks of several machines may differ. */
  all(): Promise<{ readonly now: number; readonly notes: readonly HeardNote[] }>;
}

/** How much there is of what must not grow. */
export interface StoreFigures {
  /** Tasks and answers with messages that Slack does not have yet. */
  readonly undelivered: number;
  /** What Slack sent and nobody has dealt with. */
  readonly unsettled: number;
  readonly usedBytes: number;
  /** Null where the store may take all that the machine has. */
  readonly limitBytes: number | null;
  /** Of its limit, by the part of the store that is fullest; 0 without a limit. */
  readonly usedShare: number;
}
