import type { Snapshot } from './snapshot.ts';

/** Something in the store that should not be so, and what was found. */
export interface Flaw {
  readonly key: string;
  readonly found: string;
}

export function say(key: string, found: string): Flaw {
  return { key, found };
}

export function valuesOf(all: Snapshot, name: string): readonly string[] {
  return all.get(name)?.values ?? [];
}

/** The fields of a hash, or the members of a sorted set with their scores. */
export function pairsOf(all: Snapshot, name: string): readonly [string, string][] {
  const flat = valuesOf(all, name);
  return Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at] ?? '', flat[2 * at + 1] ?? '']);
}

export function hashOf(all: Snapshot, name: string): ReadonlyMap<string, string> {
  return new Map(pairsOf(all, name));
}
