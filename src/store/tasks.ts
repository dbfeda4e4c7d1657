import { z } from 'zod';
import type { TaskEvent } from '../task/events.ts';
import { type EngineId, type MessageTs, parseTaskId, type TaskId, type UserId } from '../task/ids.ts';
import type { Clock } from '../task/ports/clock.ts';
import type { Applied, ApplyOptions, Narrator, TaskStore } from '../task/ports/task-store.ts';
import { Problem } from '../task/problem.ts';
import type { Task } from '../task/task.ts';
import { currentRun, transition } from '../task/transition.ts';
import { type Connection, guarded, redisFull } from './connection.ts';
import { createForgetting } from './forgetting.ts';
import { formatOpen, isSettled } from './indexes.ts';
import type { Keys } from './keys.ts';
import { createLine, formatPlace, placeLua } from './line.ts';
import { fullLua } from './room.ts';
import { rowValues, upsertRowsLua } from './rows.ts';
import { formatFirstEvent, formatTask, parseEvent, parseTask } from './schema.ts';
import { createScript, setAlways } from './script.ts';
import { watch } from './watch.ts';

/** Each lost race means that another writer won, so this many writers at once on one task is no realistic load. */
const maxRaces = 200;
/** Enough for every event of a long task; trimmed in whole blocks, so somewhat more are kept. */
const keptEvents = 2_000;
const passing: ReadonlySet<TaskEvent['type']> = new Set(['progressed', 'time_passed', 'metered', 'turn_told']);
const cursorSeconds = 14 * 24 * 3_600;

const createTask = createScript(
  `
local prefix, id, origin, json, event, now, thread, open, place = unpack(ARGV, 1, 9)
${upsertRowsLua}
${placeLua}
local existing = redis.call('GET', prefix .. 'origin:' .. origin)
if existing then return {'duplicate', existing} end
local task = prefix .. 'task:' .. id
if redis.call('EXISTS', task) == 1 then return {'taken', id} end
${fullLua}
if isFull() then return {'full', ''} end
redis.call('SET', prefix .. 'origin:' .. origin, id)
redis.call('HSET', task, 'version', 1, 'json', json)
redis.call('XADD', prefix .. 'events:' .. id, '*', 'event', event)
redis.call('ZADD', prefix .. 'tasks:recent', now, id)
redis.call('ZADD', prefix .. 'tasks:unsettled', now, id)
if open ~= '' then redis.call('HSET', prefix .. 'tasks:open', id, open) end
putInPlace(id, place, now)
if thread ~= '' then redis.call('SET', thread, id) end
upsertRows(11, now)
redis.call('PUBLISH', prefix .. 'changed:tasks', id)
return {'created', id}
`,
  { refusable: true },
);

const replaceTask = createScript(`
local prefix, id, version, json, event, now, createdAt, unsettled, open, was, is, place = unpack(ARGV, 1, 12)
${upsertRowsLua}
${placeLua}
local task = prefix .. 'task:' .. id
local found = redis.call('HMGET', task, 'version', 'json')
if found[1] ~= version then return {'lost', found[1] or '', found[2] or ''} end
if not hasRoom(id, place) then return {'full', '', ''} end
redis.call('HSET', task, 'version', version + 1, 'json', json)
if event ~= '' then redis.call('XADD', prefix .. 'events:' .. id, 'MAXLEN', '~', ${keptEvents}, '*', 'event', event) end
if unsettled == '1' then
  redis.call('ZADD', prefix .. 'tasks:unsettled', createdAt, id)
  redis.call('ZREM', prefix .. 'tasks:settled', id)
else
  redis.call('ZREM', prefix .. 'tasks:unsettled', id)
  redis.call('ZADD', prefix .. 'tasks:settled', now, id)
end
if open ~= '' then
  redis.call('HSET', prefix .. 'tasks:open', id, open)
else
  redis.call('HDEL', prefix .. 'tasks:open', id)
end
if was ~= is and was ~= '' then redis.call('SREM', prefix .. 'tasks:on:' .. was, id) end
if was ~= is and is ~= '' then redis.call('SADD', prefix .. 'tasks:on:' .. is, id) end
putInPlace(id, place, now)
upsertRows(14, now)
redis.call('PUBLISH', prefix .. 'changed:tasks', id)
if was ~= '' then redis.call('PUBLISH', prefix .. 'changed:on:' .. was, id) end
if is ~= '' and is ~= was then redis.call('PUBLISH', prefix .. 'changed:on:' .. is, id) end
return {'replaced', '', ''}
`);

