import { execFile } from 'node:child_process';
import { chown, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { inside } from '../../sandbox/protocol.ts';
import { parseTaskId, type TaskId } from '../task/ids.ts';
import { Problem } from '../task/problem.ts';
import { labels } from './container-spec.ts';
import { type Engine, ifThere } from './docker.ts';
import { absent, readJson, writeJson } from './files.ts';
import { turns } from './turns.ts';

const run = promisify(execFile);

export interface Workspace {
  readonly uid: number;
  readonly mount: { readonly type: 'bind' | 'volume'; readonly source: string };
  /** Where this process can read it; null when only Docker can. */
  readonly hostPath: string | null;
}

/** The disks of tasks: one each, which outlives its runs and has a size limit where the machine lets us set one. */
export interface Workspaces {
  /**
   * Gives the task a uid, its own as long as it has a workspace here, and says what will be mounted. A container can be
   * created with that at once, and started when `open` has settled.
   */
  claim(task: TaskId): Promise<Workspace>;
  /** Makes, repairs or finds the workspace and makes it usable. */
  open(task: TaskId, bytes: number): Promise<Workspace>;
  /** The workspace of a task that has one, usable again after a reboot; undefined when there is none. */
  find(task: TaskId): Promise<Workspace | undefined>;
  /** Where notes about a task are kept, outside of what its agent can reach. */
  notes(task: TaskId): string;
  list(): Promise<readonly { task: TaskId; touchedAt: number }[]>;
  remove(task: TaskId): Promise<void>;
}

export interface WorkspaceOptions {
  readonly engine: Engine;
  readonly instance: string;
  readonly directory: string;
  /** The lowest uid to give away; uids up to 9,999 above it are ours. */
  readonly firstUid: number;
  /** Any image, to hand a volume to its uid where the disk can't be mounted by us. */
  readonly image: string;
  /** False uses Docker volumes, whose size nothing limits. */
  readonly mountable: boolean;
}

const slots = 10_000;
/** Where distributions keep mkfs and mount; root's PATH needn't have it. */
const toolEnv = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
const metaSchema = z.object({ uid: z.number().int().positive() });

export function openWorkspaces(options: WorkspaceOptions): Workspaces {
  const home = (task: TaskId) => join(options.directory, task);
  const metaPath = (task: TaskId) => join(home(task), 'meta.json');
  const disk = options.mountable ? loopDisk(home) : volumeDisk(options);
  let uids: Promise<Map<TaskId, number>> | undefined;
  const inTurn = turns<TaskId>();

  async function tasks(): Promise<readonly TaskId[]> {
    await mkdir(options.directory, { recursive: true, mode: 0o700 });
    const names = await readdir(options.directory);
    return names.map(parseTaskId).filter((task) => task !== undefined);
  }

  async function readUids(): Promise<Map<TaskId, number>> {
    const known = new Map<TaskId, number>();
    for (const task of await tasks()) {
      const meta = await readJson(metaPath(task));
      if (meta !== undefined) known.set(task, metaSchema.parse(meta).uid);
    }
    return known;
  }

  async function claimUid(task: TaskId): Promise<number> {
    uids ??= readUids().catch((error: unknown) => {
      uids = undefined;
      throw error;
    });
    const known = await uids;
    const mine = known.get(task);
    if (mine !== undefined) return mine;
    const taken = new Set(known.values());
    for (let uid = options.firstUid; uid < options.firstUid + slots; uid += 1) {
      if (taken.has(uid)) continue;
      known.set(task, uid);
      try {
        await mkdir(home(task), { recursive: true, mode: 0o700 });
        await writeJson(metaPath(task), { uid });
      } catch (error) {
        known.delete(task);
        throw error;
      }
      return uid;
    }
    throw new Problem(
      {
        code: 'slots_full',
        sentence: `Errand tried to give ${task} a user of its own, but all ${slots} are taken by tasks with a workspace.`,
        next: 'Close old tasks; their workspaces are removed then.',
      },
      { retry: true },
    );
  }

  return {
    async claim(task) {
      const uid = await claimUid(task);
      return { uid, ...(await disk.prepare(task)) };
    },
    open: (task, bytes) =>
      inTurn(task, async () => {
        const uid = await claimUid(task);
        return { uid, ...(await disk.open(task, uid, bytes)) };
      }),
    find: (task) =>
      inTurn(task, async () => {
        if ((await readJson(metaPath(task))) === undefined) return undefined;
        const uid = await claimUid(task);
        const found = await disk.find(task);
        return found === undefined ? undefined : { uid, ...found };
      }),
    notes: home,
    async list() {
      const found = await Promise.all(
        (await tasks()).map(async (task) => {
          const facts = await stat(home(task)).catch(absent);
          return facts === undefined ? undefined : { task, touchedAt: facts.mtimeMs };
        }),
      );
      return found.filter((entry) => entry !== undefined);
    },
    remove: (task) =>
      inTurn(task, async () => {
        await disk.remove(task);
        await rm(home(task), { recursive: true, force: true });
        (await uids)?.delete(task);
      }),
  };
}

interface Disk {
  prepare(task: TaskId): Promise<Omit<Workspace, 'uid'>>;
  open(task: TaskId, uid: number, bytes: number): Promise<Omit<Workspace, 'uid'>>;
  find(task: TaskId): Promise<Omit<Workspace, 'uid'> | undefined>;
  remove(task: TaskId): Promise<void>;
}

/** An ext4 file system in a sparse file: what the agent fills up is its own. */
function loopDisk(home: (task: TaskId) => string): Disk {
  const paths = (task: TaskId) => ({
    image: join(home(task), 'disk.ext4'),
    part: join(home(task), 'disk.ext4.part'),
    mount: join(home(task), 'mount'),
  });
  const use = (task: TaskId) =>
    ({ mount: { type: 'bind', source: paths(task).mount }, hostPath: paths(task).mount }) as const;

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

/** A named volume. Docker makes it, so only Docker can read it and nothing limits its size. */
function volumeDisk({ engine, instance, directory, image }: WorkspaceOptions): Disk {
  const name = (task: TaskId) => `errand-${instance}-${task}`;
  const use = (task: TaskId) => ({ mount: { type: 'volume', source: name(task) }, hostPath: null }) as const;
  const ready = (task: TaskId) => join(directory, task, 'volume-ready.json');

  async function find(task: TaskId) {
    const call = engine.call(`find the volume of ${task}`, () => engine.docker.getVolume(name(task)).inspect());
    const whole = (await ifThere(call)) !== undefined && (await readJson(ready(task))) !== undefined;
    return whole ? use(task) : undefined;
  }

  /** A volume is root's; one container with one capability hands it over. */
  async function handOver(task: TaskId, uid: number): Promise<void> {
    const script = `mkdir -p /w/home /w/records && chown ${uid}:${uid} /w /w/home /w/records`;
    const container = await engine.call(`hand the volume of ${task} to its user`, (abortSignal) =>
      engine.docker.createContainer({
        Image: image,
        User: '0:0',
        Entrypoint: [],
        Cmd: ['sh', '-c', script],
        Labels: { [labels.instance]: instance, [labels.task]: task, [labels.kind]: 'volume' },
        HostConfig: {
          NetworkMode: 'none',
          ReadonlyRootfs: true,
          CapDrop: ['ALL'],
          CapAdd: ['CHOWN'],
          SecurityOpt: ['no-new-privileges:true'],
          Mounts: [{ Type: 'volume', Source: name(task), Target: '/w' }],
        },
        abortSignal,
      }),
    );
    try {
      await engine.call(`hand the volume of ${task} to its user`, async (abortSignal) => {
        await container.start({ abortSignal });
        await container.wait({ condition: 'not-running', abortSignal });
      });
    } finally {
      await ifThere(engine.call(`remove a helper of ${task}`, () => container.remove({ force: true })));
    }
  }

  return {
    async prepare(task) {
      // Making a volume twice is no error.
      await engine.call(`make the volume of ${task}`, (abortSignal) =>
        engine.docker.createVolume({
          Name: name(task),
          Labels: { [labels.instance]: instance, [labels.task]: task },
          abortSignal,
        }),
      );
      return use(task);
    },
    async open(task, uid) {
      // Handing it over twice would be one, once an agent was in it.
      if ((await find(task)) === undefined) {
        await handOver(task, uid);
        await writeJson(ready(task), true);
      }
      return use(task);
    },
    find,
    async remove(task) {
      await ifThere(
        engine.call(`remove the volume of ${task}`, () => engine.docker.getVolume(name(task)).remove({ force: true })),
      );
    },
  };
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
