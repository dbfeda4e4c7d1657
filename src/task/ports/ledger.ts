import type { RepositoryName, RunId, UserId } from '../ids.ts';
import type { Amount, Usage } from '../money.ts';
import type { Decision } from '../spending.ts';

/** Who spends, and on what. */
export interface Spender {
  readonly person: UserId;
  readonly repository: RepositoryName;
  readonly agent: string;
}

/** What was spent on a calendar day, by one person, repository and agent. */
export interface DaySpent extends Spender {
  readonly day: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Of models whose price is known. */
  readonly usd: number;
  /** Tokens of runs that used a model without a known price. */
  readonly unpricedTokens: number;
  readonly usdAtMost: number;
}

/** What people spent by day, kept for ninety days, and what the runs under way may still spend. */
export interface Ledger {
  /** The accounts of a person and of everybody on a day, without the limits. */
  standing(day: string, person: UserId): Promise<Standing>;
  /**
   * Reserves what `decide` grants, on the accounts as they stand, in one step with looking at them: runs that ask at once, of any
   * worker, never get the same rest twice. A run that asks again gets what it was granted. What a run doesn't give back lapses at `until`.
   */
  reserve(
    order: { run: RunId; person: UserId; day: string; until: number },
    decide: (standing: Standing) => Decision,
  ): Promise<Decision>;
  /** Counts all that a run has spent so far to a day, each part once, and takes it off what is reserved for it. */
  book(order: {
    run: RunId;
    day: string;
    spender: Spender;
    spent: Usage & { readonly usdAtMost: number };
  }): Promise<void>;
  /** Gives back what a run has left of its reservation. */
  release(run: RunId): Promise<void>;
  /** The runs that something is reserved for. */
  reserved(): Promise<readonly RunId[]>;
  /** What was spent on these days. */
  days(days: readonly string[]): Promise<readonly DaySpent[]>;
}

export interface Standing {
  readonly person: { readonly used: Amount; readonly reserved: Amount };
  readonly everybody: { readonly used: Amount; readonly reserved: Amount };
}