const created = z.tuple([z.enum(['created', 'duplicate', 'taken', 'full']), z.string()]);
const replaced = z.tuple([z.enum(['replaced', 'lost', 'full']), z.string(), z.string()]);
const streamEntry = z.tuple([z.string(), z.tuple([z.literal('event'), z.string()])]);

interface Stored {
  readonly version: string;
  readonly json: string;
}

export function createTaskStore(redis: Connection, keys: Keys, narrate: Narrator, clock: Clock): TaskStore {
  async function load(id: TaskId): Promise<Stored | undefined> {
    const [version, json] = await redis.hmget(keys.task(id), 'version', 'json');
    return version && json ? { version, json } : undefined;
  }

  async function find(id: TaskId): Promise<Task | undefined> {
    const stored = await load(id);
    return stored && parseTask(stored.json);
  }

  async function apply(id: TaskId, event: TaskEvent, { epoch, within }: ApplyOptions): Promise<Applied> {
    let stored = await load(id);
    for (let race = 0; race < maxRaces; race += 1) {
      if (stored === undefined) return { type: 'refused', reason: 'unknown_task', task: undefined };
      const before = parseTask(stored.json);
      // The write below holds for this very version, so that this check holds for it too.
      if (epoch !== undefined && before.epoch !== epoch)
        return { type: 'refused', reason: 'stale_epoch', task: before };
      const moved = transition(before, event);
      if (!moved.applied) return { type: 'refused', reason: moved.reason, task: before };
      const { task } = moved;
      const [result, version, json] = replaced.parse(
        await replaceTask(
          redis,
          [keys.task(id)],
          [
            keys.prefix,
            id,
            stored.version,
            formatTask(task),
            // Progress, time and what a meter shows are states rather than facts: only the newest is of use, and the task has it.
            isPassing(event, before) ? '' : JSON.stringify(event),
            clock.now(),
            task.createdAt,
            isSettled(task) ? '0' : '1',
            formatOpen(task),
            engineOf(before),
            engineOf(task),
            formatPlace(task, within),
            ...rowValues(narrate(task, event, before)),
          ],
        ),
      );
      if (result === 'replaced') return { type: 'applied', task };
      if (result === 'full') return { type: 'refused', reason: 'no_room', task: before };
      stored = version === '' ? undefined : { version, json };
    }
    throw new Problem(
      {
        code: 'task_contended',
        sentence: `Errand could not write to task ${id}: others wrote to it ${maxRaces} times meanwhile.`,
        next: 'Try again.',
      },
      { retry: true },
    );
  }

  return {
    create: (task, rows) =>
      guarded(`store the task “${task.title}”`, async () => {
        const { channel, thread, key } = task.origin;
        const [result, id] = created.parse(
          await createTask(
            redis,
            [keys.task(task.id)],
            [
              keys.prefix,
              task.id,
              key,
              formatTask(task),
              formatFirstEvent(task),
              task.createdAt,
              thread === null ? '' : keys.thread(channel, thread),
              formatOpen(task),
              formatPlace(task),
              ...rowValues(rows),
            ],
          ),
        );
        if (result === 'created') return { created: true, task };
        if (result === 'full') throw redisFull(`store the task “${task.title}”`);
        const existing = result === 'duplicate' ? parseTaskId(id) : undefined;
        const found = existing && (await find(existing));
        if (found) return { created: false, task: found };
        throw new Problem(
          {
            code: 'task_id_taken',
            sentence: `Errand could not store the task “${task.title}”: the id ${task.id} is in use.`,
            next: 'Try again.',
          },
          { retry: true },
        );
      }),

    find: (id) => guarded(`read task ${id}`, () => find(id)),

    findByOrigin: (key) =>
      guarded('find the task of a request', async () => {
        const id = parseTaskId((await redis.get(keys.origin(key))) ?? '');
        return id && find(id);
      }),

    findByThread: (channel, thread) =>
      guarded('find the task of a thread', async () => {
        const [own, message] = await redis.mget(keys.thread(channel, thread), keys.message(channel, thread));
        const lane = message && z.tuple([z.string(), z.string()]).parse(JSON.parse(message))[0];
        const id = parseTaskId(own ?? lane ?? '');
        return id && find(id);
      }),

    apply: (id, event, options) =>
      guarded(`note “${event.type}” for task ${id}`, () => apply(id, event, options ?? {})),

    events: (id) =>
      guarded(`read the events of task ${id}`, async () => {
        const entries = z.array(streamEntry).parse(await redis.xrange(keys.events(id), '-', '+'));
        return entries.map(([, [, json]]) => parseEvent(json));
      }),

    unsettled: () =>
      guarded('list unsettled tasks', async () =>
        (await redis.zrange(keys.unsettledTasks, 0, '-1')).flatMap((id) => parseTaskId(id) ?? []),
      ),

    open: () =>
      guarded('list what is queued or running', async () =>
        Object.entries(await redis.hgetall(keys.openTasks)).flatMap(([text, value]) => {
          const id = parseTaskId(text);
          const [requester = '', queued] = value.split(' ');
          return id === undefined ? [] : [{ id, requester: requester as UserId, queued: queued === 'queued' }];
        }),
      ),

    runningOn: (engine) =>
      guarded('list what runs on this machine', async () =>
        (await redis.smembers(keys.tasksOn(engine))).flatMap((id) => parseTaskId(id) ?? []),
      ),

    ...createLine(redis, keys),

    recent: (limit) =>
      guarded('list tasks', async () => {
        const ids = await redis.zrange(keys.recentTasks, 0, String(limit - 1), 'REV');
        const tasks = await Promise.all(ids.flatMap((id) => parseTaskId(id) ?? []).map(find));
        return tasks.flatMap((task) => task ?? []);
      }),

    ...createForgetting(redis, keys, clock),

    watch: (changed, signal, engine) =>
      watch(
        redis,
        engine === undefined ? keys.changedTasks : keys.changedTasksOn(engine),
        () =>
          engine === undefined ? redis.zrange(keys.unsettledTasks, 0, '-1') : redis.smembers(keys.tasksOn(engine)),
        (text) => {
          const id = parseTaskId(text);
          if (id) changed(id);
        },
        signal,
      ),

    deliveredTs: (id, key) =>
      guarded(`find a message of task ${id}`, async () => {
        const ts = await redis.hget(keys.lane(id), `t:${key}`);
        return ts === null ? null : (ts as MessageTs);
      }),

    remember: (name, value) =>
      guarded(`remember ${name}`, async () => {
        await setAlways(redis, [keys.fact(name)], [value]);
      }),

    recall: (name) => guarded(`recall ${name}`, () => redis.get(keys.fact(name))),

    cursor: (run) =>
      guarded(`read the cursor of run ${run}`, async () => {
        const cursor = await redis.get(keys.cursor(run));
        return cursor === null ? null : z.coerce.number().int().parse(cursor);
      }),

    saveCursor: (run, cursor) =>
      guarded(`save the cursor of run ${run}`, async () => {
        await setAlways(redis, [keys.cursor(run)], [cursor, 'EX', cursorSeconds]);
      }),
  };
}
/** The engine that a task's run is on; '' for one without. */
function engineOf({ run }: Task): EngineId | '' {
  return currentRun(run)?.engine ?? '';
}

/** What waits on for the same reason is no news. */
function isPassing(event: TaskEvent, { run }: Task): boolean {
  return (
    passing.has(event.type) || (event.type === 'run_delayed' && run.type === 'queued' && run.reason === event.reason)
  );
}
