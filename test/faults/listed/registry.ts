import { besides } from './besides.ts';
import { engine } from './engine.ts';
import { github } from './github.ts';
import type { Listed } from './listed.ts';
import { slack } from './slack.ts';
import { store } from './store.ts';
import { workers } from './workers.ts';

/** Every story, in the order of the list; those beside it come last. */
export const stories: readonly Listed[] = [...slack, ...store, ...workers, ...engine, ...github, ...besides].toSorted(
  (one, other) => (one.fault ?? 99) - (other.fault ?? 99),
);
