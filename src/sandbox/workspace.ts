import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { parseTaskId, type TaskId } from '../task/ids.ts';
import { Problem } from '../task/problem.ts';
import { turns } from '../task/turns.ts';
import type { Place } from './disk.ts';
import { type ChosenDisk, chooseDisk } from './disk-ways.ts';
import { absent, readJson, writeJson } from './files.ts';
import { clearLoopTrials } from './loop-disk.ts';
import type { VolumeOptions } from './volume-disk.ts';

export interface Workspace extends Place {
  readonly uid: number;
}

/** The disks of tasks: one each, which outlives its runs and has a size limit where the machine lets us set one. */
export interface Workspaces {
  /** The task's uid, its own as long as it has a workspace here. */
  uid(task: TaskId): Promise<number>;
  /**
   * Gives the task a uid, its own as long as it has a workspace here, and says what will be mounted. A container can be
   * created with that at once, and started when `open` has settled.
   */
  claim(task: TaskId, bytes: number): Promise<Workspace>;
  /** Makes, repairs or finds the workspace and makes it usable. */
  open(task: TaskId, bytes: number): Promise<Workspace>;
  /** The workspace of a task that has one, usable again after a reboot; undefined when there is none. */
  find(task: TaskId): Promise<Workspace | undefined>;
  /** Where notes about a task are kept, outside of what its agent can reach. */
  notes(task: TaskId): string;
  list(): Promise<readonly { task: TaskId; touchedAt: number }[]>;
  remove(task: TaskId): Promise<void>;
  /** Removes what a crash left of looking for a way. */
  clearTrials(now: number): Promise<void>;
  /** How workspaces are kept from growing on this machine. */
  way(): Promise<Pick<ChosenDisk, 'way' | 'because'>>;
}

export interface WorkspaceOptions extends VolumeOptions {
  /** The lowest uid to give away; uids up to 9,999 above it are ours. */
  readonly firstUid: number;
  /** Whether this process may try to mount file systems: it is root. */
  readonly mountable: boolean;
  /** Hears of a way that is not the best. */
  readonly chosen: (chosen: ChosenDisk) => void;
}

const slots = 10_000;
const metaSchema = z.object({ uid: z.number().int().positive() });

export function openWorkspaces(options: WorkspaceOptions): Workspaces {
  const home = (task: TaskId) => join(options.directory, task);
  const metaPath = (task: TaskId) => join(home(task), 'meta.json');
  let choosing: Promise<ChosenDisk> | undefined;
  let uids: Promise<Map<TaskId, number>> | undefined;
  const inTurn = turns<TaskId>();

  function chosen(): Promise<ChosenDisk> {
    choosing ??= chooseDisk({ ...options, home }).then(
      (found) => {
        options.chosen(found);
        return found;
      },
      (error: unknown) => {
        choosing = undefined;
        throw error;
      },
    );
    return choosing;
  }
  const disk = async () => (await chosen()).disk;

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
    uid: claimUid,
    async claim(task, bytes) {
      const uid = await claimUid(task);
      return { uid, ...(await (await disk()).prepare(task, bytes)) };
    },
    open: (task, bytes) =>
      inTurn(task, async () => {
        const uid = await claimUid(task);
        return { uid, ...(await (await disk()).open(task, uid, bytes)) };
      }),
    find: (task) =>
      inTurn(task, async () => {
        if ((await readJson(metaPath(task))) === undefined) return undefined;
        const uid = await claimUid(task);
        const found = await (await disk()).find(task);
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
        await (await disk()).remove(task);
        await rm(home(task), { recursive: true, force: true });
        (await uids)?.delete(task);
      }),
    clearTrials: (now) => clearLoopTrials(options.directory, now),
    way: chosen,
  };
}
