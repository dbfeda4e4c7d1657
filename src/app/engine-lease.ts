import { beatEveryMs, type Host, type HostProcess, holdsForMs } from '../task/hosts.ts';
import type { EngineId } from '../task/ids.ts';
import type { Beat, Claim, Hosts } from '../task/ports/hosts.ts';
import { Problem } from '../task/problem.ts';
import type { Lease, Log, Standing } from './deps.ts';

/**
 * How long a silent holder is waited for. One of the same data folder was most likely killed, but may only stand still, and believes for
 * `holdsForMs` that it holds; another may live and be busy.
 */
const patienceMs = { same: holdsForMs + 5_000, other: holdsForMs + 10_000 };
const askAgainMs = 1_000;

interface LeaseDeps {
  readonly hosts: Pick<Hosts, 'beat' | 'leave'>;
  readonly engine: EngineId;
  /** This machine and its worker, as others are told of them. */
  readonly host: Pick<Claim, 'holder' | 'instance' | 'name' | 'process'>;
  /** Whether this process has surely ended: only then need nobody wait for it. */
  readonly isGone: (process: HostProcess) => boolean;
  readonly elapsedMs: () => number;
  readonly log: Log;
}

/**
 * Of all workers on one engine, one serves it: what a second one would adopt, remove or start there is the first one's. Whoever serves
 * says so every few seconds, and lets go by itself when it can't, before anybody else takes over what it did.
 */
export class EngineLease implements Lease {
  readonly #deps: LeaseDeps;
  /** When it was last known to hold. */
  #heldAtMs = Number.NEGATIVE_INFINITY;
  #leads = false;

  #standing: () => Standing = () => ({ slots: 0, running: 0, ready: false });

  constructor(deps: LeaseDeps) {
    this.#deps = deps;
  }

  get leads(): boolean {
    return this.#leads && this.#leftMs() > 0;
  }

  check(): void {
    if (this.#leftMs() > 0) return;
    throw new Problem(
      {
        code: 'lease_lost',
        sentence: 'This worker could not say for too long that it lives, so another one may have taken over.',
        next: 'Nothing to do: whoever has the task goes on.',
      },
      { retry: true },
    );
  }

  async during(
    signal: AbortSignal,
    standing: () => Standing,
    serve: (held: AbortSignal) => Promise<void>,
  ): Promise<void> {
    this.#standing = standing;
    while (await this.#claim(signal)) {
      const over = new AbortController();
      const held = AbortSignal.any([signal, over.signal]);
      const end = () => over.abort();
      const [served] = await Promise.allSettled([serve(held).finally(end), this.#keep(held).finally(end)]);
      // Not before its work has settled: whoever follows would do the same at the same time.
      if (signal.aborted) await this.leave();
      this.#heldAtMs = Number.NEGATIVE_INFINITY;
      if (served.status === 'rejected') throw served.reason;
      if (signal.aborted) return;
      this.#deps.log.warn({ engine: this.#deps.engine }, 'The lease on this engine was lost: its runs are let go of');
    }
  }

  /** Resolves with whether the engine is this worker's now; with false once the signal aborts. */
  async #claim(signal: AbortSignal): Promise<boolean> {
    const { elapsedMs, engine, log } = this.#deps;
    let seen: { readonly by: Host; readonly sinceMs: number } | null = null;
    while (!signal.aborted) {
      const isOver =
        seen !== null && (this.#isGone(seen.by) || elapsedMs() - seen.sinceMs >= this.#patienceMs(seen.by));
      const beat = await this.#beat(isOver ? (seen?.by.beat ?? null) : null);
      if (beat?.type === 'held') return true;
      if (beat?.type === 'taken') {
        if (seen !== null && beat.by.beat !== seen.by.beat) throw taken(engine, beat.by);
        if (seen === null) log.warn({ engine, by: beat.by.name }, 'Another worker has this engine: is it alive?');
        seen ??= { by: beat.by, sinceMs: elapsedMs() };
      }
      await pause(askAgainMs, signal);
    }
    return false;
  }

  #isGone({ instance, process }: Host): boolean {
    const { host, isGone } = this.#deps;
    return instance === host.instance && process !== undefined && isGone(process);
  }

  #patienceMs({ instance }: Host): number {
    return instance === this.#deps.host.instance ? patienceMs.same : patienceMs.other;
  }

  /** Settles when the lease is lost, or the signal aborts. */
  async #keep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const waitMs = Math.max(0, Math.min(beatEveryMs, this.#leftMs()));
      await pause(waitMs, signal);
      if (signal.aborted) return;
      const beat = await this.#beat(null);
      if (beat?.type === 'taken' || this.#leftMs() <= 0) return;
    }
  }

  /** Undefined where the store gave no answer. */
  async #beat(over: number | null): Promise<Beat | undefined> {
    const { hosts, engine, host, elapsedMs, log } = this.#deps;
    const saidAtMs = elapsedMs();
    try {
      const beat = await hosts.beat({ engine, ...host, ...this.#standing(), over });
      // Counted from before it was said: what the others count from can't be earlier.
      this.#heldAtMs = beat.type === 'held' ? saidAtMs : Number.NEGATIVE_INFINITY;
      this.#leads = beat.type === 'held' && beat.leads;
      return beat;
    } catch (error) {
      if (!(error instanceof Problem) || !error.retry) throw error;
      log.warn({ err: error }, 'Nobody could be told that this worker lives');
      return undefined;
    }
  }

  #leftMs(): number {
    return this.#heldAtMs + holdsForMs - this.#deps.elapsedMs();
  }

  /** Whoever takes over waits for less; without it they find out by themselves. */
  async leave(): Promise<void> {
    const { hosts, engine, host, log } = this.#deps;
    // From here on nothing is done that can't be taken back.
    this.#heldAtMs = Number.NEGATIVE_INFINITY;
    await hosts
      .leave(engine, host.holder)
      .catch((error: unknown) => log.warn({ err: error }, 'Nobody could be told that this worker goes'));
  }
}

/** Settles after a time, or once the signal aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(end, ms);
    function end() {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      done();
    }
    if (signal.aborted) end();
    else signal.addEventListener('abort', end);
  });
}

function taken(engine: EngineId, by: Host): Problem {
  return new Problem({
    code: 'engine_taken',
    sentence: `A worker on ${by.name} (data folder ${by.instance}) serves the Docker engine ${engine} already, so this one does not.`,
    next: 'Stop one of the two, or give this one an engine of its own (DOCKER_HOST). Where these are two engines, one was copied with its id: remove the copy’s `engine-id` (in its data root) or `/etc/docker/key.json`, and restart it.',
  });
}
