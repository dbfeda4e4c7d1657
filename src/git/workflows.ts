import { parse } from 'yaml';
import type { Sha } from '../task/ids.ts';
import { eventsOf, type WorkflowEvents } from '../task/workflows.ts';
import { must, type TryGit } from './git.ts';

const maxFiles = 60;
const maxFileBytes = 256 * 1024;

/** What starts the workflows of these commits; null for a file that can't be read, or is one too many to look at. */
export async function readWorkflows(
  git: TryGit,
  gitDir: string,
  commits: readonly Sha[],
): Promise<readonly WorkflowEvents[]> {
  const blobs = new Map<string, boolean>();
  for (const commit of new Set(commits)) {
    const listed = await must(git, ['ls-tree', '-l', '-z', commit, '--', '.github/workflows/'], { gitDir });
    for (const entry of listed.split('\0')) {
      const [, mode = '', , blob = '', size = '', name = ''] = /^(\S+) (\S+) (\S+) +(\S+)\t(.+)$/s.exec(entry) ?? [];
      if (!/\.ya?ml$/i.test(name)) continue;
      blobs.set(blob, mode.startsWith('100') && Number(size) <= maxFileBytes);
    }
  }
  const [readable, others] = [[...blobs].filter(([, fit]) => fit), [...blobs].filter(([, fit]) => !fit)];
  const read = await Promise.all(
    readable.slice(0, maxFiles).map(async ([blob]) => {
      const { stdout } = await git(['cat-file', 'blob', blob], { gitDir, maxOutputBytes: 2 * maxFileBytes });
      return parsed(stdout);
    }),
  );
  return [...read, ...others.map(() => null), ...readable.slice(maxFiles).map(() => null)];
}

function parsed(text: string): WorkflowEvents {
  try {
    return eventsOf(parse(text, { maxAliasCount: 10 }));
  } catch {
    return null;
  }
}
