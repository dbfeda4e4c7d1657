import { expect, test, vi } from 'vitest';
import { attendRun } from '../../src/app/attend-run.ts';
import { silent } from '../../src/app/people.ts';
import { pushAnyway } from '../../src/app/push-anyway.ts';
import { pushReleased } from '../../src/app/push-released.ts';
import { startRun } from '../../src/app/start-run.ts';
import { Worker } from '../../src/app/worker.ts';
import type { EngineId } from '../../src/task/ids.ts';
import { alice, bob, message, other, part, repository, sha, ts } from '../task/example.ts';
import { asked, problem, World } from './world.ts';

const signal = new AbortController().signal;
const press = { ...asked, by: bob, thread: ts(1), message: ts(9) };
const secrets = { findings: [{ path: 'a.env', line: 2, kind: 'a GitHub token' }], count: 1 };

/** A task whose run made a change with a secret, and the message about it, delivered. */
async function holding(change: (world: World) => void = () => undefined) {
  const world = new World();
  const pushed: object[] = [];
  world.repositories.import = async () => ({ head: sha('b'), files: [], sensitive: [], secrets });
  world.repositories.push = async ({ head, remote }) => {
    pushed.push({ head, remote });
    return 'pushed';
  };
  change(world);
  const task = await world.running();
  await attendRun(world.worker, task, signal);
  const row = world.said.findLast(({ key }) => key === `hold-${sha('b')}`);
  if (row !== undefined) world.delivered.set(ts(9), { lane: task.id, key: row.key, row });
  return { world, task, pushed, partOf: () => world.look(task).parts[0] };
}

test('what looks like a secret is not pushed, and nothing but the decision is missing', async () => {
  const { world, task, pushed, partOf } = await holding();
  expect(pushed).toEqual([]);
  expect(world.look(task).run).toEqual({ type: 'idle', outcome: { type: 'held', missing: [] } });
  expect(partOf().hold).toMatchObject({ head: sha('b'), secrets, state: { type: 'open', refusal: null } });
});

test('an approver’s word has that very commit pushed, up for review with their name', async () => {
  const { world, task, pushed, partOf } = await holding();
  expect(await pushAnyway(world.bot, press)).toEqual(silent);
  expect(world.woken.at(-1)?.job).toEqual({ type: 'push', task: task.id });
  await pushReleased(world.worker, task.id);
  await pushReleased(world.worker, task.id);
  expect(pushed).toEqual([{ head: sha('b'), remote: null }]);
  expect(partOf()).toMatchObject({
    pull: { type: 'open', pull: { head: sha('b') } },
    results: [{ head: sha('b'), report: { pushedAnyway: { by: bob, ...secrets } } }],
  });
  expect(world.look(task).run).toMatchObject({ outcome: { type: 'changed', changes: [{ head: sha('b') }] } });
});

test('whoever asked does not decide, nor does a guest, and neither is told anything in public', async () => {
  const { world, partOf } = await holding();
  const self = await pushAnyway(world.bot, { ...press, by: alice });
  expect(self).toMatchObject({ said: { sentence: expect.stringContaining('somebody else decides') } });
  world.members.set(bob, 'guest');
  expect((await pushAnyway(world.bot, press)).type).toBe('say');
  expect(partOf().hold?.state.type).toBe('open');
});

test('a forged word, or one of somebody who may no longer, pushes nothing', async () => {
  const { world, task, pushed, partOf } = await holding();
  await pushAnyway(world.bot, press);
  world.attested.set(bob, { person: bob, type: 'deactivated', groups: [] });
  await pushReleased(world.worker, task.id);
  expect(pushed).toEqual([]);
  expect(partOf().hold?.state).toMatchObject({ type: 'open', refusal: { code: 'no_member' } });
});

test.each([
  ['a rule of GitHub', problem('push_refused'), 'push_refused'],
  ['somebody else’s push', 'moved' as const, 'branch_moved'],
])('what %s keeps from the branch waits again, with the reason', async (_, answer, code) => {
  const { world, task, partOf } = await holding((it) => {
    it.repositories.push = async () => {
      if (answer instanceof Error) throw answer;
      return answer;
    };
  });
  await pushAnyway(world.bot, press);
  await pushReleased(world.worker, task.id);
  expect(partOf().hold?.state).toMatchObject({ type: 'open', refusal: { code } });
});

test('what is on another machine is left to that one, and waits again after an hour without it, with the reason', async () => {
  const { world, task, partOf } = await holding();
  await pushAnyway(world.bot, press);
  const elsewhere = { ...world.worker, engine: 'ENGINE:TWO' as EngineId };
  const released = world.now;
  for (const waited of [0, 59 * 60_000]) {
    world.now = released + waited;
    await pushReleased(elsewhere, task.id);
    expect(world.woken.at(-1)).toMatchObject({ job: { type: 'push' }, options: { at: world.worker.engine } });
  }
  const before = world.woken.length;
  world.now = released + 60 * 60_000;
  await pushReleased(elsewhere, task.id);
  expect(world.woken).toHaveLength(before);
  expect(partOf().hold?.state).toMatchObject({ type: 'open', refusal: { code: 'engine_gone' } });
});

