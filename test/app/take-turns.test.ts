import { describe, expect, test } from 'vitest';
import { type Slots, Turns } from '../../src/app/take-turns.ts';
import type { EngineId, TaskId, UserId } from '../../src/task/ids.ts';
import { toRunId } from '../../src/task/ids.ts';
import type { TurnLimits } from '../../src/task/line.ts';
import type { Task } from '../../src/task/task.ts';
import { bob, noTurnLimits, taskId } from '../task/example.ts';
import { problem, World } from './world.ts';

const [one, two, three, four] = [1, 2, 3, 4].map((number) => taskId(`t00000${number}`)) as [
  TaskId,
  TaskId,
  TaskId,
  TaskId,
];
const never = new AbortController().signal;

/** A worker's slots, and what became of the tasks that waited. */
function stage(slots: number, limits: Partial<TurnLimits> = {}) {
  const world = new World();
  world.policy = { ...world.policy, turns: { ...noTurnLimits, ...limits } };
  const begun: TaskId[] = [];
  const held = new Set<TaskId>();
  const own: Slots = {
    free: () => slots - begun.length,
    holds: (id) => held.has(id),
    attend: (task: Task) => void begun.push(task.id),
    left: () => undefined,
    closed: () => undefined,
  };
  const turns = new Turns(world.worker, own);
  const waits = (id: TaskId, since: number, requester?: UserId) =>
    world.has({ id, run: { type: 'queued', since, reason: null }, ...(requester && { requester }) });
  const reason = (id: TaskId) => {
    const run = world.tasks.get(id)?.run;
    return run?.type === 'queued' ? run.reason : undefined;
  };
  return { world, turns, begun, held, waits, reason, look: () => turns.look(never) };
}

describe('free slots', () => {
  test('go to whoever is next in turn, and no more of them than there are', async () => {
    const { begun, waits, look } = stage(2);
    waits(one, 1);
    waits(two, 2);
    waits(three, 3, bob);
    await look();
    expect(begun).toEqual([one, three]);
  });

  test('go to no task that this worker began something with since it looked at the line', async () => {
    const { world, begun, held, waits, look } = stage(1);
    waits(one, 1);
    waits(two, 2);
    world.sandbox.ready = async () => void held.add(one);
    await look();
    expect(begun).toEqual([two]);
  });

  test('go to the next where another worker was faster', async () => {
    const { world, begun, waits, look } = stage(1);
    waits(one, 1);
    waits(two, 2);
    const { apply } = world.store;
    world.store.apply = async (id, event, options) => {
      if (id === one && event.type === 'run_started') {
        const elsewhere = { ...event, engine: 'ENGINE:OTHER' as EngineId };
        await apply(id, elsewhere);
      }
      return apply(id, event, options);
    };
    await look();
    expect(begun).toEqual([two]);
    expect(world.reserved.has(toRunId(two, 1))).toBe(true);
  });

  test('go to others while somebody is at a limit, also one that this very look has reached', async () => {
    const { begun, waits, look } = stage(3, { personRuns: 1 });
    waits(one, 1);
    waits(two, 2);
    waits(three, 3, bob);
    await look();
    expect(begun).toEqual([one, three]);
  });

  test('go to no task that this worker has still to do with, until it has done', async () => {
    const { begun, held, waits, look } = stage(1);
    waits(one, 1);
    waits(two, 2);
    held.add(one);
    await look();
    expect(begun).toEqual([two]);
    begun.length = 0;
    held.clear();
    await look();
    expect(begun).toEqual([one]);
  });

  test('go on past a task that can not be read', async () => {
    const { world, begun, waits, look } = stage(1);
    waits(one, 1);
    waits(two, 2);
    const { find } = world.store;
    world.store.find = (id) => (id === one ? Promise.reject(problem('stored_data')) : find(id));
    await look();
    expect(begun).toEqual([two]);
  });

  test('go on past a task that an older Errand left in the line, which is taken out of it', async () => {
    const { world, begun, waits, look } = stage(1);
    waits(one, 1);
    waits(two, 2);
    const { waiting } = world.line();
    world.has({ id: one, run: { type: 'idle', outcome: null } });
    world.store.line = async () => ({ ...world.line(), waiting });
    await look();
    expect(begun).toEqual([two]);
    expect([...world.outOfLine]).toEqual([one]);
  });

  test('stay free while the store is away, and whoever looked is told', async () => {
    const { world, begun, waits, look } = stage(2);
    waits(one, 1);
    waits(two, 2);
    world.store.find = () => Promise.reject(problem('redis_down', { retry: true }));
    await expect(look()).rejects.toMatchObject({ failure: { code: 'redis_down' } });
    expect(begun).toEqual([]);
  });

  test('go to nobody once the worker is asked to go', async () => {
    const { turns, begun, waits } = stage(1);
    waits(one, 1);
    await turns.look(AbortSignal.abort());
    expect(begun).toEqual([]);
  });

  test('are looked at again for whoever came when a look had seen all who waited', async () => {
    const { world, begun, waits, look } = stage(2);
    waits(one, 1);
    const later: Promise<void>[] = [];
    world.store.line = async () => {
      const line = world.line();
      if (begun.length === 1 && later.length === 0) {
        waits(two, 2, bob);
        later.push(look());
      }
      return line;
    };
    await look();
    await Promise.all(later);
    expect(begun).toEqual([one, two]);
  });

  test('pass no limit that others reached since the line was read', async () => {
    const { world, begun, waits, look } = stage(2, { personRuns: 1 });
    waits(one, 1);
    waits(two, 2);
    world.store.line = async () => ({ ...world.line(), running: new Map() });
    await look();
    expect(begun).toEqual([one]);
    expect(world.reserved.has(toRunId(two, 1))).toBe(false);
  });
});

