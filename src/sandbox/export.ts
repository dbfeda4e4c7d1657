import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { inside } from '../../sandbox/protocol.ts';
import { parseRunId, type RunId, type Sha, type TaskId } from '../task/ids.ts';
import { Problem } from '../task/problem.ts';
import { absent } from './files.ts';
import { taskOf } from './order.ts';
import type { Ended } from './run-once.ts';

const nothingNew = 10;
const noCheckout = 11;
const noCommit = 12;

/**
 * Runs as the agent's user in a dead end: whatever the checkout's configuration starts there reaches nothing. The flags
 * only keep an honest repository's hooks, signing and monitors from getting in the way. Where the agent rewrote history
 * below `start`, its tree becomes one commit on top, since the branch may only grow.
 */
const script = `
set -eu
start=$1
checkout=$2
cd "$checkout" 2>/dev/null || exit ${noCheckout}
[ "$(git rev-parse --show-toplevel 2>/dev/null)" = "$checkout" ] || exit ${noCheckout}
export GIT_CONFIG_GLOBAL=/dev/null GIT_NO_REPLACE_OBJECTS=1 GIT_OPTIONAL_LOCKS=0
export GIT_AUTHOR_NAME=Errand GIT_AUTHOR_EMAIL=errand@localhost GIT_COMMITTER_NAME=Errand GIT_COMMITTER_EMAIL=errand@localhost
git() { command git -c core.hooksPath=/dev/null -c core.fsmonitor=false -c commit.gpgSign=false -c gc.auto=0 "$@"; }
rm -f "$(git rev-parse --git-path index.lock)" "$(git rev-parse --git-path HEAD.lock)"
git rev-parse -q --verify 'HEAD^{commit}' >/dev/null || exit ${noCommit}
git add -A
git diff --cached --quiet || git commit -q --no-verify -m 'Work left uncommitted' >&2
if ! git merge-base --is-ancestor "$start" HEAD; then
  git update-ref --no-deref HEAD "$(git commit-tree -p "$start" -m 'Work on rewritten history' 'HEAD^{tree}')"
fi
[ "$(git rev-parse HEAD)" != "$start" ] || exit ${nothingNew}
git bundle create -q - HEAD "^$start"
`;

/** The command of an export container. */
export function exportCommand({ folder, start }: { folder: string; start: Sha }): readonly string[] {
  return ['sh', '-c', script, 'sh', start, pathOf(folder)];
}

function pathOf(folder: string): string {
  return `${inside.workspace}/${folder}`;
}

/** Where the bundles of an engine lie until the worker, which may be another user, has imported them. */
export function bundleDirectory(directory: string, user: number | null) {
  return {
    /** Lets `produce` write a bundle and gives it its name when it is whole; null when there is nothing new. */
    async write(
      run: RunId,
      folder: string,
      produce: (write: (bytes: Buffer) => Promise<void>) => Promise<Ended>,
    ): Promise<string | null> {
      await mkdir(directory, { recursive: true, mode: user === null ? 0o700 : 0o711 });
      const whole = join(directory, `${run}.${folder.replace('/', ',')}.bundle`);
      const part = `${whole}.part`;
      await rm(part, { force: true });
      const file = await open(part, 'wx', 0o600);
      try {
        const ended = await produce(async (bytes) => {
          await file.write(bytes);
        });
        if (ended.end === 'exited' && ended.exitCode === nothingNew) {
          await rm(part, { force: true });
          return null;
        }
        if (ended.end !== 'exited' || ended.exitCode !== 0) throw exportProblem(run, folder, ended);
        if (user !== null) await file.chown(user, -1);
        await rename(part, whole);
        return whole;
      } catch (error) {
        await rm(part, { force: true });
        throw error;
      } finally {
        await file.close();
      }
    },
    /** Bundles of a task, finished or not. */
    async remove(task: TaskId): Promise<void> {
      for (const name of (await readdir(directory).catch(absent)) ?? []) {
        if (ownerOf(name) === task) await rm(join(directory, name), { force: true });
      }
    },
    /** Which tasks have bundles here, and since when. */
    async list(): Promise<readonly { task: TaskId; touchedAt: number }[]> {
      const names = (await readdir(directory).catch(absent)) ?? [];
      const found = await Promise.all(
        names.map(async (name) => {
          const task = ownerOf(name);
          const facts = await stat(join(directory, name)).catch(absent);
          return task === undefined || facts === undefined ? undefined : { task, touchedAt: facts.mtimeMs };
        }),
      );
      return found.filter((entry) => entry !== undefined);
    },
  };
}

function ownerOf(name: string): TaskId | undefined {
  const run = parseRunId(name.split('.')[0] ?? '');
  return run === undefined ? undefined : taskOf(run);
}

function exportProblem(run: RunId, folder: string, ended: Ended): Problem {
  const found =
    {
      timed_out: 'git did not come to an end in time',
      too_much_output: 'it is larger than a bundle may be',
      too_much_disk: 'its workspace is larger than it may be',
      exited: {
        [noCheckout]: `there is no git repository of its own at ${pathOf(folder)}`,
        [noCommit]: 'its HEAD names no commit',
      }[ended.exitCode],
    }[ended.end] ?? `git failed with exit code ${ended.exitCode}`;
  return new Problem(
    {
      code: ended.end === 'too_much_output' ? 'bundle_too_big' : 'export_failed',
      sentence: `Errand tried to take the work of ${run} out of its checkout, and found that ${found}.`,
      next: 'Nothing was pushed. Reply with what to do differently, or start the task again.',
    },
    { cause: ended.stderr },
  );
}
