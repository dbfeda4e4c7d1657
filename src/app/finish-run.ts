import type { RunnerResult } from '../../sandbox/protocol.ts';
import { type RunId, type Sha, type TaskId, toRunId } from '../task/ids.ts';
import type { Imported } from '../task/ports.ts';
import { Problem } from '../task/problem.ts';
import type { Check, Checkout, Failure, Outcome, Report, Task } from '../task/task.ts';
import { currentRun } from '../task/transition.ts';
import { type Attendance, record, Superseded } from './attendance.ts';
import type { WorkerDeps } from './deps.ts';
import { type Folded, type Phase, toProgress } from './fold.ts';
import { judge } from './judge.ts';
import { toCommitMessage, toPullRequestBody, toPullRequestTitle } from './pull-request-words.ts';
import { watchPull } from './watch-pull.ts';

/** The largest bundle that may leave a sandbox. */
const bundleCapBytes = 200 * 1024 * 1024;

/**
 * Takes the work of a stopped container out and tells what came of it. Every step finds what an earlier try left: the same
 * run makes the same commit, a branch that is already pushed stays, a pull request is found by its head.
 */
export async function finishRun(attendance: Attendance, checkout: Checkout, folded: Folded): Promise<void> {
  const { deps, run } = attendance;
  const task = await ours(attendance);
  const started = currentRun(task.run)?.startedAt ?? deps.clock.now();
  const show = (phase: Phase) =>
    record(attendance, { type: 'progressed', run, progress: toProgress(phase, folded, checkout.checks.length) });
  const verdict = judge(await deps.sandbox.state(run), folded.result, task.budget.minutes, deps.limits);

  await show('keeping');
  const work = await takeOut(deps, task, run, checkout).catch((error: unknown) => {
    // A run that failed may have left no checkout to take anything out of: why it failed is what people need to know.
    if (verdict === null || !(error instanceof Problem) || error.retry) throw error;
    deps.log.warn({ task: task.id, run, err: error }, 'Nothing was kept');
    return { imported: null, refused: null };
  });
  if (work.refused !== null) {
    await record(attendance, { type: 'run_finished', run, outcome: { type: 'refused', problem: work.refused } });
    return;
  }
  const { imported } = work;
  if (verdict === null && imported !== null && checkout.checks.length > 0) await show('checking');
  const report: Report = {
    claim: claimOf(folded.result),
    checks: verdict === null && imported !== null ? await runChecks(deps, run, checkout) : [],
    usage: task.agent === 'shell' ? null : await deps.sandbox.usage(task.id),
    durationMs: deps.clock.now() - started,
    files: imported?.files ?? [],
    sensitive: imported?.sensitive ?? [],
    blocked: await deps.sandbox.blocked(task.id),
  };
  if (imported === null && verdict === null && (await openWhatStands(deps, task, checkout, report))) {
    await record(attendance, { type: 'run_finished', run, outcome: { type: 'changed', head: checkout.start, report } });
    return;
  }
  if (imported === null) {
    const outcome: Outcome =
      verdict === null ? { type: 'unchanged', report } : { type: 'failed', problem: verdict, kept: null, report };
    await record(attendance, { type: 'run_finished', run, outcome });
    return;
  }
  // A pull request that a person merged or closed on GitHub just now takes no more commits.
  await watchPull(deps, task.id);
  const now = await ours(attendance);
  const failure = verdict ?? overtakenBy(now);
  await push(deps, task, checkout, imported.head);
  if (failure !== null) {
    await record(attendance, {
      type: 'run_finished',
      run,
      outcome: { type: 'failed', problem: failure, kept: imported.head, report },
    });
    await moveHead(deps, task, imported.head, 'kept');
    return;
  }
  await show('opening');
  await openPull(deps, now, checkout, imported.head, report);
  await record(attendance, { type: 'progressed', run, progress: toProgress('done', folded, checkout.checks.length) });
  await record(attendance, { type: 'run_finished', run, outcome: { type: 'changed', head: imported.head, report } });
}

/**
 * After a stop: whatever the agent had done goes to the branch, without a pull request being made for it. Safe to repeat, and
 * nothing when the run left no container or was kept before.
 */
export async function keepWork(deps: WorkerDeps, id: TaskId): Promise<void> {
  const task = await deps.store.find(id);
  const outcome = task?.run.type === 'idle' ? task.run.outcome : null;
  if (task === undefined || outcome?.type !== 'stopped' || outcome.kept !== null || task.checkout === null) return;
  const run = toRunId(id, task.runs);
  if ((await deps.sandbox.state(run)).type === 'absent') return;
  await deps.sandbox.stop(run, 0);
  const imported = await pushLeft(deps, task, run, task.checkout).catch((error: unknown) => {
    if (!(error instanceof Problem) || (error.retry && error.failure.code !== 'branch_moved')) throw error;
    // Stopped before there was a checkout, with one that the agent broke, or where it may not be pushed: nothing to keep.
    deps.log.warn({ task: id, run, err: error }, 'Nothing was kept');
    return null;
  });
  if (imported === null) return;
  await deps.store.apply(id, { type: 'work_kept', run, head: imported.head, at: deps.clock.now() });
  await moveHead(deps, task, imported.head, 'kept');
}

