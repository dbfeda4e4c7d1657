import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { isBeingPushed } from '../task/hold.ts';
import type { RunId, TaskId } from '../task/ids.ts';
import { taskOf, toRunId } from '../task/ids.ts';
import { isOver } from '../task/parts.ts';
import { Problem } from '../task/problem.ts';
import type { Part, Task } from '../task/task.ts';
import { currentRun } from '../task/transition.ts';
import { attendRun } from './attend-run.ts';
import { authoriseRun } from './authorise.ts';
import type { WorkerDeps } from './deps.ts';
import { keepWork } from './keep-work.ts';
import { giveUpLost, HostWatch } from './lost-host.ts';
import { forget, merge } from './merge.ts';
import { overtakenBy } from './overtaken.ts';
import { pushReleased } from './push-released.ts';
import { isToRelease, releaseCi } from './release-ci.ts';
import { admitRun, releaseOthers, settleRun, withdraw } from './spending.ts';
import { holdsAllUp, watchPulls } from './watch-pull.ts';

const engineRetryMs = 5_000;
const authorityRetryMs = 5_000;
const pushRetryMs = 2_000;
/** Every step can be repeated, so whoever is asked to go needs not see one through. */
const longestDrainMs = 3_000;
/** A thousand leftovers are no reason to keep the engine from what is at work. */
const clearingAtOnce = 4;

export interface Rhythm {
  readonly sweepEveryMs: number;
  readonly pullEveryMs: number;
  readonly reapEveryMs: number;
}

/**
 * Runs the tasks of one Docker engine: at most `concurrency` at once, each attended until its outcome is told. Of all workers one leads:
 * it also looks after what waits for any of them, and after what ran on machines that are lost.
 */
export class Worker {
  readonly #deps: WorkerDeps;
  readonly #concurrency: number;
  readonly #drainMs: number;
  readonly #attended = new Map<TaskId, Promise<void>>();
  /** Those of the attended that take a slot: their runs are under way. */
  readonly #underWay = new Set<TaskId>();
  readonly #freed: (() => void)[] = [];
  readonly #hosts: HostWatch;
  #isReady = true;
  /** Runs of an older Errand are in no index by their engine, so all are looked at once. */
  #hasSeenAll = false;

  constructor(deps: WorkerDeps, options: { concurrency: number; drainMs?: number }) {
    this.#deps = deps;
    this.#concurrency = options.concurrency;
    this.#drainMs = options.drainMs ?? longestDrainMs;
    this.#hosts = new HostWatch(deps);
  }

  /** How many runs are under way here. */
  get running(): number {
    return this.#underWay.size;
  }

