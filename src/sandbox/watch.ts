import type Dockerode from 'dockerode';
import { type Engine, ifThere, statusOf } from './docker.ts';

/** How long a container's end can stay unnoticed when Docker's wait hangs, which it does when the daemon dies. */
const defaultWatchdogMs = 2_000;

/**
 * Settles when the container isn't running any more, or is gone. Asks with one long wait and looks by itself beside it, and
 * goes on through any failure of the engine. After `expireInMs` it calls `expire`, again if that fails. Rejects only when
 * aborted.
 */
export async function untilStopped(
  engine: Engine,
  container: Dockerode.Container,
  options: { signal: AbortSignal; expireInMs?: number; expire?: () => Promise<void>; watchdogMs?: number },
): Promise<void> {
  const { signal, watchdogMs = defaultWatchdogMs } = options;
  const over = new AbortController();
  const leave = () => over.abort();
  signal.addEventListener('abort', leave);
  // Not the wall clock: that may be set while an agent works.
  const expiresAt = performance.now() + (options.expireInMs ?? Number.POSITIVE_INFINITY);
  let expired = options.expire === undefined;
  let word: Promise<void> | undefined;
  try {
    for (;;) {
      signal.throwIfAborted();
      word ??= wordOfEnd(container, over.signal, () => {
        word = undefined;
      });
      const leftMs = expired ? watchdogMs : Math.max(0, expiresAt - performance.now());
      await firstOf(word, Math.min(watchdogMs, leftMs), over.signal);
      signal.throwIfAborted();
      try {
        if (!(await isRunning(engine, container))) return;
        if (!expired && performance.now() >= expiresAt) {
          await options.expire?.();
          expired = true;
        }
      } catch {
        // The engine is away; its containers may still run. Look again.
        await firstOf(undefined, watchdogMs / 4, over.signal);
      }
    }
  } finally {
    signal.removeEventListener('abort', leave);
    over.abort();
  }
}

/** False for a container that ended, never began, or is gone. */
async function isRunning(engine: Engine, container: Dockerode.Container): Promise<boolean> {
  const look = engine.call('look at a container', (abortSignal) => container.inspect({ abortSignal }), 10_000);
  return (await ifThere(look))?.State.Running ?? false;
}

/** Settles at Docker's word that it ended; stays open when Docker fails to say, after calling `failed`. */
function wordOfEnd(container: Dockerode.Container, signal: AbortSignal, failed: () => void): Promise<void> {
  return new Promise((resolve) => {
    container.wait({ condition: 'not-running', abortSignal: signal }).then(
      () => resolve(),
      (error: unknown) => {
        failed();
        // Refused at once by a dead engine: the watchdog sets the pace. What is gone, though, has ended.
        if (statusOf(error) === 404) resolve();
      },
    );
  });
}

function firstOf(word: Promise<void> | undefined, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', settle);
      resolve();
    };
    const timer = setTimeout(settle, ms);
    signal.addEventListener('abort', settle);
    word?.then(settle);
    if (signal.aborted) settle();
  });
}
