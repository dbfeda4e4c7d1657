import { once } from 'node:events';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { merge } from '../../src/app/merge.ts';
import { pushWork } from '../../src/app/push-work.ts';
import { watchPulls } from '../../src/app/watch-pull.ts';
import { Worker } from '../../src/app/worker.ts';
import type { Host } from '../../src/task/hosts.ts';
import { type EngineId, toRunId } from '../../src/task/ids.ts';
import type { PullView } from '../../src/task/ports/forge.ts';
import type { Checkout, Task } from '../../src/task/task.ts';
import { approval, bob, other, part, pull, pullStates, report, run, sha, taskId } from '../task/example.ts';
import { problem, World } from './world.ts';

const never = { lookEveryMs: 3_600_000, sweepEveryMs: 3_600_000, pullEveryMs: 3_600_000, reapEveryMs: 3_600_000 };
const one = taskId('t000001');
const two = taskId('t000002');
const ending = new AbortController();
afterEach(() => vi.restoreAllMocks());

async function working(world: World, times: Partial<typeof never> = {}, concurrency = 2) {
  const worker = new Worker(world.worker, { concurrency });
  const stop = new AbortController();
  const ended = worker.run(stop.signal, { ...never, ...times });
  await vi.waitFor(() => expect(world.handlers.has('merge')).toBe(true));
  return {
    worker,
    run: (id: typeof one) => world.handlers.get('run')?.(id),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended;
    },
  };
}

test('a worker that is asked to go does so without an error, and lets go of its runs', async () => {
  const world = new World();
  await using _working = await working(world);
});

test('a worker that is asked to go in the midst of a step that takes long goes without it', async () => {
  const world = new World();
  world.has({ id: one });
  const begun = Promise.withResolvers<void>();
  world.sandbox.export = async () => {
    begun.resolve();
    return await new Promise(() => {});
  };
  const worker = new Worker(world.worker, { concurrency: 1, drainMs: 1 });
  const stop = new AbortController();
  const ended = worker.run(stop.signal, never);
  await vi.waitFor(() => expect(world.handlers.has('merge')).toBe(true));
  await world.handlers.get('run')?.(one);
  await begun.promise;
  stop.abort();
  await ended;
  expect(world.tasks.get(one)?.run.type).toBe('running');
});

test('a thousand leftovers on the engine keep no task from its slot', async () => {
  const world = new World();
  world.has({ id: one });
  world.sandbox.list = async () =>
    Array.from({ length: 1_000 }, (_, index) => {
      const task = taskId(`t1${String(index).padStart(5, '0')}`);
      return { task, run: toRunId(task, 1), running: true };
    });
  const removed: string[] = [];
  world.sandbox.remove = async (id) => {
    removed.push(id);
    if (id !== one) await new Promise(() => {});
  };
  const worker = new Worker(world.worker, { concurrency: 1, drainMs: 1 });
  const stop = new AbortController();
  const ended = worker.run(stop.signal, never);
  await vi.waitFor(() => expect(world.handlers.has('merge')).toBe(true));
  await world.handlers.get('run')?.(one);
  await vi.waitFor(() => expect(removed).toContain(one));
  expect(removed.length).toBeLessThan(10);
  stop.abort();
  await ended;
});

test('an engine that is away keeps no merge waiting, and what was to be cleared comes with the next sweep', async () => {
  const world = new World();
  const pulls = { ...pullStates.merging, approval };
  world.has({ id: one, run: { type: 'idle', outcome: null }, pull: pulls });
  let asked = 0;
  world.sandbox.list = async () => {
    asked += 1;
    throw problem('docker_down', { retry: true });
  };
  await using _working = await working(world, { sweepEveryMs: 1 });
  expect(world.woken).toContainEqual({ job: { type: 'merge', task: one }, options: { unlessWaiting: true } });
  await vi.waitFor(() => expect(asked).toBeGreaterThan(2));
});

