import { Cluster } from 'ioredis';
import { z } from 'zod';
import { Problem } from '../task/problem.ts';
import type { BackupRow } from './backup.ts';
import { type Connection, guarded } from './connection.ts';
import { createKeys, type Keys } from './keys.ts';
import { restoring, storeVersion } from './migrate.ts';
import { indexTasks } from './rebuild.ts';
import { relink, type Unreadable } from './relink.ts';
import { scanKeys } from './scan.ts';

const abreast = 500;

export interface RestoreOptions {
  readonly instance?: string;
  /** The form of the store that the backup is of. */
  readonly version: number;
  /** When it was made, epoch milliseconds. */
  readonly madeAt: number;
  /** Whether what is stored already may go. */
  readonly replace: boolean;
  readonly unreadable?: Unreadable;
}

/**
 * Puts a backup in the place of what is stored, and makes anew what leads to its tasks. Until it is through no Errand starts there; one that
 * broke off is simply done again. Refuses while an Errand works on this Redis (`store_in_use`), where there are tasks that nobody said may
 * go (`store_not_empty`), and a backup of a newer Errand (`store_newer`). Returns how many tasks there are now.
 */
export function restore(
  redis: Connection,
  rows: AsyncIterable<BackupRow>,
  { version, madeAt, replace, instance = 'default', unreadable = () => undefined }: RestoreOptions,
): Promise<number> {
  const keys = createKeys(instance);
  return guarded('restore a backup', async () => {
    if (version > storeVersion) throw madeByNewer(version);
    const users = await usersOf(redis);
    if (users.length > 0) throw inUse(users);
    const isOwnAttempt = (await redis.get(keys.schema)) === restoring;
    const found = isOwnAttempt ? 0 : await redis.zcard(keys.recentTasks);
    if (found > 0 && !replace) throw notEmpty(found);
    await redis.set(keys.schema, restoring);
    await removeAll(redis, keys);
    const names: string[] = [];
    for await (const some of batches(rows)) {
      await write(redis, keys, some);
      names.push(...some.map(({ name }) => name));
    }
    const tasks = names.filter((name) => name.startsWith('task:')).map((name) => name.slice('task:'.length));
    await indexTasks(redis, keys, tasks);
    await relink(redis, keys, names, { madeAt, unreadable });
    await redis.set(keys.schema, version);
    return tasks.length;
  });
}

/** Whoever works on a store has a connection of this name. */
const ofErrand = /\bname=errand-(bot|worker)\b/g;

async function usersOf(redis: Connection): Promise<string[]> {
  const nodes = redis instanceof Cluster ? redis.nodes('master') : [redis];
  const lists = await Promise.all(nodes.map((node) => node.client('LIST')));
  return [...new Set(lists.flatMap((list) => Array.from(String(list).matchAll(ofErrand), ([, user = '']) => user)))];
}

async function removeAll(redis: Connection, keys: Keys): Promise<void> {
  const names = await scanKeys(redis, keys, (name) => name !== 'schema');
  for (let at = 0; at < names.length; at += abreast) {
    await redis.unlink(...names.slice(at, at + abreast).map((name) => `${keys.prefix}${name}`));
  }
}

async function* batches(rows: AsyncIterable<BackupRow>): AsyncGenerator<BackupRow[]> {
  let some: BackupRow[] = [];
  for await (const row of rows) {
    if (row.expiresAt !== 0 && row.expiresAt <= Date.now()) continue;
    some.push(row);
    if (some.length < abreast) continue;
    yield some;
    some = [];
  }
  if (some.length > 0) yield some;
}

const replies = z.array(z.tuple([z.instanceof(Error).nullable(), z.unknown()]));

async function write(redis: Connection, keys: Keys, rows: readonly BackupRow[]): Promise<void> {
  const step = redis.pipeline();
  for (const { name, expiresAt, dump } of rows)
    step.restore(`${keys.prefix}${name}`, expiresAt, dump, 'REPLACE', 'ABSTTL');
  for (const [error] of replies.parse(await step.exec())) if (error !== null) throw error;
}

function inUse(users: readonly string[]): Problem {
  return new Problem({
    code: 'store_in_use',
    sentence: `The backup was not restored: an Errand works on this Redis (${users.join(', ')}).`,
    next: 'Stop it (end npm start, or the services of bot and workers), and try again.',
  });
}

function notEmpty(tasks: number): Problem {
  return new Problem({
    code: 'store_not_empty',
    sentence: `The backup was not restored: this Redis has ${tasks === 1 ? 'a task' : `${tasks} tasks`} already, which would be lost.`,
    next: 'Back them up with npm run backup; then restore with --replace, which removes them first.',
  });
}

function madeByNewer(version: number): Problem {
  return new Problem({
    code: 'store_newer',
    sentence: `The backup was not restored: a newer Errand made it (its store has version ${version}, and this one knows ${storeVersion}).`,
    next: 'Restore it with that Errand.',
  });
}
