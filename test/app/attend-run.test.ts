import { describe, expect, test } from 'vitest';
import { attendRun } from '../../src/app/attend-run.ts';
import { keepWork } from '../../src/app/keep-work.ts';
import { plainRepository } from '../../src/task/policy.ts';
import type { RunOrder, SetUpOrder } from '../../src/task/ports/sandbox.ts';
import { Problem } from '../../src/task/problem.ts';
import { alice, bob, message, pull, pullStates, question, repository, runId, sha } from '../task/example.ts';
import { problem, World } from './world.ts';

const signal = new AbortController().signal;
const checkout = {
  ...{ at: 1, baseBranch: 'main' as never, base: sha('0'), start: sha('0'), remote: null },
  ...{ checks: [], allow: ['docs.example', 'evil.example'], repositories: ['/mirror'] },
};
const finished = { type: 'finished', exitCode: 0, claim: 'Done.', unread: [] };

function sentBy(world: World): unknown[] {
  const sent: unknown[] = [];
  world.sandbox.send = async (_run, line) => void sent.push(line);
  return sent;
}

test('a worker that comes after a crash tells a run what the first one took for it, and steers what was said since', async () => {
  const world = new World();
  const task = await world.running({ checkout: null });
  await world.store.apply(task.id, {
    type: 'checkout_prepared',
    run: runId(1),
    checkouts: [{ repository, checkout }],
    at: 1,
  });
  await world.store.apply(task.id, { type: 'messages_taken', run: runId(1), taken: 1, at: 2 });
  await world.store.apply(task.id, { type: 'message_added', message: message(2, { text: 'and the docs' }), at: 3 });
  const sent = sentBy(world);

  await attendRun(world.worker, world.look(task), signal);

  const script = expect.not.stringContaining('and the docs');
  expect(sent).toEqual([
    expect.objectContaining({ type: 'spec', agent: { type: 'shell', script } }),
    expect.objectContaining({ type: 'steer', text: 'and the docs' }),
  ]);
  expect(world.look(task).run).toMatchObject({ type: 'queued' });
});

test('a run may reach what both the operator and the base branch allow, as it was when the run was prepared', async () => {
  const world = new World();
  const task = await world.running();
  await world.store.apply(task.id, {
    type: 'checkout_prepared',
    run: runId(1),
    checkouts: [{ repository, checkout }],
    at: 1,
  });
  const network = { model: true, registries: true, hosts: ['docs.example', 'operator.example'] };
  world.policy = { ...world.policy, repositories: [{ ...plainRepository(repository), network }] };
  const orders: RunOrder[] = [];
  world.sandbox.start = async (order) => void orders.push(order);
  await attendRun(world.worker, world.look(task), signal);
  expect(orders[0]?.policy).toMatchObject({ allow: ['docs.example'], open: false, registries: true });
});

describe('a run whose base branch asks for a set-up', () => {
  const asked = { ...checkout, base: sha('1'), setup: { script: 'npm ci', secrets: ['NPM_TOKEN'] }, maintenance: null };

  async function prepared(world: World) {
    const task = await world.running();
    const checkouts = [{ repository, checkout: asked }];
    await world.store.apply(task.id, { type: 'checkout_prepared', run: runId(1), checkouts, at: 1 });
    return world.look(task);
  }

  test('has it before its agent starts, and keeps how long that took', async () => {
    const world = new World();
    const done: string[] = [];
    const orders: SetUpOrder[] = [];
    world.sandbox.setUp = async (order) => {
      orders.push(order);
      done.push('set up');
      return [{ repository, kind: 'setup', durationMs: 7_000, changed: [] }];
    };
    world.sandbox.start = async () => void done.push('started');
    const task = await prepared(world);
    await attendRun(world.worker, task, signal);
    expect(done).toEqual(['set up', 'started']);
    expect(orders[0]?.parts).toEqual([
      {
        ...{ repository, folder: 'repo', from: '/mirror', branch: task.branch, base: sha('1'), start: sha('0') },
        ...{ setup: asked.setup, maintenance: null },
      },
    ]);
    const events = await world.store.events(task.id);
    expect(events.find(({ type }) => type === 'set_up')).toMatchObject({ setUps: [{ durationMs: 7_000 }] });
    const plans = events.flatMap((event) => (event.type === 'progressed' ? [event.progress.steps] : []));
    expect(plans.at(-1)).toContainEqual({ title: 'Set up', status: 'complete', detail: '7 s' });
  });

  test('fails without one when it fails, with what it printed', async () => {
    const world = new World();
    const failure = { code: 'setup_failed', sentence: 'It failed.', next: 'Mend it.', printed: 'no such package' };
    world.sandbox.setUp = async () => {
      throw new Problem(failure);
    };
    const orders: RunOrder[] = [];
    world.sandbox.start = async (order) => void orders.push(order);
    const task = await prepared(world);
    await attendRun(world.worker, task, signal);
    expect(orders).toEqual([]);
    expect(world.look(task).run).toMatchObject({ outcome: { type: 'failed', problem: failure } });
  });

  test('is stopped during it, and nobody waits for its end', async () => {
    const world = new World();
    const task = await prepared(world);
    const stopped: unknown[] = [];
    world.sandbox.stop = async (run) => void stopped.push(run);
    world.sandbox.setUp = async () => {
      await world.store.apply(task.id, { type: 'stopped', by: bob, at: 5 });
      return await new Promise(() => {});
    };
    await attendRun(world.worker, task, signal);
    expect(stopped).toContain(runId(1));
    expect(world.look(task).run).toMatchObject({ outcome: { type: 'stopped', by: bob } });
  });
});