  /**
   * Works until the signal aborts, then lets go of its runs without ending them, within three seconds whatever they are at. `onServing` is
   * called once the engine is this worker's; throws a `Problem` (`engine_taken`) where it is another's.
   */
  async run(signal: AbortSignal, rhythm: Rhythm, onServing: () => void = () => undefined): Promise<void> {
    const standing = () => ({ slots: this.#concurrency, running: this.#underWay.size, ready: this.#isReady });
    const working = this.#deps.lease.during(signal, standing, (held) => {
      onServing();
      return this.#work(held, rhythm);
    });
    await Promise.race([working, this.#drained(signal, working)]);
  }

  async #work(signal: AbortSignal, options: Rhythm): Promise<void> {
    const { queue } = this.#deps;
    await this.recover(signal);
    await Promise.all([
      queue.work('run', (job) => this.#start(job.task, signal), { concurrency: 1, signal }),
      queue.work('merge', (job) => this.#deps.during(() => this.#settlePulls(job.task, signal)), {
        concurrency: 4,
        signal,
      }),
      queue.work('push', (job) => this.#pushReleased(job.task), { concurrency: 2, signal }),
      queue.work('pull', (job) => this.#lookAt(job.task), { concurrency: 2, signal }),
      this.#every(options.sweepEveryMs, signal, () => this.recover(signal)),
      this.#everyFromNow(options.sweepEveryMs, signal, () => this.clearLeftovers()),
      this.#every(options.pullEveryMs, signal, () => this.#watchPulls(options.pullEveryMs)),
      this.#everyFromNow(options.reapEveryMs, signal, async () => this.#deps.reap(await this.#deps.store.unsettled())),
    ]);
    await Promise.allSettled(this.#attended.values());
  }

  /** Settles some time after the signal aborted, or once all work has ended. */
  async #drained(signal: AbortSignal, working: Promise<void>): Promise<void> {
    const done = new AbortController();
    const end = () => done.abort();
    working.then(end, end);
    const either = AbortSignal.any([signal, done.signal]);
    if (!either.aborted) await once(either, 'abort');
    await setTimeout(this.#drainMs, undefined, { signal: done.signal }).catch(() => undefined);
    if (done.signal.aborted) return;
    this.#deps.log.info({ tasks: [...this.#attended.keys()] }, 'Going in the midst of work; the next worker goes on');
  }

  /** What people decided on at the task's gates. */
  async #settlePulls(id: TaskId, signal: AbortSignal): Promise<void> {
    const task = await this.#deps.store.find(id);
    if (task?.run.type === 'idle' && task.parts.some(isToRelease))
      await this.#push(id, () => releaseCi(this.#deps, id, signal));
    // Beside a run at work nothing is pushed: the release says so.
    else await releaseCi(this.#deps, id, signal);
    await merge(this.#deps, id, signal);
  }

  /** Claims a queued task once a slot is free. Whoever loses the claim does nothing. */
  async #start(id: TaskId, signal: AbortSignal): Promise<void> {
    while (this.#underWay.size >= this.#concurrency && !signal.aborted) {
      await new Promise<void>((free) => {
        this.#freed.push(free);
        signal.addEventListener('abort', () => free(), { once: true });
      });
    }
    // A wake-up that came twice must not keep the queue waiting for the run that the first one started.
    if ((await this.#deps.store.find(id))?.run.type !== 'queued') return;
    // A run of this task that is just ending has the slot's container: the next one starts after it.
    await this.#attended.get(id);
    if (signal.aborted)
      throw new Problem(
        { code: 'draining', sentence: 'This worker is going.', next: 'Another one takes the task.' },
        { retry: true },
      );
    const task = await this.#deps.store.find(id);
    if (task?.run.type !== 'queued') return;
    const ended = overtakenBy(task);
    if (ended !== null) {
      const at = this.#deps.clock.now();
      await this.#deps.store.apply(id, { type: 'run_failed', run: null, problem: ended, retry: false, at });
      this.#afterwards(id);
      return;
    }
    if (isBeingPushed(task)) {
      const reason = 'It waits until what was released before is pushed.';
      await this.#deps.store.apply(id, { type: 'run_delayed', reason, at: this.#deps.clock.now() });
      await this.#deps.queue.wake({ type: 'run', task: id }, { delayMs: pushRetryMs });
      return;
    }
    if (!(await this.#isAuthorised(task))) return;
    if (!(await this.#engineAnswers(id))) return;
    const allowance = await admitRun(this.#deps, task);
    if (allowance === null) return;
    const number = task.runs + 1;
    const run = toRunId(id, number);
    const started = await this.#deps.store.apply(id, {
      type: 'run_started',
      run,
      number,
      engine: this.#deps.engine,
      allowance,
      at: this.#deps.clock.now(),
    });
    if (started.type === 'applied') this.#attend(started.task, signal);
    else await withdraw(this.#deps, started.task, run);
  }

  /** What was allowed when it was asked for may not be by now; a job in the queue proves nothing. */
  async #isAuthorised(task: Task): Promise<boolean> {
    const { store, queue, clock, log } = this.#deps;
    const authority = await authoriseRun(this.#deps, task);
    const at = clock.now();
    switch (authority.type) {
      case 'held':
        return true;
      case 'wait':
        await store.apply(task.id, { type: 'run_delayed', reason: authority.reason, at });
        await queue.wake({ type: 'run', task: task.id }, { delayMs: authorityRetryMs });
        return false;
      case 'refused':
        log.warn({ task: task.id, person: task.requester, code: authority.problem.code }, 'Refused');
        await store.apply(task.id, { type: 'run_failed', run: null, problem: authority.problem, retry: false, at });
        this.#afterwards(task.id);
        return false;
      default:
        return authority satisfies never;
    }
  }

  /** A task that finds its engine down stays queued, says so, and costs no attempt. */
  async #engineAnswers(id: TaskId): Promise<boolean> {
    const { sandbox, store, queue, clock, log } = this.#deps;
    try {
      await sandbox.ready();
      this.#isReady = true;
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#isReady = false;
      log.warn({ task: id, err: error }, 'Run delayed');
      await store.apply(id, { type: 'run_delayed', reason: error.failure.sentence, at: clock.now() });
      await queue.wake({ type: 'run', task: id }, { delayMs: engineRetryMs });
      return false;
    }
  }

  #attend(task: Task, signal: AbortSignal): void {
    const run = currentRun(task.run);
    const { about } = this.#deps;
    this.#deps.log.info({ task: task.id, run: run?.id }, 'Run attended');
    const attending = this.#deps
      .during(() => about({ task: task.id, run: run?.id }, () => attendRun(this.#deps, task, signal)))
      .catch((error: unknown) =>
        this.#deps.log.error(
          { task: task.id, run: run?.id, err: error },
          'Attendance broke off; the sweep takes it up',
        ),
      );
    this.#underWay.add(task.id);
    this.#hold(task.id, attending, () => {
      if (!signal.aborted) this.#afterwards(task.id);
    });
  }

  /** Keeps other work on this task away until this one has settled. */
  #hold(id: TaskId, work: Promise<void>, then: () => void = () => undefined): void {
    const held = work
      .catch(() => undefined)
      .then(() => {
        this.#attended.delete(id);
        this.#underWay.delete(id);
        for (const free of this.#freed.splice(0)) free();
        then();
      });
    this.#attended.set(id, held);
  }

  /** A run that ended with unread messages is queued again; one whose pull request ended meanwhile leaves nothing here. */
  #afterwards(id: TaskId): void {
    const look = async () => {
      const task = await this.#deps.store.find(id);
      if (task?.run.type === 'queued' && task.run.reason === null) {
        await this.#deps.queue.wake({ type: 'run', task: id });
      }
      if (task?.run.type === 'idle' && isOver(task)) await forget(this.#deps, id);
    };
    look().catch((error: unknown) =>
      this.#deps.log.warn({ task: id, err: error }, 'What follows a run failed; the sweep makes up for it'),
    );
  }

  /** Sees that whatever the store wants has somebody: adopts what runs here; whoever leads wakes and gives back. At start and on a timer. */
  async recover(signal: AbortSignal): Promise<void> {
    await this.#adopt(signal);
    if (!this.#deps.lease.leads) return;
    await this.#lookAfterAll();
    const reserved = await this.#deps.ledger.reserved();
    await this.#each(new Set(reserved.map(taskOf)), 'What is reserved for a run stays so until the next sweep', (id) =>
      this.#attended.has(id) ? Promise.resolve() : releaseOthers(this.#deps, id, reserved),
    );
  }

  /** Attends what runs on this engine and is attended by nobody. */
  async #adopt(signal: AbortSignal): Promise<void> {
    const { store, engine } = this.#deps;
    const ids = this.#hasSeenAll ? await store.runningOn(engine) : await store.unsettled();
    await this.#each(ids, 'A run stays as it is until the next sweep', async (id) => {
      const task = await store.find(id);
      if (task === undefined || this.#attended.has(id) || signal.aborted) return;
      if (currentRun(task.run)?.engine === engine) this.#attend(task, signal);
    });
    this.#hasSeenAll = true;
  }

  /** What waits for any worker, and what ran where none is any more. */
  async #lookAfterAll(): Promise<void> {
    const { store, queue, engine } = this.#deps;
    const elsewhere: Task[] = [];
    await this.#each(await store.unsettled(), 'A task stays as it is until the next sweep', async (id) => {
      const task = await store.find(id);
      if (task === undefined) return;
      const run = currentRun(task.run);
      // A wake-up that waits for its time (a rate limit's end, say) keeps it.
      if (task.run.type === 'queued') await queue.wake({ type: 'run', task: id }, { unlessWaiting: true });
      if (run !== undefined && run.engine !== engine) elsewhere.push(task);
      if (task.parts.some((part) => part.pull.type === 'merging' || isToRelease(part)))
        await queue.wake({ type: 'merge', task: id }, { unlessWaiting: true });
      if (task.parts.some(({ hold }) => hold?.state.type === 'released'))
        await queue.wake({ type: 'push', task: id }, { unlessWaiting: true });
    });
    await giveUpLost(this.#deps, this.#hosts, elsewhere);
  }

  /** Keeps and removes what the engine has of runs that are over. An engine that is away keeps nothing else waiting. */
  async clearLeftovers(): Promise<void> {
    const { store, sandbox } = this.#deps;
    const left = new Map((await sandbox.list()).map(({ task, run }) => [task, run]));
    const otherwise = 'A leftover sandbox stays for the next sweep';
    const ids = left.keys();
    const lane = () =>
      this.#each(ids, otherwise, async (id) => {
        const run = left.get(id);
        if (run === undefined || this.#attended.has(id)) return;
        const task = await store.find(id);
        if (task !== undefined && currentRun(task.run)?.id === run) return;
        const clearing = this.#clear(id, run);
        // The next run of the task starts after it.
        this.#hold(id, clearing);
        await clearing;
      });
    await Promise.all(Array.from({ length: clearingAtOnce }, lane));
  }

  #pushReleased(id: TaskId): Promise<void> {
    return this.#push(id, () => this.#deps.during(() => pushReleased(this.#deps, id)));
  }

  /** No run of the task starts here meanwhile, and nothing else is pushed. */
  async #push(id: TaskId, push: () => Promise<void>): Promise<void> {
    while (this.#attended.has(id)) await this.#attended.get(id);
    const pushing = push();
    this.#hold(id, pushing, () => this.#afterwards(id));
    await pushing;
  }

  async #clear(id: TaskId, run: RunId): Promise<void> {
    await this.#deps.during(() => keepWork(this.#deps, id));
    await settleRun(this.#deps, id, run);
    await this.#deps.sandbox.remove(id, { workspace: false });
  }

  /** Looks at every open pull request, whether GitHub told of it or not; of several workers one does it. */
  async #watchPulls(everyMs: number): Promise<void> {
    const { store, duty } = this.#deps;
    // The others, whose clocks run as fast, must not find it free each time just before this one.
    if (!(await duty.take('watch_pulls', everyMs * 0.9))) return;
    await this.#each(await store.unsettled(), 'A pull request could not be looked at', (id) => this.#lookAt(id));
  }

  async #lookAt(id: TaskId): Promise<void> {
    const { store } = this.#deps;
    const task = await store.find(id);
    // A merge looks at its pull request itself.
    const isOpen = ({ pull }: Part) => pull.type === 'open';
    if (task === undefined || !task.parts.some(isOpen)) return;
    await watchPulls(this.#deps, id, isOpen);
    const after = await store.find(id);
    if (after?.run.type === 'idle' && isOver(after)) await forget(this.#deps, id);
  }

  /** One after the other; what fails for one is no reason to leave the others, unless everybody has to wait. */
  async #each(ids: Iterable<TaskId>, otherwise: string, act: (id: TaskId) => Promise<void>): Promise<void> {
    for (const id of ids) {
      try {
        await this.#deps.about({ task: id }, () => act(id));
      } catch (error) {
        this.#deps.log.warn({ task: id, err: error }, otherwise);
        if (error instanceof Problem && holdsAllUp(error)) return;
      }
    }
  }

  async #every(everyMs: number, signal: AbortSignal, act: () => Promise<void>): Promise<void> {
    await setTimeout(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
    await this.#everyFromNow(everyMs, signal, act);
  }

  async #everyFromNow(everyMs: number, signal: AbortSignal, act: () => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      await act().catch((error: unknown) => this.#deps.log.warn({ err: error }, 'Sweep failed; it comes again'));
      await setTimeout(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
}