test('a second wake-up of a task that runs does not keep the queue waiting for it', async () => {
  const world = new World();
  world.has({ id: one });
  world.sandbox.records = async function* (_run, _after, signal) {
    yield { n: 1, at: 1, type: 'ready' };
    if (!signal.aborted) await once(signal, 'abort');
  };
  await using at = await working(world);
  await at.run(one);
  expect(world.tasks.get(one)?.run.type).toBe('running');
  await at.run(one);
});

test('while the sandboxes don’t hold, a task waits with the reason in its thread, and takes no attempt', async () => {
  const world = new World();
  world.has({ id: one });
  let unsafe = true;
  world.sandbox.ready = async () => {
    if (unsafe) throw problem('sandbox_unsafe', { retry: true });
  };
  await using at = await working(world);
  await at.run(one);
  expect(world.tasks.get(one)).toMatchObject({ run: { type: 'queued', reason: 'It is sandbox_unsafe.' }, runs: 0 });
  expect(JSON.stringify(world.said.find(({ key }) => key === 'root'))).toContain('It is sandbox_unsafe.');
  unsafe = false;
  world.now += 3_000;
  await at.run(one);
  expect(world.tasks.get(one)?.runs).toBe(1);
});

test('while a disk is nearly full, a task waits with the reason in its thread, and what can be spared goes sooner', async () => {
  const world = new World();
  world.has({ id: one });
  world.sandbox.ready = () => Promise.reject(problem('disk_low', { retry: true }));
  const urgent: boolean[] = [];
  const worker = new Worker(
    { ...world.worker, reap: async (_alive, hurry) => void urgent.push(hurry) },
    { concurrency: 1 },
  );
  const stop = new AbortController();
  const ended = worker.run(stop.signal, never);
  await vi.waitFor(() => expect(world.handlers.has('merge')).toBe(true));
  await world.handlers.get('run')?.(one);
  expect(world.tasks.get(one)).toMatchObject({ run: { type: 'queued', reason: 'It is disk_low.' }, runs: 0 });
  await vi.waitFor(() => expect(urgent).toEqual([false, true]));
  stop.abort();
  await ended;
});

test('a task whose wake-up went down with a worker is taken up by another that looks by itself', async () => {
  const world = new World();
  world.has({ id: one });
  await using _working = await working(world, { lookEveryMs: 1 });
  await vi.waitFor(() => expect(world.tasks.get(one)?.runs).toBe(1));
});

test('a wake-up starts whoever is next, whichever task it names', async () => {
  const world = new World();
  world.has({ id: one, run: { type: 'queued', since: 2, reason: null } });
  world.has({ id: two, run: { type: 'queued', since: 1, reason: null } });
  world.sandbox.records = async function* (_run, _after, signal) {
    yield { n: 1, at: 1, type: 'ready' };
    if (!signal.aborted) await once(signal, 'abort');
  };
  await using at = await working(world, {}, 1);
  await at.run(one);
  expect([one, two].map((id) => world.tasks.get(id)?.run.type)).toEqual(['queued', 'running']);
});

test('a slot that is given back goes to whoever is next, without a wake-up', async () => {
  const world = new World();
  world.has({ id: one, run: { type: 'queued', since: 1, reason: null } });
  world.has({ id: two, run: { type: 'queued', since: 2, reason: null } });
  await using at = await working(world, {}, 1);
  await at.run(one);
  await vi.waitFor(() => expect(world.tasks.get(two)?.runs).toBe(1));
});

test('one task that can not be read keeps no other from being taken up', async () => {
  const world = new World();
  world.has({ id: one });
  world.has({ id: two });
  const find = world.store.find;
  world.store.find = async (id) => (id === one ? Promise.reject(problem('stored_data')) : find(id));
  await using at = await working(world);
  await at.run(one);
  expect(world.tasks.get(two)?.runs).toBe(1);
});