test('a run without a set-up asks for none', async () => {
  const world = new World();
  world.sandbox.setUp = () => Promise.reject(new Error('it was asked for'));
  const task = await world.running();
  await attendRun(world.worker, task, signal);
  expect(world.look(task).run).toMatchObject({ outcome: { type: 'changed' } });
});

test('a run in a repository that was taken out of the configuration fails before its code goes anywhere', async () => {
  const world = new World();
  world.policy = { ...world.policy, repositories: [] };
  const orders: RunOrder[] = [];
  world.sandbox.start = async (order) => void orders.push(order);
  const task = await world.running();
  await attendRun(world.worker, task, signal);
  expect(orders).toEqual([]);
  expect(world.look(task).run).toMatchObject({ outcome: { problem: { code: 'repository_unlisted' } } });
});

test('a run that changes nothing on a branch that was pushed without a pull request opens one for what stands there', async () => {
  const world = new World();
  const task = await world.running();
  const stands = { ...checkout, start: sha('d'), remote: sha('d') };
  await world.store.apply(task.id, {
    type: 'checkout_prepared',
    run: runId(1),
    checkouts: [{ repository, checkout: stands }],
    at: 1,
  });
  world.sandbox.export = async () => null;
  await attendRun(world.worker, world.look(task), signal);
  expect(world.look(task)).toMatchObject({
    run: { type: 'idle', outcome: { type: 'changed', changes: [{ repository, head: sha('d') }] } },
    parts: [{ pull: { type: 'open', pull: { head: sha('d') } } }],
  });
});

test('what GitHub refuses for now is tried again without a second run of the agent', async () => {
  const world = new World();
  const task = await world.running();
  let opened = 0;
  world.forge.openPull = async () => {
    opened += 1;
    if (opened === 1) throw problem('github_unreachable', { retry: true });
    return pull;
  };
  await attendRun(world.worker, task, signal);
  expect(world.look(task)).toMatchObject({
    runs: 1,
    parts: [{ pull: { type: 'open' } }],
    run: { outcome: { type: 'changed' } },
  });
});

test('a run that failed before it had a checkout says why, and not that there is nothing to take out', async () => {
  const world = new World();
  const task = await world.running();
  world.sandbox.records = async function* () {
    const result = { type: 'failed', code: 'checkout', message: 'Git could not check out 0000000.' };
    yield { n: 1, at: 1, type: 'result', result };
  };
  world.sandbox.export = async () => {
    throw problem('export_failed');
  };
  await attendRun(world.worker, task, signal);
  expect(world.look(task).run).toMatchObject({
    outcome: { type: 'failed', problem: { code: 'checkout' }, kept: [] },
  });
});

test('a reply that comes when the agent has just ended costs the run nothing and starts the next one', async () => {
  const world = new World();
  const task = await world.running();
  world.sandbox.send = async (_run, line) => {
    if ((line as { type: string }).type === 'steer') throw problem('not_running');
  };
  world.sandbox.records = async function* () {
    await world.store.apply(task.id, { type: 'message_added', message: message(2), at: 3 });
    await new Promise(setImmediate);
    yield { n: 1, at: 1, type: 'result', result: finished };
  };
  await attendRun(world.worker, task, signal);
  expect(world.look(task)).toMatchObject({ run: { type: 'queued' }, parts: [{ results: [{ head: sha('b') }] }] });
});

