import { type RunId, type TaskId, taskOf, toRunId } from '../task/ids.ts';
import type { Allowance, Budget, Grant, Spent } from '../task/money.ts';
import type { Policy } from '../task/policy.ts';
import type { Standing } from '../task/ports/ledger.ts';
import type { MeterLimits } from '../task/ports/sandbox.ts';
import { Problem } from '../task/problem.ts';
import {
  type Accounts,
  addMetered,
  dayOf,
  decide,
  findSpent,
  nearing,
  timeFor,
  tokensOf,
  unpricedAs,
} from '../task/spending.ts';
import type { Failure, Report, Run, Task } from '../task/task.ts';
import { currentRun } from '../task/transition.ts';
import type { Attendance } from './attendance.ts';
import type { BotDeps, WorkerDeps } from './deps.ts';
import { toBudgetFailure, toSpentFailure, toTaskTimeFailure, toTimeFailure, toWaitReason } from './spending-words.ts';

/** How often a run under way is metered, and a run that waits for others tried again. */
const lookEveryMs = 5_000;
/** A run's sandbox is ended at its time; what comes before that, fetching the repository say, is added here. */
const lapsesAfterMs = 30 * 60_000;

/**
 * What the next run of a queued task may use, reserved for it. Null where it may not start now: because others hold what is left, and
 * then it stays queued with that reason, or because a limit is used up, and then it has failed with that sentence.
 */
export async function admitRun(deps: WorkerDeps, task: Task): Promise<Allowance | null> {
  const { ledger, policy, clock, store, queue } = deps;
  const at = clock.now();
  const time = timeFor(task.budget, task.spending.task);
  const fail = async (problem: Failure) => {
    await store.apply(task.id, { type: 'run_failed', run: null, problem, retry: false, at });
    return null;
  };
  if (time.ms === 0) return fail(toTaskTimeFailure(task));
  if (!usesModels(task)) return { grant: { usd: null, tokens: null }, time };
  let accounts = toAccounts(policy, null, nobody);
  const order = {
    run: toRunId(task.id, task.runs + 1),
    person: task.requester,
    day: dayOf(at, policy.day),
    until: at + time.ms + lapsesAfterMs,
  };
  const decision = await ledger.reserve(order, (standing) => {
    accounts = toAccounts(policy, task, standing);
    return decide(accounts);
  });
  switch (decision.type) {
    case 'granted':
      return { grant: decision.grant, time };
    case 'wait':
      await store.apply(task.id, {
        type: 'run_delayed',
        reason: toWaitReason(accounts, decision, task.requesterName),
        until: at + lookEveryMs,
        at,
      });
      await queue.wake({ type: 'run', task: task.id }, { delayMs: lookEveryMs });
      return null;
    case 'spent':
      return fail(toSpentFailure(accounts, decision, { name: task.requesterName, ...policy.day }));
    default:
      return decision satisfies never;
  }
}

/** A run that was admitted and then not started gives back what was reserved, unless another worker started it. */
export async function withdraw(deps: WorkerDeps, task: Task | undefined, run: RunId): Promise<void> {
  if (task === undefined || currentRun(task.run)?.id !== run) await deps.ledger.release(run);
}

/**
 * Gives back what is reserved for runs of a task that are not under way: whoever had them died before there was a sandbox, and then
 * they were stopped. A run that is just about to start keeps its own.
 */
export async function releaseOthers(deps: WorkerDeps, id: TaskId, reserved: readonly RunId[]): Promise<void> {
  const task = await deps.store.find(id);
  const next = task?.run.type === 'queued' ? toRunId(id, task.runs + 1) : undefined;
  for (const run of reserved) {
    if (taskOf(run) === id && run !== next) await withdraw(deps, task, run);
  }
}

/** Why nothing more may be spent on behalf of somebody, with or without a task of theirs; null while something is left. */
export async function spendingRefusal(
  deps: Pick<BotDeps, 'ledger' | 'policy' | 'clock'>,
  who: { person: Task['requester']; name: string; agent: string },
  task: Task | null = null,
): Promise<Failure | null> {
  if (task !== null && timeFor(task.budget, task.spending.task).ms === 0) return toTaskTimeFailure(task);
  if (!usesModels(who)) return null;
  const { day } = deps.policy;
  const accounts = toAccounts(deps.policy, task, await deps.ledger.standing(dayOf(deps.clock.now(), day), who.person));
  const spent = findSpent(accounts);
  return spent === null ? null : toSpentFailure(accounts, spent, { name: who.name, ...day });
}

/** The same for a task that exists: its own limits, and those of the person who asked for it. */
export function followUpRefusal(
  deps: Pick<BotDeps, 'ledger' | 'policy' | 'clock'>,
  task: Task,
): Promise<Failure | null> {
  return spendingRefusal(deps, { person: task.requester, name: task.requesterName, agent: task.agent }, task);
}

/**
 * Throws a `Problem` where a run was admitted for a script, and then got an agent that uses models: nothing was reserved for those,
 * whatever limits there are. The task knows its agent by then, so that it is admitted anew as what it is.
 */
export function checkAdmitted({ deps }: Attendance, task: Task, { allowance }: Run): void {
  if (allowance === null || !usesModels(task)) return;
  const { person, everybody } = deps.policy.day;
  const limited = (unit: 'usd' | 'tokens') => [task.budget, person, everybody].some((limit) => limit[unit] !== null);
  if ((['usd', 'tokens'] as const).every((unit) => allowance.grant[unit] !== null || !limited(unit))) return;
  throw new Problem(
    {
      code: 'nothing_reserved',
      sentence: `${task.agent} does this, as \`.errand.yml\` says, and nothing was set aside yet for what it spends.`,
      next: 'Nothing to do: Errand tries again by itself.',
    },
    { retry: true },
  );
}

