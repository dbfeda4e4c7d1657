import { chmod, chown, lstat, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseTaskId, type TaskId } from '../task/ids.ts';
import { absent } from './files.ts';
import { openHostile } from './hostile-file.ts';

const maxFileBytes = 256 * 1024;

/** Where the gateways of an engine lie: what the broker keeps about each, and beside it the folder that the gateway itself writes to. */
export function gatewayHomes(directory: string) {
  const home = (task: TaskId) => join(directory, task);
  const socketDirectory = (task: TaskId) => join(home(task), 's');
  const policy = (task: TaskId) => join(directory, `${task}.json`);
  const log = (task: TaskId) => join(directory, `${task}.log`);
  const settings = (task: TaskId) => join(directory, `${task}.settings`);
  const socket = (task: TaskId) => join(socketDirectory(task), 'gateway.sock');

  return {
    home,
    /** What a container mounts. */
    socketDirectory,
    socket,
    policy,
    log,
    /** What package managers read; where the gateway's user writes nothing. */
    settings,
    /**
     * Makes the folders. Those of a gateway with a user of its own stay root's: it may make files there and replace its own, and
     * neither rename the socket's folder, which containers mount, nor list anything.
     */
    async make(task: TaskId, user: number | null): Promise<void> {
      await mkdir(directory, { recursive: true, mode: 0o711 });
      for (const [path, mode] of [
        [home(task), 0o711],
        [socketDirectory(task), 0o755],
      ] as const) {
        await mkdir(path, { recursive: true });
        if (user !== null) await chown(path, 0, user);
        await chmod(path, user === null ? mode : mode | 0o1030);
      }
    },
    /** Whose the folder was made to be; undefined where there is none. */
    async userOf(task: TaskId): Promise<number | undefined> {
      return (await lstat(home(task)).catch(absent))?.gid;
    },
    /** Hands over what an earlier gateway of the task, under another user, left. */
    async handOver(task: TaskId, user: number): Promise<void> {
      for (const name of ['meter.json', 'blocked.json', 'gateway.pid']) {
        const file = await openHostile(home(task), [name]);
        if (file === undefined) continue;
        if ((await file.stat()).nlink === 1) await file.chown(user, user);
        await file.close();
      }
    },
    /** What a gateway wrote, or undefined; the gateway may be anybody's by now, so no link is followed and no word of it believed. */
    async read(task: TaskId, name: 'meter.json' | 'blocked.json'): Promise<unknown> {
      if ((await lstat(home(task)).catch(absent)) === undefined) return undefined;
      const file = await openHostile(home(task), [name]);
      if (file === undefined) return undefined;
      try {
        return JSON.parse(await text(file.createReadStream({ end: maxFileBytes, autoClose: false })));
      } catch {
        return undefined;
      } finally {
        await file.close();
      }
    },
    async list(): Promise<readonly { task: TaskId; touchedAt: number }[]> {
      const names = (await readdir(directory).catch(absent)) ?? [];
      const found = await Promise.all(
        names.map(async (name) => {
          // A folder, or a file that lost its folder.
          const task = parseTaskId(name.split('.')[0] ?? '');
          const facts = await stat(join(directory, name)).catch(absent);
          return task === undefined || facts === undefined ? undefined : { task, touchedAt: facts.mtimeMs };
        }),
      );
      return found.filter((entry) => entry !== undefined);
    },
    async remove(task: TaskId): Promise<void> {
      for (const path of [home(task), policy(task), log(task), settings(task)])
        await rm(path, { recursive: true, force: true });
    },
  };
}
