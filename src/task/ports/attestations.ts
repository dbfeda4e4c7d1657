import type { UserId } from '../ids.ts';
import type { Member } from './directory.ts';

/** What the bot, who can ask Slack, last saw of somebody; for the worker, who can't. */
export interface Attestation {
  readonly person: UserId;
  readonly type: Member['type'];
  /** The groups on this Errand's lists that they are in. */
  readonly groups: readonly string[];
}

/** Each holds for a quarter of an hour: of somebody whom no bot has seen since, nothing is known. */
export interface Attestations {
  attest(seen: Attestation): Promise<void>;
  find(person: UserId): Promise<Attestation | undefined>;
}