describe('an engine that can take no run', () => {
  function down(slots: number) {
    const staged = stage(slots);
    const { world } = staged;
    staged.waits(one, 1);
    staged.waits(two, 2);
    staged.waits(three, 3);
    let isDown = true;
    let asked = 0;
    world.sandbox.ready = async () => {
      asked += 1;
      if (isDown) throw problem('docker_down', { retry: true });
    };
    const back = () => {
      isDown = false;
    };
    return { ...staged, back, asked: () => asked };
  }

  test('is told to those who would have begun, and to nobody else', async () => {
    const { reason, look } = down(2);
    await look();
    expect([one, two, three].map(reason)).toEqual(['It is docker_down.', 'It is docker_down.', null]);
  });

  test('leaves what waits to others for a while, and is asked again after it', async () => {
    const { world, turns, begun, look, back, asked } = down(1);
    await look();
    expect([turns.isFree(), turns.isReady]).toEqual([false, false]);
    back();
    await look();
    expect([begun, asked()]).toEqual([[], 1]);
    world.now += 3_000;
    await look();
    expect([begun, turns.isReady]).toEqual([[one], true]);
  });

  test('is known to be back although nobody waits by then', async () => {
    const { world, turns, look, back } = down(1);
    await look();
    world.tasks.clear();
    back();
    world.now += 3_000;
    await look();
    expect(turns.isReady).toBe(true);
  });
});

describe('a worker', () => {
  test('has no room while all its slots are taken, and has it once one is given back', async () => {
    const { turns, begun, waits, look } = stage(1);
    waits(one, 1);
    await look();
    expect(turns.isFree()).toBe(false);
    let came = false;
    const freed = turns.freed(never).then(() => {
      came = true;
    });
    await look();
    expect(came).toBe(false);
    begun.length = 0;
    await look();
    await freed;
    expect(turns.isFree()).toBe(true);
  });

  test('that is asked to go waits for no room', async () => {
    const { turns, waits, look } = stage(1);
    waits(four, 1);
    await look();
    const stop = new AbortController();
    const freed = turns.freed(stop.signal);
    stop.abort();
    await freed;
  });
});
