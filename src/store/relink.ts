import { z } from 'zod';
import { type ChannelId, type MessageTs, parseTaskId } from '../task/ids.ts';
import { Problem } from '../task/problem.ts';
import type { Connection } from './connection.ts';
import type { Keys } from './keys.ts';
import { parseTask } from './schema.ts';

const abreast = 200;
const effect = z.object({ channel: z.string() });
const lenient = z.object({
  task: z.object({
    createdAt: z.number().catch(0),
    origin: z.object({
      key: z.string(),
      channel: z.string().transform((text) => text as ChannelId),
      thread: z
        .string()
        .transform((text) => text as MessageTs)
        .nullable()
        .catch(null),
    }),
  }),
});

/** Hears what of a backup can't be read, and why. It is restored as it was. */
export type Unreadable = (key: string, found: string) => void;

/**
 * Makes anew what leads to restored tasks: from their requests, threads and messages, and what is still to be said or to be looked at. What
 * was posted since the backup was made nobody here knows of: each first post of a restored task is looked for in Slack from then on.
 * A task or row that can't be read keeps no other from being found.
 */
export async function relink(
  redis: Connection,
  keys: Keys,
  names: readonly string[],
  { madeAt, unreadable }: { readonly madeAt: number; readonly unreadable: Unreadable },
): Promise<void> {
  const ids = names.filter((name) => name.startsWith('task:')).map((name) => name.slice('task:'.length));
  const tasks = (await inParts(ids, (id) => readTask(redis, keys, id, unreadable))).flat();
  // Of several tasks in one thread the last one has it.
  tasks.sort((one, other) => one.createdAt - other.createdAt);
  for (const { id, origin } of tasks) {
    await redis.set(keys.origin(origin.key), id);
    if (origin.thread !== null) await redis.set(keys.thread(origin.channel, origin.thread), id);
  }
  await inParts(ids, (id) => relinkMessages(redis, keys, id, { madeAt, unreadable }));
  const pending = names
    .filter((name) => /^lane:.*:pending$/.test(name))
    .map((name) => name.slice('lane:'.length, -':pending'.length));
  await inParts(pending, async (lane) => [await redis.zadd(keys.dirtyLanes, madeAt, lane)]);
  await inParts(
    names.filter((name) => name.startsWith('inbox:')).map((name) => name.slice('inbox:'.length)),
    async (key) => {
      if ((await redis.strlen(keys.envelope(key))) > 0) await redis.zadd(keys.inboxUnsettled, madeAt, key);
      return [];
    },
  );
}

async function readTask(redis: Connection, keys: Keys, text: string, unreadable: Unreadable) {
  const id = parseTaskId(text);
  const json = id === undefined ? null : await redis.hget(keys.task(id), 'json');
  if (json === null) return [];
  try {
    const { createdAt, origin } = parseTask(json);
    return [{ id: text, createdAt, origin }];
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    unreadable(`task:${text}`, error.failure.sentence);
    // Its request must not become a second task.
    const { data } = lenient.safeParse(parseJson(json));
    return data === undefined ? [] : [{ id: text, ...data.task }];
  }
}

async function relinkMessages(
  redis: Connection,
  keys: Keys,
  id: string,
  { madeAt, unreadable }: { readonly madeAt: number; readonly unreadable: Unreadable },
): Promise<string[]> {
  const lane = keys.lane(id);
  const hash = await redis.hgetall(lane);
  for (const [field, ts] of Object.entries(hash)) {
    if (!field.startsWith('t:')) continue;
    const key = field.slice(2);
    const { data, error } = effect.safeParse(parseJson(hash[`e:${key}`] ?? ''));
    if (data === undefined) unreadable(`lane:${id}`, `“${key}” can’t be read: ${z.prettifyError(error)}`);
    else await redis.set(`${keys.prefix}message:${data.channel}:${ts}`, JSON.stringify([id, key]));
  }
  await redis.hset(lane, 's', madeAt);
  return [];
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

async function inParts<Item, Result>(
  items: readonly Item[],
  act: (item: Item) => Promise<Result[]>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let at = 0; at < items.length; at += abreast) {
    results.push(...(await Promise.all(items.slice(at, at + abreast).map(act))).flat());
  }
  return results;
}