test.each([
  ['answered', { type: 'answer_given', by: alice, answer: 'that' }, 'that'],
  ['left to its default', { type: 'question_expired' }, 'this'],
] as const)('a question that was %s while no worker was there is answered to the agent', async (_, event, text) => {
  const world = new World();
  const task = await world.running({ taken: 1 });
  const run = runId(1);
  await world.store.apply(task.id, { type: 'checkout_prepared', run, checkouts: [{ repository, checkout }], at: 1 });
  await world.store.apply(task.id, { type: 'question_asked', run, question, at: 1 });
  await world.store.apply(task.id, { ...event, run, question: 'q1', at: 2 });
  world.cursors.set(run, 1);
  const sent = sentBy(world);
  world.sandbox.records = async function* () {
    yield { n: 1, at: 1, type: 'question', id: 'q1', text: 'Which one?', options: ['this', 'that'] };
    await world.store.apply(task.id, { type: 'message_added', message: message(9, { trust: 'context' }), at: 3 });
    await new Promise(setImmediate);
    yield { n: 2, at: 2, type: 'result', result: finished };
  };
  await attendRun(world.worker, world.look(task), signal);
  expect(sent).toEqual([{ type: 'answer', question: 'q1', text }]);
});

test('what a record asks for is done before the cursor is past it', async () => {
  const world = new World();
  const task = await world.running();
  const apply = world.store.apply;
  const cursors: (number | undefined)[] = [];
  world.store.apply = async (id, event, options) => {
    if (event.type === 'session_opened') cursors.push(world.cursors.get(runId(1)));
    return apply(id, event, options);
  };
  world.sandbox.records = async function* () {
    yield { n: 1, at: 1, type: 'checked_out', start: sha('0') };
    yield { n: 2, at: 1, type: 'session', id: 's1' };
    yield { n: 3, at: 2, type: 'result', result: finished };
  };
  await attendRun(world.worker, task, signal);
  expect(cursors).toEqual([1]);
});

test.each(['redis_down', 'broker_down'])(
  '%s ends no run: its container goes on for whoever takes it up',
  async (code) => {
    const world = new World();
    const task = await world.running();
    const ended: string[] = [];
    world.sandbox.stop = async () => void ended.push('stop');
    world.sandbox.remove = async () => void ended.push('remove');
    world.sandbox.records = async function* () {
      yield { n: 1, at: 1, type: 'ready' };
      throw problem(code, { retry: true });
    };
    await expect(attendRun(world.worker, task, signal)).rejects.toMatchObject({ failure: { code } });
    expect(ended).toEqual([]);
    expect(world.look(task).run.type).toBe('running');
  },
);

test('a follow-up pushes nothing onto a pull request that was merged on GitHub a moment ago', async () => {
  const world = new World();
  const task = await world.running({ pull: pullStates.open });
  world.forge.findPull = async () => ({ ...pull, state: 'merged', commit: sha('c'), isDraft: false });
  world.forge.describePull = async () => {
    throw new Error('it is merged');
  };
  await attendRun(world.worker, task, signal);
  expect(world.look(task)).toMatchObject({
    parts: [{ pull: { type: 'merged' } }],
    run: { outcome: { type: 'failed', problem: { code: 'pull_request_ended' } } },
  });
});

test('work of a stopped run that may not be pushed is given up, rather than tried for ever', async () => {
  for (const pushed of [async () => 'moved' as const, () => Promise.reject(problem('push_refused'))]) {
    const world = new World();
    const task = await world.running();
    await world.store.apply(task.id, {
      type: 'checkout_prepared',
      run: runId(1),
      checkouts: [{ repository, checkout }],
      at: 1,
    });
    await world.store.apply(task.id, { type: 'stopped', by: bob, at: 2 });
    world.repositories.push = pushed;
    await keepWork(world.worker, task.id);
    expect(world.look(task).run).toMatchObject({ type: 'idle', outcome: { type: 'stopped', kept: [] } });
    expect(world.logged).toContain('Nothing was kept');
  }
});

test('what the next attempt is told names the messages of the failed one', async () => {
  const world = new World();
  const task = await world.running({ spec: [message(1), message(2, { text: 'second' })], taken: 1, session: 's1' });
  world.sandbox.state = async () => ({ type: 'exited', code: 137, outOfMemory: false, timedOut: false });
  world.sandbox.records = async function* () {};
  await attendRun(world.worker, task, signal);
  expect(world.look(task)).toMatchObject({ run: { type: 'queued' }, taken: 1, attempt: 1 });
});