test('a reply before the push starts no run that would lose it: the run waits, and says so', async () => {
  const { world, task, pushed, partOf } = await holding();
  await pushAnyway(world.bot, press);
  await world.store.apply(task.id, { type: 'message_added', message: message(3), at: 3 });
  const worker = new Worker(world.worker, { concurrency: 1 });
  const stop = new AbortController();
  const ended = worker.run(stop.signal, { lookEveryMs: 1e7, sweepEveryMs: 1e7, pullEveryMs: 1e7, reapEveryMs: 1e7 });
  await vi.waitFor(() => expect(world.handlers.has('pull')).toBe(true));
  await world.handlers.get('run')?.(task.id);
  expect(world.look(task)).toMatchObject({
    runs: 1,
    run: { type: 'queued', reason: expect.stringContaining('pushed') },
  });
  expect(world.woken.at(-1)).toMatchObject({ job: { type: 'run' }, options: { delayMs: expect.any(Number) } });
  await world.handlers.get('push')?.(task.id);
  expect(pushed).toEqual([{ head: sha('b'), remote: null }]);
  expect(partOf().hold?.state.type).toBe('pushed');
  world.now += 2_000;
  await world.handlers.get('run')?.(task.id);
  expect(world.look(task).runs).toBe(2);
  stop.abort();
  await ended;
});

test('a reply starts no run elsewhere that would lose what is held, for an hour, and the thread says what it went without', async () => {
  const { world, task } = await holding();
  world.now += 1_000;
  await world.store.apply(task.id, { type: 'message_added', message: message(3), at: world.now });
  const elsewhere = { ...world.worker, engine: 'ENGINE:TWO' as EngineId };
  const asked = world.now;
  for (const waited of [0, 59 * 60_000]) {
    world.now = asked + waited;
    expect(await startRun(elsewhere, task.id)).toEqual({ type: 'left' });
    expect(world.look(task)).toMatchObject({
      runs: 1,
      run: { type: 'queued', reason: expect.stringContaining('that has what run 1 changed') },
    });
    expect(world.woken.at(-1)).toMatchObject({ job: { type: 'run' }, options: { delayMs: expect.any(Number) } });
  }
  world.now = asked + 60 * 60_000;
  expect(await startRun(elsewhere, task.id)).toMatchObject({ type: 'started' });
  expect(JSON.stringify(world.said.find(({ key }) => key.startsWith('without-held-')))).toContain(
    'Run 2 starts without those changes',
  );
});

test('a reply goes on at once from what is held on this machine', async () => {
  const { world, task } = await holding();
  await world.store.apply(task.id, { type: 'message_added', message: message(3), at: 3 });
  expect(await startRun(world.worker, task.id)).toMatchObject({ type: 'started' });
  expect(world.said.some(({ key }) => key.startsWith('without-held-'))).toBe(false);
});

test('what can be tried again is left to the queue', async () => {
  const { world, task, partOf } = await holding((it) => {
    it.repositories.push = () => Promise.reject(problem('github_unreachable', { retry: true }));
  });
  await pushAnyway(world.bot, press);
  await expect(pushReleased(world.worker, task.id)).rejects.toThrow('github_unreachable');
  expect(partOf().hold?.state.type).toBe('released');
});

test('a run that failed has nothing of it pushed, and says both why it failed and why nothing was kept', async () => {
  const { world, task, pushed } = await holding((it) => {
    it.sandbox.records = async function* () {
      yield { n: 1, at: 1, type: 'result', result: { type: 'finished', exitCode: 3, claim: '', unread: [] } };
    };
  });
  expect(pushed).toEqual([]);
  const { run } = world.look(task);
  const outcome = run.type === 'idle' ? run.outcome : null;
  expect(outcome).toMatchObject({ type: 'failed', problem: { sentence: expect.stringMatching(/3.*a\.env/s) } });
});

test('in two repositories, only the one with the secret is held', async () => {
  const world = new World();
  world.repositories.import = async ({ part: index }) => ({
    ...{ head: index === 0 ? sha('a') : sha('b'), files: [], sensitive: [] },
    secrets: index === 0 ? { findings: [], count: 0 } : secrets,
  });
  const [own] = world.policy.repositories;
  if (own !== undefined) world.policy = { ...world.policy, repositories: [own, { ...own, name: other }] };
  const task = await world.running({ parts: [part(), part({ repository: other })] });
  await attendRun(world.worker, task, signal);
  const after = world.look(task);
  expect(after.run).toMatchObject({ outcome: { type: 'changed', changes: [{ repository }], missing: [] } });
  expect(after.parts.map(({ hold }) => hold?.state.type)).toEqual([undefined, 'open']);
  expect(after.parts[0].results[0]?.unchanged).toBeUndefined();
});
