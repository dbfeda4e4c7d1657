import type { RepositoryName, Sha } from '../task/ids.ts';
import { isUnderReview, type PreparedPart, preparedParts } from '../task/parts.ts';
import { givenUp, Problem } from '../task/problem.ts';
import type { Failure, Outcome, Task } from '../task/task.ts';
import { currentRun } from '../task/transition.ts';
import { type Attendance, record, Superseded } from './attendance.ts';
import { type Folded, frameOf, type Phase, toProgress } from './fold.ts';
import { judge } from './judge.ts';
import { measure } from './measure.ts';
import { openPulls } from './open-pulls.ts';
import { overtakenIn } from './overtaken.ts';
import { moveHead, pushWork } from './push-work.ts';
import { toSecretFailure } from './secret-words.ts';
import { measureRun } from './spending.ts';
import { takeOut, type Work } from './take-out.ts';
import { together } from './together.ts';
import { watchPull } from './watch-pull.ts';

/**
 * Takes the work of a stopped container out and tells what came of it. Every step finds what an earlier try left: the same run
 * makes the same commit, a branch that is already pushed stays, a pull request is found by its head. What one repository refuses
 * keeps nothing from the others; where it may yet take it, this throws once they have theirs, unless it is the `last` try.
 */
export async function finishRun(attendance: Attendance, folded: Folded, last: boolean): Promise<void> {
  const { deps, run } = attendance;
  const task = await ours(attendance);
  const parts = preparedParts(task) ?? [];
  const checks = parts.reduce((sum, { checkout }) => sum + checkout.checks.length, 0);
  const show = (phase: Phase) =>
    record(attendance, { type: 'progressed', run, progress: toProgress(phase, folded, frameOf(task)) });
  const finish = (outcome: Outcome) => record(attendance, { type: 'run_finished', run, outcome });
  const current = currentRun(task.run);
  if (current === undefined) return;
  const spending = await measureRun(attendance, current);
  const verdict = spending.explain(judge(await deps.sandbox.state(run), folded.result, task.budget.minutes, deps));

  await show('keeping');
  const works = await takeAllOut(attendance, task, parts, verdict);
  const made = works.flatMap(({ part, imported }) =>
    imported === null || imported.secrets.count > 0 ? [] : [{ part, head: imported.head }],
  );
  const withSecrets = works.flatMap(({ part, imported }) =>
    imported === null || imported.secrets.count === 0 ? [] : [{ part, head: imported.head, secrets: imported.secrets }],
  );
  // Of a run that failed nothing is up for review, and so for nobody to decide about.
  const held = verdict === null ? withSecrets : [];
  const refused = works.flatMap((work) => {
    const secret = work.imported === null || verdict === null ? null : toSecretFailure(work.imported.secrets);
    const problem = work.refused ?? secret;
    return problem === null ? [] : [{ repository: work.part.repository, problem, kept: null }];
  });
  const standing =
    verdict === null ? works.filter(stands).map(({ part }) => ({ part, head: part.checkout.start })) : [];
  if (refused.length > 0 && made.length + standing.length + held.length === 0) {
    const problem = together(task, refused);
    await finish(
      verdict === null
        ? { type: 'refused', problem }
        : { type: 'failed', problem: beside(verdict, problem), kept: [], report: null },
    );
    return;
  }
  const checked = verdict === null;
  if (checked && made.length + held.length > 0 && checks > 0) await show('checking');
  const { startedAt } = current;
  const measured = await measure(attendance, task, {
    ...{ works, heads: [...made, ...held, ...standing] },
    ...{ result: folded.result, startedAt, checked, spending },
  });
  const report = measured.whole;
  for (const { part, head, secrets } of held) {
    const { repository, checkout } = part;
    const common = { run: current.number, head, remote: checkout.remote, engine: current.engine };
    const hold = { ...common, secrets, report: measured.of(repository) };
    await record(attendance, { type: 'work_held', run, repository, hold });
  }
  if (held.length > 0 && made.length + standing.length === 0) {
    await show('opening');
    await finish({ type: 'held', missing: refused });
    return;
  }
  if (made.length + standing.length === 0) {
    await finish(
      verdict === null ? { type: 'unchanged', report } : { type: 'failed', problem: verdict, kept: [], report },
    );
    return;
  }

  const { pushed, obstacles, now } = await pushAll(attendance, made);
  const toHead = ({ part, head }: Made) => ({ repository: part.repository, head });
  if (verdict !== null) {
    if (pushed.length === 0) throwFirst(obstacles);
    await finish({ type: 'failed', problem: verdict, kept: pushed.map(toHead), report });
    for (const each of pushed) await moveHead(deps, task, toHead(each), 'kept');
    return;
  }
  const late = pushed.flatMap((each) => {
    const problem = overtakenIn(now, each.part.repository);
    return problem === null ? [] : [{ repository: each.part.repository, problem, kept: each.head }];
  });
  const open = pushed.filter(({ part }) => !late.some(({ repository }) => repository === part.repository));
  if (open.length > 0) await show('opening');
  for (const each of open) await moveHead(deps, now, toHead(each), 'run');
  const changes = [...standing, ...open]
    .toSorted((one, other) => one.part.index - other.part.index)
    .map((each) => ({ ...toHead(each), report: measured.of(each.part.repository) }));
  const opened = await openPulls(deps, await ours(attendance), changes);
  const unopened = opened.flatMap(({ change, problem }) => {
    // For what stood there before this run nobody asked again.
    const asked = open.some(({ part }) => part.repository === change.repository);
    return problem === null || !(asked || problem.retry)
      ? []
      : [{ repository: change.repository, problem, kept: change.head }];
  });
  const stuck = [...obstacles, ...unopened];
  const waiting = stuck.find(({ problem }) => problem.retry && (!last || problem.failure.code === 'branch_moved'));
  if (waiting !== undefined) throw waiting.problem;

  const done = opened.flatMap(({ change, problem }) => (problem === null ? [change] : []));
  const lasting = stuck.map((each) => ({ ...each, problem: toFailure(each.problem) }));
  const missing = [...refused, ...late, ...lasting];
  if (done.length > 0) {
    if (open.length > 0) await show('done');
    await finish({ type: 'changed', changes: done, missing });
    return;
  }
  if (refused.length + late.length === 0) throwFirst(stuck);
  if (held.length > 0) {
    await finish({ type: 'held', missing });
    return;
  }
  const kept = missing.flatMap(({ repository, kept: head }) => (head === null ? [] : [{ repository, head }]));
  await finish(
    missing.length === 0
      ? { type: 'unchanged', report }
      : { type: 'failed', problem: together(task, missing), kept, report },
  );
}