test('a template that can’t be read keeps no pull request from being opened', async () => {
  const world = new World();
  const task = await world.running();
  world.repositories.template = async () => {
    throw problem('git_failed');
  };
  await attendRun(world.worker, task, signal);
  expect(world.look(task).parts[0]?.pull.type).toBe('open');
});

test('a rule that will refuse the push ends a run before its agent starts', async () => {
  const world = new World();
  const task = await world.running();
  const deps = {
    ...world.worker,
    mayPush: async () => {
      throw problem('push_blocked');
    },
  };
  let started = false;
  world.sandbox.start = async () => {
    started = true;
  };
  await attendRun(deps, task, signal);
  expect(started).toBe(false);
  expect(world.look(task).run).toMatchObject({ outcome: { type: 'failed', problem: { code: 'push_blocked' } } });
});

describe('a run whose engine does not answer for a while', () => {
  const down = problem('docker_down', { retry: true });

  async function followed(startedMsAgo: number) {
    const world = new World();
    const task = await world.running();
    await world.store.apply(task.id, {
      type: 'checkout_prepared',
      run: runId(1),
      checkouts: [{ repository, checkout }],
      at: 1,
    });
    const progress = { steps: [], activity: 'Thinking' };
    await world.store.apply(task.id, { type: 'progressed', run: runId(1), progress, at: 1 });
    const stopped: unknown[] = [];
    world.sandbox.stop = async (run) => void stopped.push(run);
    world.sandbox.records = async function* () {
      yield { n: 1, at: 1, type: 'ready' };
      throw down;
    };
    world.now += startedMsAgo;
    return { world, task, stopped };
  }

  test('goes on in its container, and its thread says what it waits for', async () => {
    const { world, task, stopped } = await followed(0);
    await expect(attendRun(world.worker, world.look(task), signal)).rejects.toBe(down);
    expect(stopped).toEqual([]);
    expect(world.look(task).run).toMatchObject({
      type: 'running',
      run: { progress: { activity: 'It is docker_down.' } },
    });
  });

  test('is tried again once its time is long up', async () => {
    const { world, task } = await followed(2 * 3_600_000);
    await attendRun(world.worker, world.look(task), signal);
    expect(world.look(task)).toMatchObject({ attempt: 1, run: { type: 'queued', reason: 'It is docker_down.' } });
  });
});

test('a machine that fails twice gets more time before the third attempt', async () => {
  const world = new World();
  const task = await world.running({ attempt: 1 });
  world.sandbox.start = () => Promise.reject(problem('docker_error', { retry: true }));
  await attendRun(world.worker, world.look(task), signal);
  expect(world.woken.at(-1)?.options).toEqual({ delayMs: 10_000 });
});

test('a worker that lets go of a run leaves word of how far it has read', async () => {
  const world = new World();
  const task = await world.running();
  const leave = new AbortController();
  world.sandbox.records = async function* () {
    yield { n: 1, at: 1, type: 'ready' };
    yield { n: 2, at: 1, type: 'output', text: 'one' };
    leave.abort();
  };
  await attendRun(world.worker, task, leave.signal);
  expect(world.cursors.get(runId(1))).toBe(2);
});

test('a run outlives ten workers: one start, one spec, no record told twice, one outcome', async () => {
  const world = new World();
  const task = await world.running();
  const sessions: string[] = [];
  let starts = 0;
  world.sandbox.start = async () => {
    starts += 1;
  };
  const sent = sentBy(world);
  const apply = world.store.apply;
  world.store.apply = async (id, event, options) => {
    if (event.type === 'session_opened') sessions.push(event.session);
    return apply(id, event, options);
  };
  for (let deploy = 1; deploy <= 11; deploy += 1) {
    const leave = new AbortController();
    world.sandbox.state = async () =>
      deploy === 11 ? { type: 'exited', code: 0, outOfMemory: false, timedOut: false } : ({ type: 'running' } as const);
    world.sandbox.records = async function* () {
      for (let n = 1; n <= deploy; n += 1) {
        yield { n, at: 1, type: 'session', id: `s${n}` };
      }
      if (deploy === 11) yield { n: 12, at: 1, type: 'result', result: finished };
      else leave.abort();
    };
    await attendRun(world.worker, world.look(task), leave.signal);
  }
  expect(starts).toBe(1);
  expect(sent).toHaveLength(1);
  expect(sessions).toEqual(Array.from({ length: 11 }, (_, index) => `s${index + 1}`));
  expect(world.look(task)).toMatchObject({ runs: 1, run: { type: 'idle', outcome: { type: 'changed' } } });
});
