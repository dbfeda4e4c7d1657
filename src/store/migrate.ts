import { Problem } from '../task/problem.ts';
import { type Connection, guarded } from './connection.ts';
import type { Keys } from './keys.ts';
import { createKeys } from './keys.ts';
import { indexTasks } from './rebuild.ts';

/**
 * The form of the whole store: which keys there are, and what each index holds. It grows with a step in `steps`. What one task looks like
 * has a version of its own (`schema.ts`), and is read in every form.
 */
export const storeVersion = 2;

/** Written in the place of a version while a backup is being restored. */
export const restoring = 'restoring';

type Step = (redis: Connection, keys: Keys) => Promise<void>;

/**
 * What makes a store of the version before one of this: to be repeated at will, by several processes at once, beside an Errand of
 * the version before that still works.
 */
const steps: Readonly<Record<number, Step>> = {
  /** Settled tasks are listed since; an Errand of version 1 listed those it settled itself, and the others when it first forgot any. */
  2: async (redis, keys) => {
    await indexTasks(redis, keys, await redis.zrange(keys.recentTasks, 0, '-1'));
    await redis.del(`${keys.settledTasks}:indexed`);
  },
};

/**
 * Makes what an older Errand stored readable for this one, before anything is read; says from which version. Throws `store_newer` for
 * what a newer one stored, `store_restoring` while a backup is being restored.
 */
export function bringUpToDate(redis: Connection, options: { instance?: string } = {}): Promise<{ from: number }> {
  const keys = createKeys(options.instance ?? 'default');
  return guarded('bring its store up to date', async () => {
    const { found, from } = await read(redis, keys);
    for (let version = from + 1; version <= storeVersion; version += 1) await steps[version]?.(redis, keys);
    if (from < storeVersion || found === null) await redis.set(keys.schema, storeVersion);
    return { from };
  });
}

/** Which version the store is of, as it is. Throws like `bringUpToDate`. */
export function versionOf(redis: Connection, options: { instance?: string } = {}): Promise<number> {
  const keys = createKeys(options.instance ?? 'default');
  return guarded('look which Errand its store is of', async () => (await read(redis, keys)).from);
}

async function read(redis: Connection, keys: Keys): Promise<{ found: string | null; from: number }> {
  const found = await redis.get(keys.schema);
  if (found === restoring) throw halfRestored();
  const from = found === null ? await unmarked(redis, keys) : Number(found);
  if (!Number.isInteger(from) || from > storeVersion) throw newer(found ?? '');
  return { found, from };
}

/** A store without a mark is empty, or of version 1, which had none. */
async function unmarked(redis: Connection, keys: Keys): Promise<number> {
  return (await redis.exists(keys.recentTasks)) === 1 ? 1 : storeVersion;
}

function newer(found: string): Problem {
  return new Problem({
    code: 'store_newer',
    sentence: `Errand does not start on this Redis: a newer Errand stored its tasks there (version ${found}, and this one knows ${storeVersion}).`,
    next: 'Start the newer Errand again; or restore a backup that was made before it, with npm run restore.',
  });
}

function halfRestored(): Problem {
  return new Problem({
    code: 'store_restoring',
    sentence:
      'Errand does not start on this Redis: a backup is being restored into it, or was and did not get through.',
    next: 'Wait until npm run restore is done, or run it again.',
  });
}
