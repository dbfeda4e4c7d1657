import type { Host, HostProcess } from '../hosts.ts';
import type { EngineId } from '../ids.ts';

/** The machines that work, each by its Docker engine, and one lease an engine: of two workers on the same one, one serves. */
export interface Hosts {
  /**
   * Says that `holder` serves this engine, and how it stands. Whoever has it already keeps it; one that nobody has, or that its holder left,
   * is taken. With `over`, one is taken whose holder has said nothing since the beat of that number. Of all that serve, one leads.
   */
  beat(claim: Claim): Promise<Beat>;
  /** The holder goes, and may be back soon: what runs on the engine goes on meanwhile. */
  leave(engine: EngineId, holder: string): Promise<void>;
  find(engine: EngineId): Promise<Host | undefined>;
  /** All of them but those that have been silent for a week. */
  list(): Promise<readonly Host[]>;
}

export interface Claim {
  readonly engine: EngineId;
  /** Who claims: one supervisor's worker, however often that is started again. */
  readonly holder: string;
  /** Whose data folder it works in. */
  readonly instance: string;
  readonly name: string;
  readonly process?: HostProcess | undefined;
  readonly slots: number;
  readonly running: number;
  readonly ready: boolean;
  readonly over: number | null;
}

export type Beat = { readonly type: 'held'; readonly leads: boolean } | { readonly type: 'taken'; readonly by: Host };
