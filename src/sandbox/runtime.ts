import { Problem } from '../task/problem.ts';
import type { Runtime } from './container-spec.ts';

/** What the operator wants: gVisor where it is installed, always, or never. */
export const runtimeWishes = ['auto', 'runc', 'runsc'] as const;
export type RuntimeWish = (typeof runtimeWishes)[number];

/** The runtime that an engine's containers get; throws `Problem` where the one that is required isn't installed. */
export function chooseRuntime(wish: RuntimeWish, installed: readonly string[]): Runtime {
  if (wish === 'auto') return installed.includes('runsc') ? 'runsc' : null;
  if (installed.includes(wish)) return wish;
  throw new Problem(
    {
      code: 'runtime_missing',
      sentence: `Sandboxes are to run on ${wish} (ERRAND_SANDBOX_RUNTIME), and this Docker engine knows ${installed.toSorted().join(', ') || 'no runtime by name'}.`,
      next: `Install ${wish} and name it under "runtimes" in /etc/docker/daemon.json, or choose another.`,
    },
    { retry: true },
  );
}
