import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import type { RunId, TaskId } from '../task/ids.ts';
import { taskOf } from '../task/ids.ts';
import { isOver } from '../task/parts.ts';
import { Problem } from '../task/problem.ts';
import type { Part, Task } from '../task/task.ts';
import { currentRun } from '../task/transition.ts';
import { attendRun } from './attend-run.ts';
import type { WorkerDeps } from './deps.ts';
import { keepWork } from './keep-work.ts';
import { giveUpLost, HostWatch } from './lost-host.ts';
import { forget, merge } from './merge.ts';
import { pushReleased } from './push-released.ts';
import { isToRelease, releaseCi } from './release-ci.ts';
import { releaseOthers, settleRun } from './spending.ts';
import { Turns } from './take-turns.ts';
import { holdsAllUp, watchPulls } from './watch-pull.ts';

/** Every step can be repeated, so whoever is asked to go needs not see one through. */
const longestDrainMs = 3_000;
/** A thousand leftovers are no reason to keep the engine from what is at work. */
const clearingAtOnce = 4;

export interface Rhythm {
  /** How often a worker with room looks who waits, for wake-ups may be lost. */
  readonly lookEveryMs: number;
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
  readonly #turns: Turns;
  readonly #hosts: HostWatch;
  #signal = AbortSignal.abort();
  /** Runs of an older Errand are in no index by their engine, so all are looked at once. */
  #hasSeenAll = false;
  #makingRoom: Promise<void> | undefined;

  constructor(deps: WorkerDeps, options: { concurrency: number; drainMs?: number }) {
    this.#deps = deps;
    this.#concurrency = options.concurrency;
    this.#drainMs = options.drainMs ?? longestDrainMs;
    this.#hosts = new HostWatch(deps);
    this.#turns = new Turns(deps, {
      free: () => this.#concurrency - this.#underWay.size,
      holds: (id) => this.#attended.has(id),
      attend: (task) => this.#attend(task, this.#signal),
      left: (id) => this.#afterwards(id),
      closed: ({ failure }) => {
        if (failure.code === 'disk_low') this.#makeRoom();
      },
    });
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
    const standing = () => ({ slots: this.#concurrency, running: this.#underWay.size, ready: this.#turns.isReady });
    const working = this.#deps.lease.during(signal, standing, (held) => {
      onServing();
      return this.#work(held, rhythm);
    });
    await Promise.race([working, this.#drained(signal, working)]);
    if (signal.aborted) await this.#deps.lease.leave();
  }

  async #work(signal: AbortSignal, options: Rhythm): Promise<void> {
    const { queue, engine } = this.#deps;
    this.#signal = signal;
    await this.recover(signal);
    const look = () => this.#turns.look(signal);
    const line = { concurrency: 1, signal, room: this.#turns };
    await Promise.all([
      queue.work('run', look, line),
      queue.work('run', look, { ...line, at: engine }),
      // A wake-up may be lost with the worker that had it: the line is the truth.
      this.#every(options.lookEveryMs, signal, look),
      queue.work('merge', (job) => this.#deps.during(() => this.#settlePulls(job.task, signal)), {
        concurrency: 4,
        signal,
      }),
      ...[undefined, engine].flatMap((at) => [
        queue.work('push', (job) => this.#pushReleased(job.task), { concurrency: 2, signal, at }),
        queue.work('pull', (job) => this.#lookAt(job.task), { concurrency: 2, signal, at }),
      ]),
      this.#every(options.sweepEveryMs, signal, () => this.recover(signal)),
      this.#everyFromNow(options.sweepEveryMs, signal, () => this.clearLeftovers()),
      this.#every(options.pullEveryMs, signal, () => this.#watchPulls(options.pullEveryMs)),
      this.#everyFromNow(options.reapEveryMs, signal, () => this.#reap(false)),
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

  async #reap(urgent: boolean): Promise<void> {
    await this.#deps.reap(await this.#deps.store.unsettled(), urgent);
  }

  /** Runs wait for disk: what can be spared goes sooner than else. One such round at a time. */
  #makeRoom(): void {
    this.#makingRoom ??= this.#reap(true)
      .catch((error: unknown) => this.#deps.log.warn({ err: error }, 'No room could be made'))
      .finally(() => {
        this.#makingRoom = undefined;
      });
  }

  /** Whether something is done with the task here, or a run of it is about to begin. */
  #isTaken(id: TaskId): boolean {
    return this.#attended.has(id) || this.#turns.starts(id);
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
        // A run that began since then is somebody else's to end.
        if (this.#attended.get(id) === held) {
          this.#attended.delete(id);
          this.#underWay.delete(id);
        }
        then();
        this.#turns
          .look(this.#signal)
          .catch((error: unknown) => this.#deps.log.warn({ err: error }, 'A free slot stays free until the next look'));
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
      if (task?.run.type === 'idle' && isOver(task)) await this.#forget(id);
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
      this.#isTaken(id) ? Promise.resolve() : releaseOthers(this.#deps, id, reserved),
    );
  }

  /** Attends what runs on this engine and is attended by nobody. */
  async #adopt(signal: AbortSignal): Promise<void> {
    const { store, engine } = this.#deps;
    const ids = this.#hasSeenAll ? await store.runningOn(engine) : await store.unsettled();
    await this.#each(ids, 'A run stays as it is until the next sweep', async (id) => {
      const task = await store.find(id);
      if (task === undefined || this.#isTaken(id) || signal.aborted) return;
      if (currentRun(task.run)?.engine === engine) this.#attend(task, signal);
    });
    this.#hasSeenAll = true;
  }

  /** What waits for any worker, and what ran where none is any more. */
  async #lookAfterAll(): Promise<void> {
    const { store, queue, engine, clock } = this.#deps;
    const inLine = new Set((await store.line()).waiting.map(({ id }) => id));
    const elsewhere: Task[] = [];
    await this.#each(await store.unsettled(), 'A task stays as it is until the next sweep', async (id) => {
      const task = await store.find(id);
      if (task === undefined) return;
      const run = currentRun(task.run);
      // An older Errand queued it without a place in the line.
      if (task.run.type === 'queued' && !inLine.has(id))
        await store.apply(id, { type: 'time_passed', at: clock.now() });
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
    const { store, sandbox, log } = this.#deps;
    const left = new Map((await sandbox.list()).map(({ task, run }) => [task, run]));
    const otherwise = 'A leftover sandbox stays for the next sweep';
    const ids = left.keys();
    const lane = () =>
      this.#each(ids, otherwise, async (id) => {
        const run = left.get(id);
        if (run === undefined || this.#isTaken(id)) return;
        const task = await store.find(id);
        // A run may have begun since.
        if (this.#isTaken(id) || (task !== undefined && currentRun(task.run)?.id === run)) return;
        if (task === undefined)
          log.warn(
            { task: id, run },
            'A sandbox is ended whose task the store does not know; its checkout stays for a day',
          );
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
    if (task === undefined) return;
    if (task.parts.some(isOpen)) await watchPulls(this.#deps, id, isOpen);
    // It may have ended where its checkout is not.
    else if (task.home !== this.#deps.engine) return;
    const after = await store.find(id);
    if (after?.run.type === 'idle' && isOver(after)) await this.#forget(id);
  }

  /** No sweep looks at a task that is over: where it can't be cleared away now, a job sees to it. */
  async #forget(id: TaskId): Promise<void> {
    try {
      await forget(this.#deps, id);
    } catch (error) {
      this.#deps.log.warn({ task: id, err: error }, 'What a task kept here is cleared away later');
      await this.#deps.queue.wake({ type: 'merge', task: id });
    }
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
