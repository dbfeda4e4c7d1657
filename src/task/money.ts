export interface Budget {
  /** US dollars a task may spend on models; null is no limit. */
  readonly usd: number | null;
  /** Tokens, read and written together; null is no limit. */
  readonly tokens: number | null;
  /** Minutes of wall time a run may take. */
  readonly minutes: number;
  /** Minutes of wall time that all its runs may take together; null is no limit. */
  readonly taskMinutes: number | null;
}

/** What a run was allowed when it started: models within its grant, and so much time, by its own limit or the task's. */
export interface Allowance {
  readonly grant: Grant;
  readonly time: { readonly ms: number; readonly by: 'run' | 'task' };
}

/** Tokens and cost as the gateway metered them; `usd` is null for a model without a known price. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly usd: number | null;
}

/** What one of the gateways' meters shows: all that a task has used there so far. */
export interface Metered extends Usage {
  /** Which meter: one that was lost is followed by another, which begins at nothing. */
  readonly meter: string;
  /** What limits of dollars are held against: `usd`, and models without a known price as the operator's limits count them. */
  readonly usdAtMost: number;
}

export interface Spent extends Usage {
  readonly usdAtMost: number;
  /** Wall time of runs. */
  readonly durationMs: number;
}

export interface Spending {
  /** Of the latest run. */
  readonly run: Spent;
  /** Of all runs together. */
  readonly task: Spent;
  /** What each meter showed when it was last looked at. */
  readonly meters: Readonly<Record<string, Metered>>;
}

/** Whose limit it is. */
export type Scope = 'task' | 'person' | 'everybody';

/** So much, because somebody's limit leaves no more. */
export interface Share {
  readonly amount: number;
  readonly by: Scope;
}

/** What one run may use; null where nothing limits it. */
export interface Grant {
  readonly usd: Share | null;
  readonly tokens: Share | null;
}

/** What is used of a limit for good, and what runs under way may still use of it. */
export interface Account {
  readonly limit: Limit;
  readonly used: Amount;
  readonly reserved: Amount;
}

export interface Amount {
  readonly usd: number;
  readonly tokens: number;
}

/** What may be used of models; null is no limit. */
export interface Limit {
  readonly usd: number | null;
  /** Read and written together. */
  readonly tokens: number | null;
}

/** What the operator lets be spent in one calendar day, beside what each task may spend. */
export interface DayLimits {
  /** By the tasks of one person. */
  readonly person: Limit;
  readonly everybody: Limit;
  /** Whose midnight begins a day; an IANA name. */
  readonly timeZone: string;
}
