import { expect, test } from 'vitest';
import { attendRun } from '../../src/app/attend-run.ts';
import { merge } from '../../src/app/merge.ts';
import type { Expected } from '../../src/task/ports/forge.ts';
import { part, pullStates, sha } from '../task/example.ts';
import { base, problem, World } from './world.ts';

const signal = new AbortController().signal;

/** A world that notes what reaches GitHub for good. */
function watched() {
  const world = new World();
  const reached: string[] = [];
  world.repositories.push = async () => {
    reached.push('push');
    return 'pushed';
  };
  const { openPull, merge: mergeIt } = world.forge;
  world.forge.openPull = (order) => {
    reached.push('pull request');
    return openPull(order);
  };
  world.forge.merge = (order) => {
    reached.push('merge');
    return mergeIt(order);
  };
  return { world, reached };
}

/** GitHub's answers to who has the name, one after the other; the last one stays. */
function answers(world: World, ...ids: number[]) {
  world.forge.identify = async () => (ids.length > 1 ? ids.shift() : ids[0]) ?? 0;
}

test('the repository’s number is recorded when a task starts, and asked for again before push and pull request', async () => {
  const { world, reached } = watched();
  const task = await world.running();
  await attendRun(world.worker, task, signal);
  expect(world.look(task).parts[0]).toMatchObject({ repositoryId: 7, pull: { type: 'open' } });
  expect(reached).toEqual(['push', 'pull request']);
});

test.each([
  [[7, 8], []],
  [[7, 7, 8], ['push']],
])('once the name stands for another repository (%j), nothing more goes there', async (ids, before) => {
  const { world, reached } = watched();
  answers(world, ...ids);
  const task = await world.running();
  await attendRun(world.worker, task, signal);
  expect(reached).toEqual(before);
  expect(world.look(task).run).toMatchObject({ outcome: { problem: { code: 'repository_replaced' } } });
});

test('a follow-up does not start in a repository that has taken the name', async () => {
  const { world, reached } = watched();
  answers(world, 8);
  const task = await world.running({ parts: [part({ repositoryId: 7, pull: pullStates.open })] });
  await attendRun(world.worker, task, signal);
  expect(reached).toEqual([]);
  expect(world.look(task).run).toMatchObject({ outcome: { problem: { code: 'repository_replaced' } } });
});

test('a number in the configuration holds from the first run on', async () => {
  const { world, reached } = watched();
  world.policy = { ...world.policy, repositories: world.policy.repositories.map((each) => ({ ...each, id: 9 })) };
  const task = await world.running();
  await attendRun(world.worker, task, signal);
  expect(reached).toEqual([]);
});

test('an approval merges nothing in another repository, and is held to base and number', async () => {
  const { world, reached } = watched();
  const expected: Expected[] = [];
  world.forge.mergeable = async (_repository, _number, _head, place) => {
    expected.push(place);
    return { type: 'ready' };
  };
  const parts = [part({ repositoryId: 7, base, pull: pullStates.merging })] as const;
  answers(world, 8);
  const task = world.has({ parts });
  await merge(world.worker, task.id, signal);
  expect(reached).toEqual([]);
  expect(world.look(task).parts[0].pull).toMatchObject({ refusal: { code: 'repository_replaced' } });

  answers(world, 7);
  const again = world.has({ parts });
  await merge(world.worker, again.id, signal);
  expect(reached).toEqual(['merge']);
  expect(expected).toEqual([{ base, repositoryId: 7 }]);
});

test.each(['head', 'approval', 'lease'])(
  'a merge whose %s is gone by the time of the write is not made',
  async (what) => {
    const { world, reached } = watched();
    const parts = [part({ repositoryId: 7, base, pull: pullStates.merging })] as const;
    const task = world.has({ parts });
    let holds = true;
    const changed = {
      head: { ...pullStates.merging, pull: { ...pullStates.merging.pull, head: sha('f') } },
      approval: pullStates.open,
      lease: pullStates.merging,
    }[what];
    world.forge.mergeable = async () => {
      world.has({ id: task.id, parts: [part({ repositoryId: 7, base, pull: changed ?? pullStates.merging })] });
      if (what === 'lease') holds = false;
      return { type: 'ready' };
    };
    const lease = {
      ...world.worker.lease,
      check: () => {
        if (!holds) throw problem('lease_lost', { retry: true });
      },
    };
    await merge({ ...world.worker, lease }, task.id, signal);
    expect(reached).toEqual([]);
  },
);

test('a draft is not shown to reviewers once its approval is gone', async () => {
  const { world, reached } = watched();
  const merging = { ...pullStates.merging, pull: { ...pullStates.merging.pull, draft: 'draft' } } as const;
  const task = world.has({ parts: [part({ repositoryId: 7, base, pull: merging })] });
  world.forge.markReady = async () => void reached.push('ready');
  const { prepare } = world.repositories;
  world.repositories.prepare = async (order) => {
    world.has({ id: task.id, parts: [part({ repositoryId: 7, base, pull: pullStates.open })] });
    return prepare(order);
  };
  await merge(world.worker, task.id, signal);
  expect(reached).toEqual([]);
});

test('a branch that was there before the task is not built on', async () => {
  const { world, reached } = watched();
  const { prepare } = world.repositories;
  world.repositories.prepare = async (order) => ({ ...(await prepare(order)), start: sha('d'), remote: sha('d') });
  const task = await world.running();
  await attendRun(world.worker, task, signal);
  expect(reached).toEqual([]);
  expect(world.look(task).run).toMatchObject({ outcome: { problem: { code: 'branch_taken' } } });
});

test('one is built on where an Errand may have pushed it that recorded no number', async () => {
  const { world, reached } = watched();
  const { prepare } = world.repositories;
  world.repositories.prepare = async (order) => ({ ...(await prepare(order)), start: sha('d'), remote: sha('d') });
  const task = await world.running({ parts: [part({ touched: true })], runs: 1 });
  await attendRun(world.worker, task, signal);
  expect(reached).not.toEqual([]);
  expect(world.look(task).run).not.toMatchObject({ outcome: { problem: { code: 'branch_taken' } } });
});
