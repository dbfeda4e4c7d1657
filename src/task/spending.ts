import type {
  Account,
  Amount,
  Budget,
  DayLimits,
  Grant,
  Limit,
  Metered,
  Scope,
  Share,
  Spending,
  Spent,
  Usage,
} from './money.ts';

export const nothingSpent: Spent = { inputTokens: 0, outputTokens: 0, usd: 0, usdAtMost: 0, durationMs: 0 };
export const noSpending: Spending = { run: nothingSpent, task: nothingSpent, meters: {} };

/** A run begins: what it spends is counted from nothing, what the task spends goes on. */
export function forNextRun(spending: Spending): Spending {
  return { ...spending, run: nothingSpent };
}

/**
 * Adds what a meter has counted since it was last looked at, and the run's time so far. A meter only grows; one that is not known
 * yet began at nothing, so that a lost meter renews no budget. `metered` is null for a run without a model.
 */
export function addMetered(spending: Spending, metered: Metered | null, durationMs: number): Spending {
  const before = metered === null ? undefined : spending.meters[metered.meter];
  const more = {
    ...(metered === null ? nothingSpent : since(before ?? nothingSpent, metered)),
    durationMs: Math.max(0, durationMs - spending.run.durationMs),
  };
  return {
    run: plus(spending.run, more),
    task: plus(spending.task, more),
    meters: metered === null ? spending.meters : { ...spending.meters, [metered.meter]: metered },
  };
}

function since(before: Usage & { usdAtMost: number }, now: Metered): Omit<Spent, 'durationMs'> {
  const inputTokens = Math.max(0, now.inputTokens - before.inputTokens);
  const outputTokens = Math.max(0, now.outputTokens - before.outputTokens);
  const unpriced = now.usd === null && inputTokens + outputTokens > 0;
  return {
    inputTokens,
    outputTokens,
    usd: unpriced ? null : Math.max(0, (now.usd ?? 0) - (now.usd === null ? 0 : (before.usd ?? 0))),
    usdAtMost: Math.max(0, now.usdAtMost - before.usdAtMost),
  };
}

function plus(one: Spent, more: Spent): Spent {
  return {
    inputTokens: one.inputTokens + more.inputTokens,
    outputTokens: one.outputTokens + more.outputTokens,
    usd: one.usd === null || more.usd === null ? null : one.usd + more.usd,
    usdAtMost: one.usdAtMost + more.usdAtMost,
    durationMs: one.durationMs + more.durationMs,
  };
}

export function tokensOf({ inputTokens, outputTokens }: Usage): number {
  return inputTokens + outputTokens;
}

export type Accounts = Readonly<Record<Scope, Account>>;
export type Unit = keyof Amount;

export type Decision =
  | { readonly type: 'granted'; readonly grant: Grant }
  /** There is enough left once the runs under way give back what they don't use. */
  | { readonly type: 'wait'; readonly unit: Unit; readonly by: Scope }
  | { readonly type: 'spent'; readonly unit: Unit; readonly by: Scope };

const scopes = ['task', 'person', 'everybody'] as const satisfies readonly Scope[];
const units = ['usd', 'tokens'] as const satisfies readonly Unit[];

/** With less than this a run could not do anything worth its start. */
const least: Amount = { usd: 0.01, tokens: 1_000 };

/**
 * What a run may use: all that the tightest limit leaves, so that runs at once can't each use the same rest. Where that rest is
 * there but reserved by others, the run waits for it rather than start with a part.
 */
export function decide(accounts: Accounts): Decision {
  const spent = findSpent(accounts);
  if (spent !== null) return { type: 'spent', ...spent };
  const grant = { usd: tightest(accounts, 'usd'), tokens: tightest(accounts, 'tokens') };
  for (const unit of units) {
    const wanted = grant[unit]?.amount ?? 0;
    const by = scopes.find((scope) => {
      const left = leftOf(accounts[scope], unit);
      return left !== null && left - accounts[scope].reserved[unit] < wanted;
    });
    if (by !== undefined) return { type: 'wait', unit, by };
  }
  return { type: 'granted', grant };
}

/** The limit of which nothing is left, whatever is reserved; null while there is something of each. */
export function findSpent(accounts: Accounts): { unit: Unit; by: Scope } | null {
  for (const by of scopes) {
    const unit = units.find((each) => (leftOf(accounts[by], each) ?? least[each]) < least[each]);
    if (unit !== undefined) return { unit, by };
  }
  return null;
}

function leftOf({ limit, used }: Account, unit: Unit): number | null {
  const most = limit[unit];
  return most === null ? null : most - used[unit];
}

function tightest(accounts: Accounts, unit: Unit): Share | null {
  const shares = scopes.flatMap((by) => {
    const amount = leftOf(accounts[by], unit);
    return amount === null ? [] : [{ amount, by }];
  });
  return shares.toSorted((one, other) => one.amount - other.amount)[0] ?? null;
}

/** How long a run may take: `minutes` of its own, or what is left of the task's. Nothing is left below a second. */
export function timeFor(
  { minutes, taskMinutes }: Budget,
  spent: Spent,
): { readonly ms: number; readonly by: 'run' | 'task' } {
  const own = minutes * 60_000;
  const left = taskMinutes === null ? Number.POSITIVE_INFINITY : taskMinutes * 60_000 - spent.durationMs;
  return left < own ? { ms: left < 1_000 ? 0 : Math.round(left), by: 'task' } : { ms: Math.round(own), by: 'run' };
}

/**
 * How a model without a known price counts against dollars: as the dearest there is, unless a limit of tokens stands beside every
 * limit of dollars and holds it in its place.
 */
export function unpricedAs(limits: readonly Limit[]): 'dearest' | 'tokens' {
  return limits.some(({ usd, tokens }) => usd !== null && tokens === null) ? 'dearest' : 'tokens';
}

/** Of a limit, the share from which on people are told. */
const near = 0.75;

/** What a task has used of those of its limits that it comes near to. */
export interface Nearing {
  readonly unit: Unit | 'minutes';
  readonly used: number;
  readonly limit: number;
}

export function nearing(spent: Spent, budget: Budget): readonly Nearing[] {
  const all = [
    { unit: 'usd', used: spent.usdAtMost, limit: budget.usd },
    { unit: 'tokens', used: tokensOf(spent), limit: budget.tokens },
    { unit: 'minutes', used: spent.durationMs / 60_000, limit: budget.taskMinutes },
  ] as const;
  return all.flatMap(({ unit, used, limit }) =>
    limit !== null && used >= near * limit ? [{ unit, used, limit }] : [],
  );
}

/** The calendar day at a moment, `2026-11-22`, where the operator counts days. */
export function dayOf(at: number, { timeZone }: Pick<DayLimits, 'timeZone'>): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(at);
}

/** The days up to this moment's, the latest first. */
export function lastDays(at: number, count: number, zone: Pick<DayLimits, 'timeZone'>): readonly string[] {
  // Noon of a date is on that date's day whatever the zone's clock did: days are counted on the calendar, not in hours.
  const noon = Date.parse(`${dayOf(at, zone)}T12:00:00Z`);
  return Array.from({ length: count }, (_, back) => new Date(noon - back * 86_400_000).toISOString().slice(0, 10));
}
