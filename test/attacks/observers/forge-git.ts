import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Stage } from '../stage.ts';

const run = promisify(execFile);
const env = { PATH: '/usr/bin:/bin', GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', LC_ALL: 'C' };

/** Asks git about a bare repository that no agent can write to; rejects where git does. */
export async function gitIn(gitDir: string, ...args: readonly string[]): Promise<string> {
  const own = ['-c', 'safe.directory=*', '--git-dir', gitDir];
  const { stdout } = await run('git', [...own, ...args], { env, cwd: '/', maxBuffer: 256 * 1024 * 1024 });
  return stdout.trim();
}

/** The repository of this case as the forge keeps it. */
export function forgeRepository({ errand, repository }: Stage): string {
  return join(errand.dataDir, 'forge', 'repositories', `${repository}.git`);
}

/** What the forge has at a branch, by a command of git's; undefined where there is no such branch. */
export async function onForge(stage: Stage, branch: string, ...args: readonly string[]): Promise<string | undefined> {
  const at = forgeRepository(stage);
  const known = await gitIn(at, 'rev-parse', '--verify', `refs/heads/${branch}`).catch(() => undefined);
  return known === undefined ? undefined : gitIn(at, ...args, `refs/heads/${branch}`);
}
