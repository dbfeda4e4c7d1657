import { join } from 'node:path';
import { z } from 'zod';
import type { RunId, TaskId } from '../task/ids.ts';
import type { SetUp } from '../task/task.ts';
import { readJson, writeJson } from './files.ts';
import { runIdSchema } from './order.ts';
import { setUpsSchema } from './wire.ts';
import type { Workspaces } from './workspace.ts';

const notesSchema = z.union([
  z.object({ type: z.literal('begun') }),
  z.object({ type: z.literal('done'), run: runIdSchema, setUps: setUpsSchema }),
]);

/** Throws away a workspace whose set-up began and did not end well. For whoever is about to let an agent in. */
export async function dropHalfSetUp(workspaces: Workspaces, task: TaskId): Promise<void> {
  const found = await setUpNotes(workspaces.notes(task)).read();
  if (found?.type === 'begun') await workspaces.remove(task);
}

/** What is known of a workspace's set-up, in a folder that no sandbox reaches and that goes when the workspace does. */
export function setUpNotes(folder: string) {
  const path = join(folder, 'set-up.json');
  return {
    /** `begun` is a set-up that never ended well: secrets may lie about. Undefined before the first one. */
    read: async () => notesSchema.optional().parse(await readJson(path)),
    begin: () => writeJson(path, { type: 'begun' }),
    end: (run: RunId, setUps: readonly SetUp[]) => writeJson(path, { type: 'done', run, setUps }),
  };
}
