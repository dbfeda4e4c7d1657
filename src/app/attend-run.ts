import { setTimeout as delay } from 'node:timers/promises';
import type { Control } from '../../sandbox/protocol.ts';
import { agentFolder, type PreparedPart, preparedParts } from '../task/parts.ts';
import { unlisted } from '../task/policy.ts';
import { Problem } from '../task/problem.ts';
import { reachOf } from '../task/reach.ts';
import type { Run, Task } from '../task/task.ts';
import { currentRun } from '../task/transition.ts';
import { handFiles, withFiles } from './attachments.ts';
import { type Attendance, record, Superseded } from './attendance.ts';
import { followBlocked, noteBlocked } from './blocked.ts';
import { chooseAnew } from './choose-anew.ts';
import { closeHosts } from './close-hosts.ts';
import type { WorkerDeps } from './deps.ts';
import { finishRun } from './finish-run.ts';
import { type Folded, type Frame, frameOf, nothingFolded, toProgress } from './fold.ts';
import { followPulse } from './follow-pulse.ts';
import { followRecords } from './follow-records.ts';
import { keepWork } from './keep-work.ts';
import { prepareParts } from './prepare-parts.ts';
import { toPrompt } from './prompt.ts';
import { setUp } from './set-up.ts';
import { checkAdmitted, followSpending, settleRun, toMeterLimits, toRunMs } from './spending.ts';

/**
 * Sees a claimed run through to its outcome: prepares or adopts the sandbox, follows its records, takes the work out.
 * Each step can be repeated, so that a worker which comes after a crash goes on where the last one stopped. Aborting the
 * signal lets go of the run and leaves its container alone: the next worker adopts it.
 */
export async function attendRun(deps: WorkerDeps, task: Task, signal: AbortSignal): Promise<void> {
  const run = currentRun(task.run);
  if (run === undefined) return;
  const attendance: Attendance = { deps, id: task.id, run: run.id, epoch: task.epoch, signal };
  try {
    await work(attendance, task, run);
  } catch (error) {
    if (signal.aborted) return;
    // What is away says nothing of the run: the container goes on, and the next sweep takes it up again.
    if (isAway(error) && !(isEngineAway(error) && isOverdue(deps, task, run))) {
      if (isEngineAway(error)) await tellWait(attendance, error);
      throw error;
    }
    await end(attendance, error);
  }
  await settleRun(deps, task.id, run);
  await deps.sandbox.remove(task.id, { workspace: false });
}

async function work(attendance: Attendance, task: Task, run: Run): Promise<void> {
  const { deps } = attendance;
  const gone = unlisted(
    deps.policy,
    task.parts.map(({ repository }) => repository),
  );
  if (gone !== null) throw new Problem(gone);
  const prepared = preparedParts(task) === null ? await prepare(attendance, task) : task;
  const parts = preparedParts(prepared) ?? [];
  let begun = prepared;
  if ((await deps.store.cursor(run.id)) === null) begun = await begin(attendance, prepared, run, parts);
  else if ((await deps.sandbox.state(run.id)).type === 'absent') throw lost();
  const frame = frameOf(begun);
  const folded = await follow(attendance, run, frame);
  await noteBlocked(attendance);
  await persist(attendance, folded, frame, (last) => finishRun(attendance, folded, last));
}

async function follow(attendance: Attendance, run: Run, frame: Frame): Promise<Folded> {
  using _spending = followSpending(attendance, run);
  using _blocked = followBlocked(attendance);
  using _pulse = followPulse(attendance, run);
  return await followRecords(attendance, frame);
}

const triesToFinish = 8;
const firstPauseMs = 2_000;
const longestPauseMs = 60_000;

/**
 * The agent has done its part: what GitHub or the network refuses for now is tried again, with the reason shown, rather than
 * having the agent do its work twice.
 */
async function persist(
  attendance: Attendance,
  folded: Folded,
  frame: Frame,
  finish: (last: boolean) => Promise<void>,
): Promise<void> {
  const { deps, run, id } = attendance;
  for (let tries = 1; ; tries += 1) {
    try {
      await finish(tries === triesToFinish);
      return;
    } catch (error) {
      if (!(error instanceof Problem) || !error.retry || tries === triesToFinish) throw error;
      if (isAway(error) || needsAnotherRun.has(error.failure.code)) throw error;
      deps.log.warn({ task: id, run, code: error.failure.code, err: error }, 'Finishing is tried again');
      const progress = toProgress('opening', folded, frame);
      await record(attendance, {
        type: 'progressed',
        run,
        progress: { ...progress, activity: error.failure.sentence },
      });
      const pauseMs = Math.min(firstPauseMs * 2 ** (tries - 1), longestPauseMs);
      await pause(attendance, Math.max(pauseMs, (error.retryAt ?? 0) - deps.clock.now()));
    }
  }
}

/** Waits, but not past the moment at which a person stops the run. */
async function pause({ deps, id, run, signal }: Attendance, ms: number): Promise<void> {
  const over = new AbortController();
  const look = async () => {
    const task = await deps.store.find(id);
    if (task === undefined || currentRun(task.run)?.id !== run) over.abort();
  };
  using _changes = deps.changes.subscribe(id, () => {
    look().catch((error: unknown) => deps.log.warn({ task: id, run, err: error }, 'A change could not be looked at'));
  });
  await delay(ms, undefined, { signal: AbortSignal.any([signal, over.signal]) }).catch(() => undefined);
  signal.throwIfAborted();
}

const needsAnotherRun: ReadonlySet<string> = new Set(['branch_moved', 'container_killed', 'container_lost']);

