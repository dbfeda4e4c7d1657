import { Problem } from '../task/problem.ts';
import type { Engine } from './docker.ts';
import type { Passed } from './self-test.ts';

/** Keeps runs off an image until its walls were seen to hold, on this engine as it is now. */
export interface Guard {
  /** Settles once `test` has passed for this image; throws what it threw. */
  pass(image: string, test: () => Promise<Passed>): Promise<Passed>;
}

/** What a runtime or a module that was updated without the engine can go unnoticed for. */
const holdsMs = 60 * 60_000;
/** After a failure, so that what waits doesn't make a container each second. */
const failureHoldsMs = 15_000;

interface Verdict {
  readonly life: AbortSignal;
  readonly until: number;
  readonly passed: Promise<Passed>;
}

/**
 * A verdict holds for one image, while the connection to this engine's events lasts: an engine that was restarted, reloaded or replaced
 * ends it, and so does an hour. An engine that doesn't answer is its own `Problem`, and no verdict.
 */
export function openGuard(engine: Pick<Engine, 'events' | 'forget'>, closing: AbortSignal): Guard {
  const verdicts = new Map<string, Verdict>();
  let life: Promise<AbortSignal> | undefined;

  /** Aborts when the engine may be another. */
  async function alive(): Promise<AbortSignal> {
    closing.throwIfAborted();
    const current = life;
    if (current !== undefined) {
      const signal = await current;
      if (!signal.aborted) return signal;
    }
    if (life === current) {
      engine.forget();
      const next = engine.events(closing);
      life = next;
      next.catch(() => {
        if (life === next) life = undefined;
      });
    }
    return await alive();
  }

  return {
    async pass(image, test) {
      const signal = await alive();
      const known = verdicts.get(image);
      if (known !== undefined && known.life === signal && performance.now() < known.until) return await known.passed;
      const passed = test();
      const hold = (ms: number) => verdicts.set(image, { life: signal, until: performance.now() + ms, passed });
      hold(Number.POSITIVE_INFINITY);
      passed.then(
        () => hold(holdsMs),
        (error: unknown) => {
          const unsafe = error instanceof Problem && error.failure.code === 'sandbox_unsafe';
          if (unsafe) hold(failureHoldsMs);
          else verdicts.delete(image);
        },
      );
      return await passed;
    },
  };
}
