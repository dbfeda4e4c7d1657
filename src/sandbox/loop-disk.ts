import { execFile } from 'node:child_process';
import { chown, mkdir, mkdtemp, open, readdir, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { inside } from '../../sandbox/protocol.ts';
import type { TaskId } from '../task/ids.ts';
import { Problem } from '../task/problem.ts';
import type { Disk } from './disk.ts';
import { absent } from './files.ts';

const run = promisify(execFile);
const trialPrefix = 'trial-';
const trialMs = 60 * 60_000;
/** Where distributions keep mkfs and mount; root's PATH needn't have it. */
const toolEnv = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

/** An ext4 file system in a sparse file: what the agent fills up is its own. */
export function loopDisk(home: (task: TaskId) => string): Disk {
  const paths = (task: TaskId) => ({
    image: join(home(task), 'disk.ext4'),
    part: join(home(task), 'disk.ext4.part'),
    mount: join(home(task), 'mount'),
  });
  const use = (task: TaskId) =>
    ({ mount: { type: 'bind', source: paths(task).mount }, hostPath: paths(task).mount, limited: true }) as const;

  /** The disk gets its name once it is whole; a crash before that leaves a part that is thrown away. */
  async function make(task: TaskId, uid: number, bytes: number): Promise<void> {
    const { image, part, mount } = paths(task);
    await detach(mount);
    await rm(part, { force: true });
    const file = await open(part, 'wx', 0o600);
    await file.truncate(bytes);
    await file.close();
    await tool('mkfs.ext4', [
      ...['-q', '-F', '-m0', '-i8192', '-I256', '-O^has_journal'],
      ...['-E', `lazy_itable_init=1,nodiscard,root_owner=${uid}:${uid}`, part],
    ]);
    await attach(part, mount);
    // Empty and nobody else's yet: the only time that the host writes there.
    for (const name of [inside.home, inside.records].map((path) => basename(path))) {
      await mkdir(join(mount, name), { mode: 0o700 });
      await chown(join(mount, name), uid, uid);
    }
    await rename(part, image);
  }

  async function find(task: TaskId) {
    const { image, mount } = paths(task);
    if ((await stat(image).catch(absent)) === undefined) return undefined;
    if (!(await mounted(mount))) {
      await repair(image);
      await attach(image, mount);
    }
    return use(task);
  }

  return {
    find,
    async prepare(task) {
      // Without rights: no container ever starts on the bare directory.
      await mkdir(paths(task).mount, { recursive: true, mode: 0 });
      return use(task);
    },
    async open(task, uid, bytes) {
      const found = await find(task);
      if (found === undefined) await make(task, uid, bytes);
      return use(task);
    },
    remove: (task) => detach(paths(task).mount),
  };
}

/** Why this machine can't have such disks, in a few words; null where one was made, mounted and thrown away. */
export async function loopDiskMissing(directory: string): Promise<string | null> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const trial = await mkdtemp(join(directory, trialPrefix));
  const [image, mount] = [join(trial, 'disk.ext4'), join(trial, 'mount')] as const;
  try {
    await writeFile(image, '');
    await truncate(image, 2 ** 20);
    await tool('mkfs.ext4', ['-q', '-F', image]);
    await attach(image, mount);
    return null;
  } catch (error) {
    return error instanceof Problem ? error.failure.sentence : String(error);
  } finally {
    await detach(mount);
    await rm(trial, { recursive: true, force: true });
  }
}

/** Removes trials that a crash left more than an hour before `now`. */
export async function clearLoopTrials(directory: string, now: number): Promise<void> {
  for (const name of (await readdir(directory).catch(absent)) ?? []) {
    if (!name.startsWith(trialPrefix)) continue;
    const trial = join(directory, name);
    const facts = await stat(trial).catch(absent);
    if (facts === undefined || now - facts.mtimeMs < trialMs) continue;
    await detach(join(trial, 'mount'));
    await rm(trial, { recursive: true, force: true });
  }
}

async function attach(image: string, mount: string): Promise<void> {
  await mkdir(mount, { recursive: true, mode: 0 });
  await tool('mount', ['-o', 'loop,nosuid,nodev,noatime', image, mount]);
}

/** Lazily when something still looks in: the kernel frees the disk with its last user. */
async function detach(mount: string): Promise<void> {
  if (await mounted(mount)) await tool('umount', [mount]).catch(() => tool('umount', ['-l', mount]));
}

/** Replays what a power cut left undone; without a journal that is a check. Exit 1 is "repaired". */
async function repair(image: string): Promise<void> {
  try {
    await run('e2fsck', ['-p', image], { env: toolEnv });
  } catch (error) {
    if (z.object({ code: z.literal(1) }).safeParse(error).success) return;
    throw diskProblem(`repair the workspace ${image}`, error);
  }
}

async function tool(command: string, args: readonly string[]): Promise<void> {
  try {
    await run(command, [...args], { timeout: 60_000, env: toolEnv });
  } catch (error) {
    throw diskProblem(`run ${command} for a workspace`, error);
  }
}

function diskProblem(attempted: string, cause: unknown): Problem {
  const said = z
    .object({ stderr: z.string().min(1) })
    .safeParse(cause)
    .data?.stderr.trim();
  return new Problem(
    {
      code: 'workspace',
      sentence: `Errand tried to ${attempted}, and found: ${(said ?? String(cause)).slice(0, 300)}`,
      next: 'See that the data folder has space and that the host has e2fsprogs and free loop devices.',
    },
    { retry: true, cause },
  );
}

/** A mount is another device than the directory around it. */
async function mounted(path: string): Promise<boolean> {
  const [here, around] = await Promise.all([stat(path).catch(absent), stat(join(path, '..')).catch(absent)]);
  return here !== undefined && around !== undefined && here.dev !== around.dev;
}
