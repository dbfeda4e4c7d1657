import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { type AttackId, attackIds } from './attack.ts';
import type { Result } from './result.ts';
import { project } from './support.ts';

const file = join(project, '.errand/attacks.json');

const seen = z.object({ seen: z.string() });
const failed = z.object({ type: z.literal('failed'), why: z.string() });
const resultSchema = z.object({
  id: z.custom<AttackId>((id) => attackIds.some((known) => known === id)),
  title: z.string(),
  expected: z.string(),
  without: z.string(),
  attack: z.union([seen.extend({ type: z.enum(['held', 'through']) }), failed]),
  control: z.union([
    seen.extend({ type: z.literal('broke_through') }),
    z.object({ type: z.literal('not_reproducible'), evidence: z.string() }),
    failed,
  ]),
  durationMs: z.number(),
});

/** What each case came to when it was last played on this machine; none where none was, or by another version. */
export function readLastRun(): readonly Result[] {
  try {
    return z.array(resultSchema).parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return [];
  }
}

/** Keeps results in the place of those that the same cases had before; gives all, in the order of the table. At once, so that lanes don't mix. */
export function keep(results: readonly Result[]): readonly Result[] {
  const before = readLastRun();
  const of = (id: AttackId) => results.find((each) => each.id === id) ?? before.find((each) => each.id === id);
  const all = attackIds.flatMap((id) => of(id) ?? []);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(all, null, 1));
  return all;
}
