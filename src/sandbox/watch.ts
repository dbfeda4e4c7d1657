import type Dockerode from 'dockerode';
import { type Engine, ifThere, statusOf } from './docker.ts';

/** How long a container's end can stay unnoticed when Docker's wait hangs, which it does when the daemon dies. */
const watchdogMs = 2_000;

/**
 * Settles when the container isn't running any more, or is gone. Asks with one long wait and looks by itself beside it, and
 * goes on through any failure of the engine. At `deadline` (if given) it calls `expire` once. Rejects only when aborted.
 */
export async function untilStopped(
  engine: Engine,
  container: Dockerode.Container,
  options: { signal: AbortSignal; expireInMs?: number; expire?: () => Promise<void> },
): Promise<void> {
  const { signal } = options;
  // Not the wall clock: that may be set while an agent works.
  const expiresAt = performance.now() + (options.expireInMs ?? Number.POSITIVE_INFINITY);
  let expired = options.expire === undefined;
  for (;;) {
    signal.throwIfAborted();
    const leftMs = expired ? watchdogMs : Math.max(0, expiresAt - performance.now());
    await ended(container, Math.min(watchdogMs, leftMs), signal);
    signal.throwIfAborted();
    try {
      if (!(await isRunning(engine, container))) return;
      if (!expired && performance.now() >= expiresAt) {
        await options.expire?.();
        expired = true;
      }
    } catch {
      // The engine is away; its containers may still run. Look again.
      await ended(container, watchdogMs / 4, signal);
    }
  }
}

/** False for a container that ended, never began, or is gone. */
export async function isRunning(engine: Engine, container: Dockerode.Container): Promise<boolean> {
  const look = engine.call('look at a container', (abortSignal) => container.inspect({ abortSignal }), 10_000);
  return (await ifThere(look))?.State.Running ?? false;
}

/** Waits for Docker's word, but no longer than `ms`; the failure of either is only a reason to look. */
async function ended(container: Dockerode.Container, ms: number, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), ms);
  const leave = () => over.abort();
  signal.addEventListener('abort', leave);
  try {
    await new Promise<void>((resolve) => {
      over.signal.addEventListener('abort', () => resolve());
      if (over.signal.aborted || signal.aborted) return resolve();
      container.wait({ condition: 'not-running', abortSignal: over.signal }).then(
        () => resolve(),
        (error: unknown) => {
          // Refused at once by a dead engine: don't spin. What is gone, though, has ended.
          if (statusOf(error) === 404) resolve();
        },
      );
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', leave);
    over.abort();
  }
}
