import type { Changes } from '../app/deps.ts';
import type { EngineId, TaskId } from '../task/ids.ts';
import type { TaskStore } from '../task/ports/task-store.ts';

/** How long a change can go unseen when its hint was lost. */
const lookEveryMs = 2_000;

/** One subscription of the store's for all runs on an engine, with a look now and then for hints that were lost. */
export function createChanges(
  store: Pick<TaskStore, 'watch'>,
  engine: EngineId,
  signal: AbortSignal,
  onError: (error: unknown) => void,
): Changes {
  const listeners = new Map<TaskId, Set<() => void>>();
  const tell = (id: TaskId) => {
    for (const changed of listeners.get(id) ?? []) changed();
  };
  store.watch(tell, signal, engine).catch((error: unknown) => {
    if (!signal.aborted) onError(error);
  });
  const timer = setInterval(() => {
    for (const id of listeners.keys()) tell(id);
  }, lookEveryMs);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });

  return {
    subscribe(id, changed) {
      const own = listeners.get(id) ?? new Set();
      listeners.set(id, own.add(changed));
      return {
        [Symbol.dispose]() {
          own.delete(changed);
          if (own.size === 0) listeners.delete(id);
        },
      };
    },
  };
}