test('of several workers one looks at all pull requests; what GitHub tells of, whoever is woken', async () => {
  const world = new World();
  world.onDuty = false;
  world.has({ id: one, run: { type: 'idle', outcome: null }, pull: pullStates.open });
  const look = vi.spyOn(world.forge, 'findPull');
  const takes = vi.fn(async () => world.onDuty);
  const worker = new Worker({ ...world.worker, duty: { take: takes } }, { concurrency: 2 });
  const stop = new AbortController();
  const ended = worker.run(stop.signal, { ...never, pullEveryMs: 1 });
  await vi.waitFor(() => expect(takes.mock.calls.length).toBeGreaterThan(2));
  expect(look).not.toHaveBeenCalled();
  await world.handlers.get('pull')?.(one);
  expect(look).toHaveBeenCalledOnce();
  world.onDuty = true;
  await vi.waitFor(() => expect(look.mock.calls.length).toBeGreaterThan(1));
  stop.abort();
  await ended;
});

test('one pull request that can not be looked at keeps no other from being looked at', async () => {
  const world = new World();
  world.has({ id: one, run: { type: 'idle', outcome: null }, pull: pullStates.open });
  const second = { ...pullStates.open, pull: { ...pull, number: 8 } };
  world.has({ id: two, run: { type: 'idle', outcome: null }, pull: second });
  world.forge.findPull = async (_repository, number): Promise<PullView> => {
    if (number === pull.number) throw problem('github_404');
    return { ...second.pull, state: 'closed', commit: null, isDraft: false };
  };
  await using _working = await working(world, { pullEveryMs: 1 });
  await vi.waitFor(() => expect(world.tasks.get(two)?.parts[0].pull.type).toBe('closed'));
});

describe('of a task’s pull requests, one that can not be looked at', () => {
  function twoOpen(error: Error) {
    const world = new World();
    const parts = [part({ pull: pullStates.open }), part({ repository: other, pull: pullStates.open })] as const;
    const task = world.has({ id: one, run: { type: 'idle', outcome: null }, parts });
    world.forge.findPull = async (from): Promise<PullView> => {
      if (from !== other) throw error;
      return { ...pull, state: 'merged', commit: sha('c'), isDraft: false };
    };
    const types = () => world.look(task).parts.map((each) => each.pull.type);
    return { world, types };
  }

  test('hides nothing of the others from the watch', async () => {
    const { world, types } = twoOpen(problem('github_404'));
    await using _working = await working(world, { pullEveryMs: 1 });
    await vi.waitFor(() => expect(types()).toEqual(['open', 'merged']));
  });

  test('hides nothing of the others when somebody asks, who is told all the same', async () => {
    const { world, types } = twoOpen(problem('github_404'));
    await expect(watchPulls(world.worker, one)).rejects.toMatchObject({ failure: { code: 'github_404' } });
    expect(types()).toEqual(['open', 'merged']);
  });

  test('for a limit that holds for all is the last that GitHub is asked for', async () => {
    const { world, types } = twoOpen(problem('github_limit', { retry: true, retryAt: 99 }));
    await expect(watchPulls(world.worker, one)).rejects.toMatchObject({ failure: { code: 'github_limit' } });
    expect(types()).toEqual(['open', 'open']);
  });
});

describe('a run on another machine', () => {
  const elsewhere = 'ENGINE:GONE' as EngineId;
  const machine: Host = {
    ...{ engine: elsewhere, name: 'host-2', instance: '0000000b', state: 'serving', ready: true, slots: 2, running: 1 },
    ...{ beat: 7, silentMs: 50_000 },
  };
  function running(world: World, more: Partial<Task> = {}) {
    return world.has({ id: one, runs: 1, run: { type: 'running', run: { ...run(1), engine: elsewhere } }, ...more });
  }
  async function sweepTwice(world: World, at: Awaited<ReturnType<typeof working>>) {
    await at.worker.recover(ending.signal);
    world.elapsedMs += 20_000;
    await at.worker.recover(ending.signal);
  }

  test('is done anew once that one is lost, and its thread says so', async () => {
    const world = new World();
    const checkout = { ...part().checkout, at: 1, base: sha('0'), start: sha('d'), remote: sha('d') } as Checkout;
    running(world, { parts: [part({ checkout })] });
    world.machines.push(machine);
    await using at = await working(world);
    await sweepTwice(world, at);
    expect(world.tasks.get(one)?.run).toMatchObject({ type: 'queued' });
    expect(world.woken.at(-1)?.job).toEqual({ type: 'run', task: one });
    const words = JSON.stringify(world.said.find(({ key }) => key === 'lost-t000001-r1'));
    expect(words).toContain(
      '(host-2) has not answered for 50 s. Run 1 is done anew on another one, from commit `ddddddd`',
    );
  });

  test('is left alone while that one answers', async () => {
    const world = new World();
    running(world);
    world.machines.push({ ...machine, silentMs: 4_000 });
    await using at = await working(world);
    await sweepTwice(world, at);
    expect(world.tasks.get(one)?.run.type).toBe('running');
  });

  test('is left to whoever leads', async () => {
    const world = new World();
    world.leads = false;
    running(world);
    world.machines.push(machine);
    await using at = await working(world);
    await sweepTwice(world, at);
    expect(world.tasks.get(one)?.run.type).toBe('running');
  });
});

