import { z } from 'zod';

const unnumbered = z.looseObject({
  numbered: z.undefined().optional(),
  task: z.looseObject({
    runs: z.number().positive(),
    parts: z.array(z.looseObject({ repositoryId: z.number().optional() })),
  }),
});

/**
 * A stored task, its parts marked as touched where an Errand wrote it that recorded no repository's number and that had given it to
 * a run: such a run may have pushed. Anything else as it is.
 */
export function markTouched(stored: unknown): unknown {
  const old = unnumbered.safeParse(stored);
  if (!old.success) return stored;
  const { task } = old.data;
  const parts = task.parts.map((part) => (part.repositoryId === undefined ? { ...part, touched: true } : part));
  return { ...old.data, task: { ...task, parts } };
}