async function prepare(attendance: Attendance, task: Task): Promise<Task> {
  const { run } = attendance;
  const progress = toProgress('preparing', nothingFolded, { checks: 0, setUps: null });
  const [{ checkouts, wish }] = await Promise.all([
    prepareParts(attendance, task),
    record(attendance, { type: 'progressed', run, progress }),
  ]);
  const choice = chooseAnew(attendance.deps.policy, task, wish);
  return record(attendance, { type: 'checkout_prepared', run, checkouts, ...(choice === null ? {} : { choice }) });
}

async function begin(attendance: Attendance, found: Task, run: Run, parts: readonly PreparedPart[]): Promise<Task> {
  const { deps } = attendance;
  checkAdmitted(attendance, found, run);
  const task = await closeHosts(attendance, found, parts);
  // What an earlier worker took for this run stays what the run is told: later messages are steered.
  const told = { ...task, spec: task.spec.slice(0, task.taken > run.from ? task.taken : task.spec.length) };
  const checkouts = parts.map(({ checkout }) => checkout);
  const reach = reachOf(deps.policy, task, checkouts);
  const { command, grants, image } = deps.toAgent({ task: told, run, prompt: toPrompt(told, run.from), reach });
  const limits = { ...deps.limits, runMs: toRunMs(task, run) };
  await setUp(attendance, task, run, { image, limits, parts });
  await deps.sandbox.start({
    task: task.id,
    run: run.id,
    image,
    repositories: checkouts.flatMap(({ repositories }) => repositories),
    limits,
    policy: {
      ...grants,
      ...(await toMeterLimits(attendance, task, run)),
      allow: reach.hosts === 'any' ? [] : reach.hosts,
      open: reach.hosts === 'any',
      registries: reach.registries,
    },
  });
  const begun = await record(attendance, { type: 'messages_taken', run: run.id, taken: told.spec.length });
  const orders = parts.map(({ folder, checkout: { repositories, start, from } }) => {
    return { folder, from: repositories.at(-1) ?? '', start: from ?? start, branch: task.branch };
  });
  const spec: Control = {
    type: 'spec',
    checkouts: orders,
    cwd: agentFolder(parts),
    agent: withFiles(command, told, run.from),
  };
  await handFiles(attendance, told.spec);
  await deps.sandbox.send(run.id, spec);
  return begun;
}

async function end(attendance: Attendance, error: unknown): Promise<void> {
  const { deps, id, run, epoch } = attendance;
  const log = { task: id, run };
  await deps.sandbox.stop(run, 0).catch((cause: unknown) => deps.log.warn({ ...log, err: cause }, 'Stop failed'));
  if (error instanceof Superseded) {
    deps.log.info({ ...log, reason: error.message }, 'Run superseded');
    await keepWork(deps, id);
    return;
  }
  const problem = error instanceof Problem ? error : unexpected(error);
  deps.log.error({ ...log, code: problem.failure.code, err: error }, 'Run failed');
  const at = deps.clock.now();
  const tries = (await deps.store.find(id))?.attempt ?? 0;
  const until = Math.max(at + firstAgainMs * 5 ** tries, problem.retryAt ?? 0);
  const failed = { type: 'run_failed', run, problem: problem.failure, retry: problem.retry, until, at } as const;
  const ended = await deps.store.apply(id, failed, { epoch });
  if (ended.task?.run.type === 'queued') {
    await deps.queue.wake({ type: 'run', task: id }, { delayMs: (ended.task.run.notBefore ?? at) - at });
  }
}

/** A machine that failed once gets longer each time before the next attempt. */
const firstAgainMs = 2_000;

/** Whether it was the store, the broker or the engine that did not answer: a run must not end for their sake. */
function isAway(error: unknown): boolean {
  const away = ['redis_down', 'redis_full', 'broker_down', 'lease_lost'];
  return error instanceof Problem && (away.includes(error.failure.code) || isEngineAway(error));
}

function isEngineAway(error: unknown): error is Problem {
  return error instanceof Problem && error.failure.code === 'docker_down';
}

/** How long after a run's time an engine that does not answer is waited for. */
const engineGoneMs = 10 * 60_000;

/** Past its time and more, nothing that this engine may still have of a run is worth its thread's silence. */
function isOverdue({ clock }: WorkerDeps, task: Task, run: Run): boolean {
  return clock.now() > run.startedAt + toRunMs(task, run) + engineGoneMs;
}

/** Shows what a run waits for in the place of what its agent does. */
async function tellWait(attendance: Attendance, { failure }: Problem): Promise<void> {
  const { deps, id, run } = attendance;
  try {
    const task = await deps.store.find(id);
    const progress = task === undefined ? undefined : currentRun(task.run)?.progress;
    if (progress === null || progress === undefined || progress.activity === failure.sentence) return;
    await record(attendance, { type: 'progressed', run, progress: { ...progress, activity: failure.sentence } });
  } catch (error) {
    deps.log.warn({ task: id, run, err: error }, 'What a run waits for could not be told');
  }
}

/** A run whose sandbox is nowhere to be found. */
export function lost(): Problem {
  return new Problem(
    {
      code: 'container_lost',
      sentence: 'The sandbox of this run is gone; its machine may have been restarted.',
      next: 'Nothing to do: Errand tries again by itself.',
    },
    { retry: true },
  );
}

function unexpected(cause: unknown): Problem {
  const failure = {
    code: 'unexpected',
    sentence: 'Errand met an error it did not expect.',
    next: 'Press Retry; whoever runs Errand finds the cause in the log under this task.',
  };
  return new Problem(failure, { cause });
}
