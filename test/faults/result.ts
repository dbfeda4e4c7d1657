import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { kinds } from './inside/armed.ts';

export const project = resolve(import.meta.dirname, '../..');
const file = join(project, '.errand/faults.json');

const common = z.object({
  id: z.string(),
  /** What the judge found; empty where all is as it should be. */
  wrong: z.array(z.string()).readonly(),
  durationMs: z.number(),
});
const resultSchema = z.discriminatedUnion('type', [
  /** A step boundary. */
  common.extend({
    type: z.literal('point'),
    point: z.string(),
    when: z.enum(['before', 'after']),
    kind: z.enum(kinds),
    /** Passes that were let through before. */
    skip: z.number(),
    struck: z.number(),
  }),
  /** One of the numbered list, or of those beside it. */
  common.extend({ type: z.literal('listed'), fault: z.number().nullable(), title: z.string() }),
  /** A deliberately broken Errand: here something has to be wrong. */
  common.extend({ type: z.literal('control'), title: z.string(), caught: z.boolean() }),
  /** The store of an Errand after all of its cases. */
  common.extend({ type: z.literal('store'), cases: z.number() }),
]);
export type Result = z.infer<typeof resultSchema>;
const runSchema = z.object({
  results: z.array(resultSchema),
  spentMs: z.number(),
  /** How many cases the boundaries make that were learned last. */
  boundaries: z.number().default(0),
});
export type Kept = z.infer<typeof runSchema>;

export function isFine(result: Result): boolean {
  return result.type === 'control' ? result.caught : result.wrong.length === 0;
}

/** What each case came to when it was last played on this machine, and how long all that took. */
export function readLastRun(): Kept {
  try {
    return runSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return { results: [], spentMs: 0, boundaries: 0 };
  }
}

/** Keeps results in the place of those that the same cases had before. At once, so that lanes don't mix. */
export function keep(results: readonly Result[], more: { spentMs?: number; boundaries?: number } = {}): Kept {
  const before = readLastRun();
  const others = before.results.filter(({ id }) => !results.some((result) => result.id === id));
  const kept = {
    results: [...others, ...results],
    spentMs: before.spentMs + (more.spentMs ?? 0),
    boundaries: more.boundaries ?? before.boundaries,
  };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(kept, null, 1));
  return kept;
}

export function forgetLastRun(): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ results: [], spentMs: 0, boundaries: 0 } satisfies Kept));
}
