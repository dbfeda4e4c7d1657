import { mkdir, open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { Problem } from '../../task/problem.ts';
import { Workspace } from './workspace.ts';

/** The workspace in `file`; null where there is none yet. Throws `Problem` when the file is not one of ours. */
export async function readWorkspace(file: string): Promise<Workspace | null> {
  await mkdir(path.dirname(file), { recursive: true });
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  try {
    return Workspace.parse(JSON.parse(text));
  } catch (cause) {
    throw new Problem(
      {
        code: 'local_workspace_unreadable',
        sentence: `Tried to open the local workspace in ${file}, and it is not one that this version wrote.`,
        next: 'Move the file away to start with a fresh workspace.',
      },
      { cause },
    );
  }
}

/** Writes the whole workspace; a crash in between leaves the one before it. */
export async function writeWorkspace(file: string, workspace: Workspace): Promise<void> {
  const draft = `${file}.new`;
  await using handle = await open(draft, 'w');
  await handle.writeFile(JSON.stringify(workspace));
  await handle.sync();
  await rename(draft, file);
}