/** Why a run failed, and why nothing of it was kept. */
function beside(verdict: Failure, refusal: Failure): Failure {
  return { ...verdict, sentence: `${verdict.sentence} ${refusal.sentence}` };
}

/** A new head of one of the task's branches. */
interface Made {
  readonly part: PreparedPart;
  readonly head: Sha;
}

/** A head that did not get where it should. */
interface Obstacle {
  readonly repository: RepositoryName;
  readonly problem: Problem;
  readonly kept: Sha | null;
}

async function takeAllOut(
  { deps, run }: Attendance,
  task: Task,
  parts: readonly PreparedPart[],
  verdict: Failure | null,
): Promise<readonly Work[]> {
  const works: Work[] = [];
  for (const part of parts) {
    const taking = takeOut(deps, task, run, part).catch((error: unknown) => {
      // A run that failed may have left no checkout to take anything out of: why it failed is what people need to know.
      if (verdict === null || !(error instanceof Problem) || error.retry) throw error;
      deps.log.warn({ task: task.id, run, repository: part.repository, err: error }, 'Nothing was kept');
      return { part, imported: null, refused: null };
    });
    works.push(await taking);
  }
  return works;
}

/**
 * Nothing new, on a branch that holds what has no gate yet: kept work, or a run that died before it could tell. What stands there
 * is what was asked for.
 */
function stands({ part, imported, refused }: Work): boolean {
  if (imported !== null || refused !== null) return false;
  const { pull, results, checkout } = part;
  if (pull.type === 'none') return checkout.remote !== null && checkout.remote !== checkout.base;
  if (!isUnderReview(pull) || pull.pull.head !== checkout.start) return false;
  return !results.some(({ head }) => head === checkout.start);
}

/** Pushes each; one that fails keeps none of the others from it. `now` is the task as its pull requests stand. */
async function pushAll(
  attendance: Attendance,
  made: readonly Made[],
): Promise<{ pushed: readonly Made[]; obstacles: readonly Obstacle[]; now: Task }> {
  const { deps, id } = attendance;
  // A pull request that a person merged or closed on GitHub just now takes no more commits.
  const seen = await withEach(made, ({ part }) => watchPull(deps, id, part.repository));
  const now = await ours(attendance);
  const pushed = await withEach(seen.through, ({ part, head }) =>
    pushWork(deps, now, { ...part, remote: part.checkout.remote }, head),
  );
  return { pushed: pushed.through, obstacles: [...seen.obstacles, ...pushed.obstacles], now };
}

async function withEach(
  made: readonly Made[],
  act: (each: Made) => Promise<void>,
): Promise<{ through: readonly Made[]; obstacles: readonly Obstacle[] }> {
  const through: Made[] = [];
  const obstacles: Obstacle[] = [];
  for (const each of made) {
    try {
      await act(each);
      through.push(each);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      obstacles.push({ repository: each.part.repository, problem: error, kept: null });
    }
  }
  return { through, obstacles };
}

function toFailure({ failure, retry }: Problem): Failure {
  return retry ? givenUp(failure) : failure;
}

function throwFirst([first]: readonly Obstacle[]): void {
  if (first !== undefined) throw first.problem;
}

async function ours({ deps, id, run }: Attendance): Promise<Task> {
  const task = await deps.store.find(id);
  if (task === undefined || currentRun(task.run)?.id !== run) throw new Superseded('the run ended elsewhere');
  return task;
}