/**
 * What the task's gateway is told when a run starts: its meter goes on from where earlier runs left it. A run without a grant has
 * what its task has left.
 */
export async function toMeterLimits({ deps }: Attendance, task: Task, run: Run): Promise<MeterLimits> {
  const metered = usesModels(task) ? await deps.sandbox.usage(task.id) : null;
  const { usd, tokens } = run.allowance?.grant ?? leftOfTask(task);
  const { person, everybody } = deps.policy.day;
  return {
    budgetUsd: sum(metered?.usdAtMost ?? 0, usd?.amount),
    budgetTokens: sum(metered === null ? 0 : tokensOf(metered), tokens?.amount),
    unpriced: unpricedAs([task.budget, person, everybody]),
  };
}

/** The wall time after which the sandbox of a run is ended. */
export function toRunMs(task: Task, run: Run): number {
  return run.allowance?.time.ms ?? Math.round(task.budget.minutes * 60_000);
}

/**
 * Meters a run while it is under way, until disposed of: the day's account has what was spent before the run ends, and a task that
 * comes near its limits says so. What fails is tried again with the next look.
 */
export function followSpending(attendance: Attendance, run: Run): Disposable {
  const { deps, id } = attendance;
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    meter(deps, id, run, { onlyNews: true, epoch: attendance.epoch })
      .catch((error: unknown) => deps.log.warn({ task: id, run: run.id, err: error }, 'A run could not be metered'))
      .finally(() => {
        looking = false;
      });
  }, lookEveryMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** What a run spent, for its report, once its agent has stopped; and a failure in the words of the limit that caused it. */
export async function measureRun(attendance: Attendance, run: Run) {
  const { deps, id, epoch } = attendance;
  const task = await meter(deps, id, run, { epoch });
  // Its agent has stopped, so it spends no more: others need not wait for what follows.
  await deps.ledger.release(run.id);
  const spending: Pick<Report, 'usage' | 'total'> = {
    usage: task === undefined || !usesModels(task) ? null : toUsage(task.spending.run),
    total: task === undefined ? null : { spent: task.spending.task, budget: task.budget },
  };
  const explain = (failure: Failure | null): Failure | null => {
    if (failure === null || task === undefined) return failure;
    if (failure.code === 'budget') return toBudgetFailure(task, run, deps.policy.day) ?? failure;
    return failure.code === 'timed_out' ? toTimeFailure(task, run) : failure;
  };
  return { ...spending, explain };
}

/** Counts what a run that has ended spent to the last, and gives back what it left. Safe to repeat; `run` is null where only its id is known. */
export async function settleRun(deps: WorkerDeps, id: TaskId, run: Run | RunId): Promise<void> {
  await meter(deps, id, run, {});
  await deps.ledger.release(typeof run === 'string' ? run : run.id);
}

async function meter(
  deps: WorkerDeps,
  id: TaskId,
  run: Run | RunId,
  { onlyNews = false, epoch }: { onlyNews?: boolean; epoch?: number },
): Promise<Task | undefined> {
  const { store, sandbox, ledger, clock, policy } = deps;
  const before = await store.find(id);
  const runId = typeof run === 'string' ? run : run.id;
  if (before === undefined || toRunId(id, before.runs) !== runId) return before;
  const metered = usesModels(before) ? await sandbox.usage(id) : null;
  const at = clock.now();
  const { spending } = before;
  const durationMs =
    typeof run === 'string' ? spending.run.durationMs : Math.min(at - run.startedAt, toRunMs(before, run));
  const next = addMetered(spending, metered, durationMs);
  if (onlyNews && !hasNews(next.task, spending.task, before.budget)) return before;
  const { task } = await store.apply(
    id,
    { type: 'metered', run: runId, metered, durationMs, at },
    epoch === undefined ? {} : { epoch },
  );
  if (task === undefined || toRunId(id, task.runs) !== runId || metered === null) return task;
  const spender = { person: task.requester, repository: task.parts[0].repository, agent: task.agent };
  await ledger.book({ run: runId, day: dayOf(at, policy.day), spender, spent: task.spending.run });
  return task;
}

function hasNews(now: Spent, before: Spent, budget: Budget): boolean {
  return tokensOf(now) !== tokensOf(before) || nearing(now, budget).length !== nearing(before, budget).length;
}

/** A script needs no model, and so costs nothing that is counted. */
function usesModels({ agent }: Pick<Task, 'agent'>): boolean {
  return agent !== 'shell';
}

const nothing = { usd: 0, tokens: 0 };
const nobody: Standing = {
  person: { used: nothing, reserved: nothing },
  everybody: { used: nothing, reserved: nothing },
};

function toAccounts({ day }: Policy, task: Task | null, standing: Standing): Accounts {
  const spent = task?.spending.task;
  return {
    task: {
      limit: task?.budget ?? { usd: null, tokens: null },
      used: spent === undefined ? nothing : { usd: spent.usdAtMost, tokens: tokensOf(spent) },
      reserved: nothing,
    },
    person: { limit: day.person, ...standing.person },
    everybody: { limit: day.everybody, ...standing.everybody },
  };
}

function leftOfTask({ budget, spending: { task } }: Task): Grant {
  const left = (limit: number | null, used: number) =>
    limit === null ? null : ({ amount: Math.max(0, limit - used), by: 'task' } as const);
  return { usd: left(budget.usd, task.usdAtMost), tokens: left(budget.tokens, tokensOf(task)) };
}

function toUsage({ inputTokens, outputTokens, usd }: Spent): Report['usage'] {
  return { inputTokens, outputTokens, usd };
}

function sum(before: number, more: number | undefined): number | null {
  return more === undefined ? null : before + more;
}
