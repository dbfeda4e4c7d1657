import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { z } from 'zod';

/** One process of Errand: `name` is what `main.ts` is told to be, `env` all that it may know. */
export interface ChildSpec {
  readonly name: string;
  /** What makes it another user; empty lets it be this one. */
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What it is told on stdin each time it starts, for what no file and no environment is to hold. */
  readonly input?: string;
}

export interface SupervisorOptions {
  /** Where a child's log goes; null lets it write to this process's own output. */
  readonly logFile: ((name: string) => string) | null;
  readonly say: (line: string) => void;
  /** Why a child ended, as far as its log tells; empty where it doesn't. */
  readonly lastWords: (name: string) => string;
  readonly graceMs: number;
}

/** What a child says in the place of being ready, when it lives and can't do its work. */
const failedSchema = z.object({ failed: z.string() });
const shortestPauseMs = 500;
const longestPauseMs = 10_000;
/** A child that ran this long has earned a fresh start without a pause. */
const settledMs = 30_000;

/** Keeps a set of processes running: starts each, starts it again when it dies, ends all of them in reverse order. */
export class Supervisor implements AsyncDisposable {
  readonly #options: SupervisorOptions;
  readonly #children: { name: string; current: ChildProcess | null; ended: Promise<void> }[] = [];
  readonly #stopping = new AbortController();

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** Settles when the child says that it is ready; rejects when it dies before that with what it said last. */
  async start(spec: ChildSpec): Promise<void> {
    const kept: { name: string; current: ChildProcess | null; ended: Promise<void> } = {
      name: spec.name,
      current: null,
      ended: Promise.resolve(),
    };
    this.#children.push(kept);
    await new Promise<void>((ready, died) => {
      kept.ended = this.#keep(spec, kept, ready, died);
    });
  }

  async #keep(
    spec: ChildSpec,
    kept: { current: ChildProcess | null },
    ready: () => void,
    died: (error: Error) => void,
  ): Promise<void> {
    let pauseMs = shortestPauseMs;
    let everReady = false;
    while (!this.#stopping.signal.aborted) {
      const startedAt = performance.now();
      const child = this.#spawn(spec);
      kept.current = child;
      child.once('message', (message) => {
        const { data } = failedSchema.safeParse(message);
        if (data === undefined) {
          everReady = true;
          ready();
        } else if (!everReady) died(new Error(data.failed));
      });
      const how = await new Promise<string>((ended) => {
        child.once('error', (error) => ended(error.message));
        child.once('exit', (code, signal) => ended(signal === null ? `exit code ${code}` : signal));
      });
      kept.current = null;
      if (this.#stopping.signal.aborted) return;
      if (!everReady) {
        died(new Error(`The ${spec.name} ended with ${how} before it was ready.`));
        return;
      }
      if (performance.now() - startedAt > settledMs) pauseMs = shortestPauseMs;
      const why = this.#options.lastWords(spec.name);
      this.#options.say(`The ${spec.name} ended with ${how}${why === '' ? '' : ` (${why})`}; starting it again.`);
      await pause(pauseMs, this.#stopping.signal);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
  }

  #spawn(spec: ChildSpec): ChildProcess {
    const file = this.#options.logFile?.(spec.name);
    const log = file === undefined ? 'inherit' : openSync(file, 'a', 0o600);
    const [program = '', ...args] = [...spec.command, process.execPath, ...spec.args];
    const child = spawn(program, args, {
      env: { ...spec.env },
      // Its own place may be closed to the user that it is.
      cwd: '/',
      stdio: [spec.input === undefined ? 'ignore' : 'pipe', log, log, 'ipc'],
    });
    // One that dies before it has read all shows in its exit.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(spec.input);
    if (typeof log === 'number') closeSync(log);
    return child;
  }

  /** The process id of a running child, for tests and `down`. */
  pid(name: string): number | undefined {
    return this.#children.find((child) => child.name === name)?.current?.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    for (const child of this.#children.toReversed()) {
      child.current?.kill('SIGTERM');
      const killer = setTimeout(() => child.current?.kill('SIGKILL'), this.#options.graceMs);
      await child.ended;
      clearTimeout(killer);
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((next) => {
    const timer = setTimeout(next, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        next();
      },
      { once: true },
    );
  });
}