async function pushLeft(deps: WorkerDeps, task: Task, run: RunId, checkout: Checkout): Promise<Imported | null> {
  const { imported } = await takeOut(deps, task, run, checkout);
  if (imported !== null) await push(deps, task, checkout, imported.head);
  return imported;
}

/** The run's commits, checked and re-committed; or why they may not leave. */
async function takeOut(
  deps: WorkerDeps,
  task: Task,
  run: RunId,
  checkout: Checkout,
): Promise<{ imported: Imported | null; refused: Failure | null }> {
  const bundle = await deps.sandbox.export(run, checkout.start, bundleCapBytes);
  if (bundle === null) return { imported: null, refused: null };
  try {
    const imported = await deps.repositories.import({
      task: task.id,
      run,
      bundle,
      start: checkout.start,
      words: {
        message: toCommitMessage(task, run),
        at: checkout.at,
        coAuthor: { name: task.requesterName, email: `${task.requester.toLowerCase()}@users.noreply.slack.invalid` },
      },
    });
    return { imported, refused: null };
  } catch (error) {
    if (error instanceof Problem && !error.retry) return { imported: null, refused: error.failure };
    throw error;
  }
}

async function push(deps: WorkerDeps, task: Task, checkout: Checkout, head: Sha): Promise<void> {
  const { repository, branch, id } = task;
  const signal = AbortSignal.timeout(pushDeadlineMs);
  const pushed = await deps.repositories.push({ task: id, repository, branch, head, remote: checkout.remote, signal });
  if (pushed !== 'moved') return;
  throw new Problem(
    {
      code: 'branch_moved',
      sentence: `Somebody pushed to ${branch} while the agent worked, so its work was not pushed over theirs.`,
      next: 'Nothing to do: Errand runs the task again on top of it.',
    },
    { retry: true },
  );
}

const pushDeadlineMs = 120_000;

async function runChecks(deps: WorkerDeps, run: RunId, checkout: Checkout): Promise<Check[]> {
  const checks: Check[] = [];
  for (const command of checkout.checks) checks.push(await deps.sandbox.check(run, command, checkDeadlineMs));
  return checks;
}

const checkDeadlineMs = 10 * 60_000;

async function openPull(deps: WorkerDeps, task: Task, checkout: Checkout, head: Sha, report: Report): Promise<void> {
  const body = toPullRequestBody(task, report, await deps.threadUrl(task));
  const { repository, branch } = task;
  const open = task.pull.type === 'open' || task.pull.type === 'merging' ? task.pull.pull : null;
  if (open !== null) {
    await moveHead(deps, task, head, 'run');
    await deps.forge.describePull(repository, open.number, body);
    return;
  }
  const title = toPullRequestTitle(task);
  const draft = checkout.draft ?? false;
  const pull = await deps.forge.openPull({ repository, base: checkout.baseBranch, branch, title, body, draft });
  await deps.store.apply(task.id, { type: 'pull_request_opened', pull: { ...pull, head }, at: deps.clock.now() });
}

/**
 * A run that changed nothing on a branch that was pushed before without a pull request: kept work, or a run that died just
 * before opening one. What stands there is what was asked for. False where there is nothing to open one for.
 */
async function openWhatStands(deps: WorkerDeps, task: Task, checkout: Checkout, report: Report): Promise<boolean> {
  if (task.pull.type !== 'none' || checkout.remote === null || checkout.remote === checkout.base) return false;
  try {
    await openPull(deps, task, checkout, checkout.start, report);
    return true;
  } catch (error) {
    if (error instanceof Problem && !error.retry) return false;
    throw error;
  }
}

async function moveHead(deps: WorkerDeps, task: Task, head: Sha, by: 'run' | 'kept'): Promise<void> {
  await deps.store.apply(task.id, { type: 'head_moved', head, by, at: deps.clock.now() });
}

/** A pull request that ended while a run was at work takes no more commits. */
export function overtakenBy({ pull }: Task): Failure | null {
  if (pull.type !== 'merged' && pull.type !== 'closed') return null;
  return {
    code: 'pull_request_ended',
    sentence: `Pull request ${pull.pull.number} was ${pull.type} while this run was at work, so nothing was added to it.`,
    next: 'Reply in the thread to start a task that continues it.',
  };
}

async function ours({ deps, id, run }: Attendance): Promise<Task> {
  const task = await deps.store.find(id);
  if (task === undefined || currentRun(task.run)?.id !== run) throw new Superseded('the run ended elsewhere');
  return task;
}

function claimOf(result: RunnerResult | null): string {
  if (result === null) return '';
  return result.type === 'finished' ? result.claim : '';
}
