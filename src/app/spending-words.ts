import { dollars, duration, tokenCount } from '../task/amounts.ts';
import type { DayLimits, Scope } from '../task/money.ts';
import type { Accounts, Nearing, Unit } from '../task/spending.ts';
import { tokensOf } from '../task/spending.ts';
import type { Failure, Run, Task } from '../task/task.ts';

/** Why nothing more may be spent: which limit, whose, what of it is used, when it starts anew, and who can change it. */
export function toSpentFailure(
  accounts: Accounts,
  { unit, by }: { unit: Unit; by: Scope },
  who: { name: string; timeZone: string },
): Failure {
  const { used, limit } = accounts[by];
  return {
    code: 'budget_spent',
    sentence: `${subject(by, who.name)} ${verb(by)} ${amount(unit, used[unit])} of ${limitWords(by, unit, limit[unit] ?? 0)}.`,
    next: whatNext(by, unit, who.timeZone),
  };
}

/** Why a queued run does not start yet. */
export function toWaitReason(accounts: Accounts, { unit, by }: { unit: Unit; by: Scope }, name: string): string {
  const limit = accounts[by].limit[unit] ?? 0;
  const whose = by === 'person' ? `${name}'s tasks` : 'all tasks together';
  return `Waits until other runs give back what they hold of the ${amount(unit, limit)} for ${whose} in a day`;
}

/** Why a run was ended at its budget: by what it was granted when it started, and what was metered. Null where that is not so. */
export function toBudgetFailure(task: Task, run: Run, day: DayLimits): Failure | null {
  const { grant } = run.allowance ?? {};
  const spent = { usd: task.spending.run.usdAtMost, tokens: tokensOf(task.spending.run) };
  const reached = (['usd', 'tokens'] as const)
    .flatMap((unit) => {
      const share = grant?.[unit] ?? null;
      return share === null ? [] : [{ unit, share, part: spent[unit] / share.amount }];
    })
    .toSorted((one, other) => other.part - one.part)[0];
  // The word of it came out of the sandbox; what the gateway counted has to bear it out.
  if (reached === undefined || reached.part < backedBy) return null;
  const { unit, share } = reached;
  const limit = unit === 'usd' ? task.budget.usd : task.budget.tokens;
  const all = { usd: task.spending.task.usdAtMost, tokens: tokensOf(task.spending.task) };
  const sentence =
    share.by === 'task'
      ? `This task reached its budget: it has ${verbs[unit]} ${amount(unit, all[unit])} of ${limitWords('task', unit, limit ?? 0)}.`
      : `This run reached its budget: it used the ${amount(unit, share.amount)} that was left of ${limitWords(share.by, unit, day[share.by][unit] ?? 0)}.`;
  return { code: 'budget', sentence, next: whatNext(share.by, unit, day.timeZone) };
}

const backedBy = 0.5;

/** Why a run was ended by the clock. */
export function toTimeFailure(task: Task, run: Run): Failure {
  const { time } = run.allowance ?? { time: { ms: task.budget.minutes * 60_000, by: 'run' } };
  return time.by === 'run'
    ? {
        code: 'timed_out',
        sentence: `The run took longer than its ${duration(time.ms)} and was ended.`,
        next: 'Reply with a smaller step, or press Retry. Whoever runs Errand can raise limits.runMinutes.',
      }
    : { ...toTaskTimeFailure(task), code: 'timed_out' };
}

/** Why a task's runs get no more time. */
export function toTaskTimeFailure({ budget }: Task): Failure {
  return {
    code: 'time_spent',
    sentence: `The runs of this task have taken the ${duration((budget.taskMinutes ?? 0) * 60_000)} that they may take together.`,
    next: 'Send what is left as a new request. Whoever runs Errand can raise limits.taskMinutes.',
  };
}

/** One line for the thread of a task that comes near a limit. */
export function toNearingLine(nearing: readonly Nearing[]): string {
  const facts = nearing.map(({ unit, used, limit }) => {
    if (unit === 'minutes') return `its runs have taken ${duration(used * 60_000)} of ${duration(limit * 60_000)}`;
    return `it has ${verbs[unit]} ${amount(unit, used)} of ${limitWords('task', unit, limit)}`;
  });
  return `This task comes near its limit: ${facts.join(', and ')}.`;
}

const verbs: Readonly<Record<Unit, string>> = { usd: 'spent', tokens: 'used' };

function subject(by: Scope, name: string): string {
  return by === 'task' ? 'This task' : by === 'person' ? `${name}'s tasks` : 'All tasks together';
}

function verb(by: Scope): string {
  return by === 'task' ? 'has used' : 'have used';
}

function limitWords(by: Scope, unit: Unit, limit: number): string {
  const what = unit === 'usd' ? ' on models' : '';
  const may = unit === 'usd' ? 'spend' : 'use';
  const who = by === 'task' ? 'it' : by === 'person' ? "one person's tasks" : 'all tasks together';
  return `the ${amount(unit, limit)} that ${who} may ${may}${what}${by === 'task' ? '' : ' in a day'}`;
}

function whatNext(by: Scope, unit: Unit, timeZone: string): string {
  const setting = {
    task: { usd: 'limits.budgetUsd', tokens: 'limits.budgetTokens' },
    person: { usd: 'limits.personDayUsd', tokens: 'limits.personDayTokens' },
    everybody: { usd: 'limits.dayUsd', tokens: 'limits.dayTokens' },
  }[by][unit];
  const first =
    by === 'task'
      ? `Send what is left as a new request${unit === 'usd' ? ', with a larger budget: where that is allowed' : ''}.`
      : `That starts anew at midnight (${timeZone}).`;
  return `${first} Whoever runs Errand can raise ${setting}.`;
}

function amount(unit: Unit, value: number): string {
  if (unit === 'usd') return dollars(value);
  return `${tokenCount(value)} tokens`;
}
