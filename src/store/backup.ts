import { z } from 'zod';
import { type Connection, guarded } from './connection.ts';
import type { Keys } from './keys.ts';
import { createKeys } from './keys.ts';
import { scanKeys } from './scan.ts';

/** One key as Redis dumps it, under its name without the instance's prefix. */
export interface BackupRow {
  readonly name: string;
  /** Epoch milliseconds; 0 for one that stays. */
  readonly expiresAt: number;
  readonly dump: Buffer;
}

/** Made anew from what is stored, of use to this very process, or nobody's business tomorrow. */
const leftOut =
  /^(?:schema$|tasks:(?!settled$)|lanes:dirty$|inbox-unsettled$|jobs:|origin:|thread:|crew$|hosts|health:|duty:|turn:|attested:|lane:.*:lock$)/;
const apart = /^(?:inbox:|lane:|task:|events:|file:|files:)/;
/** What is read at once; Redis serves others between two of them. */
const abreast = 50;

/**
 * Reads out everything of an Errand that can't be made anew, while it works. What belongs together is read in one step: a task, its events
 * and what is said of it; an answer and whether it was given. And in an order that loses nothing: what Slack sent comes before the
 * tasks, so that what was no task yet is handled again, and the same request makes no second one.
 */
export async function* backUp(redis: Connection, options: { instance?: string } = {}): AsyncGenerator<BackupRow> {
  const keys = createKeys(options.instance ?? 'default');
  const read = (groups: readonly (readonly string[])[]) => readGroups(redis, keys, groups);
  yield* read(alone(await scanKeys(redis, keys, (name) => name.startsWith('inbox:'))));
  const others = await scanKeys(redis, keys, (name) => !leftOut.test(name));
  yield* read(alone(others.filter((name) => !apart.test(name))));
  const tasks = await guarded('list the tasks to back up', () => redis.zrange(keys.recentTasks, 0, '-1'));
  const known = new Set(tasks);
  const answers = others.filter((name) => /^lane:(?!.*:pending$)/.test(name) && !known.has(name.slice('lane:'.length)));
  yield* read(answers.map((name) => [name, `${name}:pending`]));
  yield* read(tasks.map((id) => [`task:${id}`, `events:${id}`, `lane:${id}`, `lane:${id}:pending`]));
  // After the tasks that name them, and each before it is counted.
  yield* read(alone(await scanKeys(redis, keys, (name) => name.startsWith('file:'))));
  yield* read([['files:until', 'files:sizes', 'files:sum']]);
}

function alone(names: readonly string[]): string[][] {
  return names.map((name) => [name]);
}

const replies = z.array(z.tuple([z.instanceof(Error).nullable(), z.unknown()]));
const dumped = z.instanceof(Buffer).nullable();

async function* readGroups(
  redis: Connection,
  keys: Keys,
  groups: readonly (readonly string[])[],
): AsyncGenerator<BackupRow> {
  for (let at = 0; at < groups.length; at += abreast) {
    const some = groups.slice(at, at + abreast);
    yield* (await Promise.all(some.map((names) => readTogether(redis, keys, names)))).flat();
  }
}

/** Keys that are gone by now are left out. */
function readTogether(redis: Connection, keys: Keys, names: readonly string[]): Promise<BackupRow[]> {
  return guarded('read what is to be backed up', async () => {
    const step = redis.multi();
    for (const name of names) step.dumpBuffer(`${keys.prefix}${name}`).pexpiretime(`${keys.prefix}${name}`);
    const found = replies.parse(await step.exec()).map(([error, value]) => {
      if (error !== null) throw error;
      return value;
    });
    return names.flatMap((name, index) => {
      const dump = dumped.parse(found[2 * index]);
      const expiresAt = z.int().parse(found[2 * index + 1]);
      return dump === null ? [] : { name, expiresAt: Math.max(0, expiresAt), dump };
    });
  });
}