test('what this worker had, and was done anew elsewhere while it was cut off, is ended unheard', async () => {
  const world = new World();
  world.has({ id: one, runs: 2, run: { type: 'running', run: { ...run(2), engine: 'ENGINE:OTHER' as EngineId } } });
  world.sandbox.list = async () => [{ task: one, run: run(1).id, running: true }];
  const removing = vi.spyOn(world.sandbox, 'remove');
  await using at = await working(world);
  const before = world.said.length;
  await at.worker.clearLeftovers();
  expect(removing).toHaveBeenCalledWith(one, expect.anything());
  expect(world.said.length).toBe(before);
  expect(world.look({ id: one }).run).toMatchObject({ type: 'running', run: { number: 2 } });
});

describe('a follow-up', () => {
  const home = 'ENGINE:HOME' as EngineId;
  const machine: Host = {
    ...{ engine: home, name: 'host-2', instance: '0000000b', state: 'serving', ready: true, slots: 2, running: 1 },
    ...{ beat: 7, silentMs: 1_000 },
  };

  test('is left to the machine that has its checkout, which is woken', async () => {
    const world = new World();
    world.has({ id: one, runs: 1, home });
    world.has({ id: two, runs: 1 });
    world.machines.push(machine);
    await using at = await working(world);
    await at.run(two);
    expect(world.tasks.get(one)).toMatchObject({ run: { type: 'queued', reason: null }, runs: 1 });
    expect(world.woken).toContainEqual({ job: { type: 'run', task: one }, options: { at: home, unlessWaiting: true } });
    expect(world.tasks.get(two)?.runs).toBe(2);
  });

  test('wakes that machine once in a look, however many it has', async () => {
    const world = new World();
    world.has({ id: one, runs: 1, home });
    world.has({ id: two, runs: 1, home });
    world.machines.push(machine);
    await using at = await working(world);
    const before = world.woken.length;
    await at.run(two);
    expect([one, two].map((id) => world.tasks.get(id)?.runs)).toEqual([1, 1]);
    expect(world.woken.slice(before).filter(({ options }) => options.at === home)).toHaveLength(1);
  });

  test('says what it waits for while there is no place there', async () => {
    const world = new World();
    world.has({ id: one, runs: 1, home });
    world.machines.push({ ...machine, running: 2 });
    await using at = await working(world);
    await at.run(one);
    expect(JSON.stringify(world.said.find(({ key }) => key === 'root'))).toContain('a free place on host-2');
  });

  test.each([
    ['silent', { silentMs: 25_000 }],
    ['without an engine', { ready: false }],
  ])('is taken by another machine when that one is %s', async (_, how) => {
    const world = new World();
    world.has({ id: one, runs: 1, home });
    world.machines.push({ ...machine, ...how });
    await using at = await working(world);
    await at.run(one);
    expect(world.tasks.get(one)?.runs).toBe(2);
  });

  test('is taken by another machine when nobody knows that one', async () => {
    const world = new World();
    world.has({ id: one, runs: 1, home });
    await using at = await working(world);
    await at.run(one);
    expect(world.tasks.get(one)?.runs).toBe(2);
  });

  test('has its checkout forgotten there once its pull request was merged from here', async () => {
    const world = new World();
    world.has({
      id: one,
      runs: 1,
      home,
      run: { type: 'idle', outcome: null },
      pull: { ...pullStates.merging, approval },
    });
    world.machines.push(machine);
    await merge(world.worker, one, ending.signal);
    expect(world.woken).toContainEqual({ job: { type: 'pull', task: one }, options: { at: home } });
  });
});

