import type { TaskId } from '../task/ids.ts';
import { inTurn } from '../task/line.ts';
import type { Room } from '../task/ports/run-queue.ts';
import { Problem } from '../task/problem.ts';
import type { Task } from '../task/task.ts';
import type { WorkerDeps } from './deps.ts';
import { leavingHome } from './leave-home.ts';
import { startRun } from './start-run.ts';

/** How long a worker whose engine can take no run leaves the line alone. */
const closedMs = 3_000;

/** The places for runs on one engine. */
export interface Slots {
  /** How many are free. */
  free(): number;
  /** Whether this worker has still to do with the task: its next run begins after that. */
  holds(id: TaskId): boolean;
  /** Takes a slot for a run that was claimed. */
  attend(task: Task): void;
  /** What follows for a task that was refused its run. */
  left(id: TaskId): void;
  /** Hears why the engine can take no run. */
  closed(why: Problem): void;
}

/**
 * Gives the free slots of one worker to whoever is next in line. A look that is asked for during a look comes after it. While the
 * engine can take no run there is no room: the tasks that would have begun say why, and other workers may have them.
 */
export class Turns implements Room {
  readonly #deps: WorkerDeps;
  readonly #slots: Slots;
  readonly #waiting = new Set<() => void>();
  readonly #starting = new Set<TaskId>();
  #looking: Promise<void> | null = null;
  #again = false;
  #closedUntil = 0;
  #isReady = true;

  constructor(deps: WorkerDeps, slots: Slots) {
    this.#deps = deps;
    this.#slots = slots;
  }

  /** Whether the engine could take a run when it was last asked. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Whether a run of the task is being claimed at this moment: nobody clears up after its last one meanwhile. */
  starts(id: TaskId): boolean {
    return this.#starting.has(id);
  }

  isFree(): boolean {
    return this.#slots.free() > 0 && this.#deps.clock.now() >= this.#closedUntil;
  }

  async freed(signal: AbortSignal): Promise<void> {
    while (!this.isFree() && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiting.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        this.#waiting.add(wake);
        signal.addEventListener('abort', wake, { once: true });
      });
    }
  }

  /** Tells of a slot that was given back, or of time that passed. */
  async look(signal: AbortSignal): Promise<void> {
    if (this.#looking !== null) {
      this.#again = true;
      return this.#looking;
    }
    this.#looking = (async () => {
      try {
        do {
          this.#again = false;
          await this.#take(signal);
        } while (this.#again && !signal.aborted);
      } finally {
        this.#looking = null;
        if (this.isFree()) for (const wake of [...this.#waiting]) wake();
      }
    })();
    return this.#looking;
  }

  async #take(signal: AbortSignal): Promise<void> {
    const { store, policy, clock, log } = this.#deps;
    if (clock.now() < this.#closedUntil) return;
    const tried = new Set<TaskId>();
    const isLeftHome = leavingHome(this.#deps);
    const next = async (): Promise<TaskId[]> => {
      if (!this.isFree() || signal.aborted) return [];
      const found: TaskId[] = [];
      for (const task of inTurn(await store.line(), policy.turns, clock.now())) {
        if (tried.has(task.id) || this.#slots.holds(task.id)) continue;
        if (await isLeftHome(task)) {
          tried.add(task.id);
          continue;
        }
        found.push(task.id);
        if (found.length >= this.#slots.free()) break;
      }
      return found;
    };
    const first = await next();
    if ((first.length === 0 && this.#isReady) || !(await this.#engineAnswers(first))) return;
    for (let [id] = first; id !== undefined && !signal.aborted; [id] = await next()) {
      tried.add(id);
      // Something may have been begun with it since the look at the line; whoever did so has it looked at again.
      if (this.#slots.holds(id)) continue;
      this.#starting.add(id);
      try {
        const start = await startRun(this.#deps, id);
        if (start.type === 'started') this.#slots.attend(start.task);
        if (start.type === 'left') this.#slots.left(id);
      } catch (error) {
        // One task that can't be read keeps no other from its turn.
        if (error instanceof Problem && ['redis_down', 'redis_full'].includes(error.failure.code)) throw error;
        log.warn({ task: id, err: error }, 'A run could not be started; it is tried again');
      } finally {
        this.#starting.delete(id);
      }
    }
  }

  /** Tasks that find their engine down stay queued, say so, and lose no attempt. */
  async #engineAnswers(next: readonly TaskId[]): Promise<boolean> {
    const { sandbox, store, clock, log } = this.#deps;
    try {
      await sandbox.ready();
      this.#isReady = true;
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#isReady = false;
      this.#closedUntil = clock.now() + closedMs;
      this.#slots.closed(error);
      for (const id of next) {
        log.warn({ task: id, err: error }, 'Run delayed');
        await store.apply(id, { type: 'run_delayed', reason: error.failure.sentence, at: clock.now() });
      }
      return false;
    }
  }
}