test('nothing is pushed by a worker that may have been replaced', async () => {
  const world = new World();
  const task = await world.running({ id: one, parts: [part({ repositoryId: 7 })] });
  const pushing = vi.spyOn(world.repositories, 'push');
  const { worker: deps } = world;
  const lease = {
    ...deps.lease,
    check: () => {
      throw problem('lease_lost', { retry: true });
    },
  };
  const [only] = task.parts;
  await expect(pushWork({ ...deps, lease }, task, { ...only, index: 0, remote: null }, sha('b'))).rejects.toMatchObject(
    { failure: { code: 'lease_lost' } },
  );
  expect(pushing).not.toHaveBeenCalled();
});

test('the next run of a task starts after the leftovers of the last one are cleared away', async () => {
  const world = new World();
  const task = world.has({
    id: one,
    runs: 1,
    run: { type: 'idle', outcome: { type: 'stopped', by: bob, kept: [] } },
  });
  await using at = await working(world);
  world.sandbox.list = async () => [{ task: one, run: run(1).id, running: true }];
  const order: string[] = [];
  const removing = Promise.withResolvers<void>();
  world.sandbox.remove = async () => {
    removing.resolve();
    await new Promise(setImmediate);
    order.push('removed');
  };
  world.sandbox.start = async () => void order.push('started');
  const recovering = at.worker.clearLeftovers();
  await removing.promise;
  await world.store.apply(one, { type: 'retried', by: bob, at: 1 });
  await Promise.all([recovering, at.run(one)]);
  await vi.waitFor(() => expect(order).toContain('started'));
  expect(order.slice(0, 2)).toEqual(['removed', 'started']);
  expect(world.look(task).runs).toBe(2);
});

test('leftovers of a task whose next run is just being claimed are left to that run', async () => {
  const world = new World();
  const task = world.has({ id: one, runs: 1 });
  await using at = await working(world);
  world.sandbox.list = async () => [{ task: one, run: run(1).id, running: true }];
  const remove = vi.spyOn(world.sandbox, 'remove');
  const { apply } = world.store;
  const [claiming, claimed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  world.store.apply = async (...args) => {
    if (args[1].type === 'run_started') {
      claiming.resolve();
      await claimed.promise;
    }
    return apply(...args);
  };
  const looking = at.run(one);
  await claiming.promise;
  await at.worker.clearLeftovers();
  expect(remove).not.toHaveBeenCalled();
  claimed.resolve();
  await looking;
  expect(world.look(task).runs).toBe(2);
});

test('a run that begins while its task’s branch is pushed keeps its slot when the push has settled', async () => {
  const world = new World();
  const task = world.has({ id: one, runs: 1 });
  world.sandbox.records = async function* (_run, _after, signal) {
    yield { n: 1, at: 1, type: 'ready' };
    if (!signal.aborted) await once(signal, 'abort');
  };
  await using at = await working(world);
  const { apply, find } = world.store;
  const [claiming, claimed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  world.store.apply = async (...args) => {
    if (args[1].type === 'run_started') {
      claiming.resolve();
      await claimed.promise;
    }
    return apply(...args);
  };
  const looking = at.run(one);
  await claiming.promise;
  const pushed = Promise.withResolvers<void>();
  world.store.find = async (id) => {
    world.store.find = find;
    await pushed.promise;
    return find(id);
  };
  const pushing = world.handlers.get('push')?.(one);
  claimed.resolve();
  await looking;
  expect(at.worker.running).toBe(1);
  pushed.resolve();
  await pushing;
  await new Promise(setImmediate);
  expect(at.worker.running).toBe(1);
  expect(world.look(task).runs).toBe(2);
});

test('CI is released after what is just ending, since both work in the same clone', async () => {
  const world = new World();
  const release = { by: bob, delay: null };
  const results = [{ run: 1, head: pull.head, by: 'run', report, ci: { type: 'held', target: false } } as const];
  const parts = [part({ pull: { ...pullStates.open, release }, results })] as const;
  world.has({ id: one, runs: 1, run: { type: 'idle', outcome: null }, parts });
  await using at = await working(world);
  world.sandbox.list = async () => [{ task: one, run: run(1).id, running: true }];
  const order: string[] = [];
  const removing = Promise.withResolvers<void>();
  world.sandbox.remove = async () => {
    removing.resolve();
    await new Promise(setImmediate);
    order.push('removed');
  };
  world.repositories.push = async () => {
    order.push('pushed');
    return 'pushed';
  };
  const recovering = at.worker.clearLeftovers();
  await removing.promise;
  await Promise.all([recovering, world.handlers.get('merge')?.(one)]);
  expect(order).toEqual(['removed', 'pushed']);
});

test('what is reserved for a run that was stopped before it had a sandbox is given back, and for no other', async () => {
  const world = new World();
  const grant = { usd: null, tokens: null };
  world.has({ id: one, runs: 1, run: { type: 'idle', outcome: { type: 'stopped', by: bob, kept: [] } } });
  world.has({ id: two, runs: 1 });
  const three = taskId('t000003');
  const elsewhere = { ...run(1), id: toRunId(three, 1), engine: 'ENGINE:OTHER' as EngineId };
  world.has({ id: three, runs: 1, run: { type: 'running', run: elsewhere } });
  const [stopped, over, next] = [toRunId(one, 1), toRunId(two, 1), toRunId(two, 2)];
  for (const each of [stopped, over, next, elsewhere.id]) world.reserved.set(each, grant);
  await using _working = await working(world);
  expect([...world.reserved.keys()]).toEqual([next, elsewhere.id]);
});

test('a worker hands the tasks that still need somebody to the reaper', async () => {
  const world = new World();
  world.has({ id: one });
  world.has({ id: two, run: { type: 'idle', outcome: null } });
  const { worker: deps } = world;
  const alive = new Promise((resolve) => {
    const worker = new Worker({ ...deps, reap: async (ids) => resolve(ids) }, { concurrency: 1 });
    worker.run(ending.signal, { ...never, reapEveryMs: 1 }).catch(() => undefined);
  });
  expect(await alive).toEqual([one]);
  ending.abort();
});

test.each([
  ['gone', problem('github_404'), { type: 'open', refusal: { code: 'github_404' } }],
  ['away', problem('github_down', { retry: true }), { type: 'merging', delay: 'It is github_down.' }],
])('a merge of a pull request that is %s on GitHub says so', async (_, error, expected) => {
  const world = new World();
  world.has({ id: one, run: { type: 'idle', outcome: null }, pull: { ...pullStates.merging, approval } });
  world.forge.findPull = () => Promise.reject(error);
  await merge(world.worker, one, new AbortController().signal);
  expect(world.tasks.get(one)?.parts[0].pull).toMatchObject(expected);
});

test('a merge commit mentions nobody and closes nothing', async () => {
  const world = new World();
  const pulls = { ...pullStates.merging, approval: { ...approval, byName: '@bob' } };
  world.has({ id: one, title: 'Fixes #12 for @all', run: { type: 'idle', outcome: null }, pull: pulls });
  const merging = vi.spyOn(world.forge, 'merge');
  await merge(world.worker, one, new AbortController().signal);
  const words = JSON.stringify(merging.mock.calls);
  expect(words).not.toMatch(/@all|@bob|#12/);
  expect(world.tasks.get(one)?.parts[0].pull).toMatchObject({ type: 'merged', commit: sha('c') });
});
