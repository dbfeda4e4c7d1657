import { expect, test } from 'vitest';
import { approve } from '../../src/app/approve.ts';
import { attendRun } from '../../src/app/attend-run.ts';
import { attestAll } from '../../src/app/attest.ts';
import { merge } from '../../src/app/merge.ts';
import { releaseCi } from '../../src/app/release-ci.ts';
import { runCi } from '../../src/app/run-ci.ts';
import { watchPull } from '../../src/app/watch-pull.ts';
import type { Task } from '../../src/task/task.ts';
import type { WorkflowEvents } from '../../src/task/workflows.ts';
import { alice, approval, bob, channel, part, pull, pullStates, report, repository, sha, ts } from '../task/example.ts';
import { asked, problem, World } from './world.ts';

const signal = new AbortController().signal;
const press = { ...asked, by: bob, thread: ts(1), message: ts(9) };
const held = { type: 'held', target: false } as const;
const results = [{ run: 1, head: pull.head, by: 'run', report, ci: held } as const];

/** A task whose pull request stands at a held head, with its gate delivered, and what is pushed from now on. */
function begun(more: Partial<Task> = {}) {
  const world = new World();
  const parts = [part({ repositoryId: 7, pull: pullStates.open, results })] as const;
  const task = world.has({ run: { type: 'idle', outcome: null }, parts, ...more });
  const said = {
    ...{ type: 'result', task: { id: task.id }, part: { repository, base: null }, head: pull.head },
  } as never;
  const effect = { type: 'message', channel, thread: { type: 'own' }, said } as const;
  world.delivered.set(ts(9), { lane: task.id, key: 'gate', row: { lane: task.id, key: 'gate', effect } });
  const pushes: object[] = [];
  world.repositories.push = async ({ head, remote }) => {
    pushes.push({ head, remote });
    return 'pushed';
  };
  return { world, task, pushes, pullOf: () => world.look(task).parts[0].pull };
}

async function runIn(workflows: readonly WorkflowEvents[], change: (world: World) => void) {
  const world = new World();
  const { prepare } = world.repositories;
  world.repositories.prepare = async (order) => ({ ...(await prepare(order)), workflows });
  change(world);
  const marked: (boolean | undefined)[] = [];
  world.repositories.import = async ({ words }) => {
    marked.push(words.holdCi);
    return { head: sha('b'), files: [], sensitive: [], secrets: { findings: [], count: 0 } };
  };
  const task = await world.running();
  await attendRun(world.worker, task, signal);
  return { marked, ci: world.look(task).parts[0].results.at(-1)?.ci };
}

const byOperator = (world: World) => {
  world.policy = {
    ...world.policy,
    repositories: world.policy.repositories.map((each) => ({ ...each, holdCi: true })),
  };
};
const bringing = (world: World) => {
  world.policy = {
    ...world.policy,
    repositories: world.policy.repositories.map((each) => ({ ...each, workflows: true })),
  };
};
const byFile = (world: World) => {
  const { prepare } = world.repositories;
  world.repositories.prepare = async (order) => {
    const prepared = await prepare(order);
    return { ...prepared, rules: { ...prepared.rules, ci: 'hold' } };
  };
};

test.each([
  ['operator', byOperator],
  ['base branch', byFile],
])('what GitHub would run something on is marked where the %s says so', async (_, change) => {
  expect(await runIn([{ push: null }], change)).toEqual({ marked: [true], ci: held });
});

test('nothing is marked where nobody asked for it, and the result says so', async () => {
  expect(await runIn([{ push: null }], () => undefined)).toEqual({
    marked: [false],
    ci: { type: 'unheld', target: false },
  });
});

test('what runs nothing is not marked', async () => {
  expect(await runIn([{ push: { branches: ['main'] } }], byOperator)).toEqual({ marked: [false], ci: undefined });
});

test.each([
  ['operator', byOperator],
  ['base branch', byFile],
])(
  'where an agent may bring a workflow of its own, all that it leaves is marked if the %s says so',
  async (_, change) => {
    const both = (world: World) => [bringing, change].forEach((each) => void each(world));
    expect(await runIn([{ push: { branches: ['main'] } }], both)).toEqual({ marked: [true], ci: held });
    expect(await runIn([], both)).toEqual({ marked: [true], ci: held });
  },
);

test('nor is anything marked there that nobody wants held', async () => {
  expect(await runIn([], bringing)).toEqual({ marked: [false], ci: undefined });
});

test('workflows on pull_request_target can’t be held, and the result says so', async () => {
  expect(await runIn([{ pull_request_target: null }], byOperator)).toEqual({
    marked: [false],
    ci: { type: 'unheld', target: true },
  });
});

test('an approval of a held head counts for nothing, and says what to do', async () => {
  const { world, pullOf } = begun();
  const answer = await approve(world.bot, { ...press, via: 'button' });
  expect(answer).toMatchObject({ said: { next: 'Press Run CI; then approve the commit that it ran on.' } });
  expect(pullOf().type).toBe('open');
});

test('an approval by an emoji that stands no more counts for nothing, and nothing is said of it', async () => {
  const { world, pullOf } = begun();
  world.takenOff.add(`${press.message} ${press.by}`);
  expect(await approve(world.bot, { ...press, via: 'reaction' })).toEqual({ type: 'silent' });
  expect(pullOf().type).toBe('open');
});

test.each([
  [{ by: alice }, {}, 'You asked for this task'],
  [{ by: bob }, { approvers: ['U0CAROL'] }, 'You may not approve'],
])('whoever may not approve may not run CI either: %j', async (by, policy, sentence) => {
  const { world, pullOf } = begun();
  world.policy = { ...world.policy, ...policy };
  const answer = await runCi(world.bot, { ...press, ...by });
  expect(answer).toMatchObject({ said: { sentence: expect.stringContaining(sentence) } });
  expect(pullOf()).not.toHaveProperty('release');
  expect(world.woken).toEqual([]);
});

test('a guest runs nothing, and the requester only where self-approval is allowed', async () => {
  const { world, pullOf } = begun();
  world.members.set(bob, 'guest');
  await runCi(world.bot, press);
  expect(pullOf()).not.toHaveProperty('release');
  world.policy = { ...world.policy, selfApproval: true };
  await runCi(world.bot, { ...press, by: alice });
  expect(pullOf()).toMatchObject({ release: { by: alice } });
});

test('an approver’s word pushes the same tree over the held head alone, once', async () => {
  const { world, task, pushes, pullOf } = begun();
  const asked: unknown[] = [];
  world.repositories.release = async ({ head }) => {
    asked.push(head);
    return sha('e');
  };
  await runCi(world.bot, press);
  expect(world.woken).toMatchObject([{ job: { type: 'merge', task: task.id } }]);
  await releaseCi(world.worker, task.id, signal);
  await releaseCi(world.worker, task.id, signal);
  expect(asked).toEqual([pull.head]);
  expect(pushes).toEqual([{ head: sha('e'), remote: pull.head }]);
  expect(pullOf()).toMatchObject({ type: 'open', pull: { head: sha('e') } });
});

test('a crash after the push is no push by a person, and the next try ends the same', async () => {
  const { world, task, pullOf } = begun();
  await runCi(world.bot, press);
  world.forge.findPull = async () => ({ ...pull, head: sha('e'), state: 'open', commit: null, isDraft: false });
  world.repositories.push = async () => 'already';
  await watchPull(world.worker, task.id, repository);
  expect(pullOf()).toMatchObject({ pull: { head: pull.head }, release: { by: bob } });
  await releaseCi(world.worker, task.id, signal);
  expect(world.look(task).parts[0].results.at(-1)).toMatchObject({ head: sha('e'), ci: { type: 'released', by: bob } });
});

test('somebody’s push meanwhile is not pushed over', async () => {
  const { world, task, pullOf } = begun();
  await runCi(world.bot, press);
  world.repositories.push = async () => 'moved';
  await releaseCi(world.worker, task.id, signal);
  expect(pullOf()).toMatchObject({ refusal: { code: 'branch_moved' } });
  expect(pullOf()).not.toHaveProperty('release');
});

test('GitHub being away delays it, says so, and it is tried again', async () => {
  const { world, task, pushes, pullOf } = begun();
  await runCi(world.bot, press);
  world.forge.identify = async () => Promise.reject(problem('github_unreachable', { retry: true }));
  await releaseCi(world.worker, task.id, signal);
  expect(pullOf()).toMatchObject({ release: { delay: 'It is github_unreachable.' } });
  expect(world.woken.at(-1)).toMatchObject({ job: { type: 'merge' }, options: { delayMs: 1_000 } });
  world.forge.identify = async () => 7;
  await releaseCi(world.worker, task.id, signal);
  expect(pushes).toHaveLength(1);
});

test('a word of one who may not any more, or never could, runs nothing', async () => {
  const { world, task, pushes, pullOf } = begun();
  await runCi(world.bot, press);
  await world.attestations.attest({ person: bob, type: 'deactivated', groups: [] });
  await releaseCi(world.worker, task.id, signal);
  expect(pullOf()).toMatchObject({ refusal: { code: 'no_member' } });
  await runCi(world.bot, press);
  world.policy = { ...world.policy, approvers: ['U0CAROL'] };
  await releaseCi(world.worker, task.id, signal);
  expect(pullOf()).toMatchObject({ refusal: { code: 'not_an_approver' } });
  expect(pushes).toEqual([]);
});

test('it waits until the bot has said who that is by now', async () => {
  const { world, task, pushes, pullOf } = begun();
  world.attestsUnasked = false;
  await runCi(world.bot, press);
  world.attested.clear();
  await releaseCi(world.worker, task.id, signal);
  expect(pullOf()).toMatchObject({ release: { delay: expect.stringContaining('to confirm in Slack who') } });
  await attestAll(world.bot);
  await releaseCi(world.worker, task.id, signal);
  expect(pushes).toHaveLength(1);
});

test('the bot says at once who had CI run', async () => {
  const { world } = begun();
  await runCi(world.bot, press);
  expect(world.attested.get(bob)).toMatchObject({ type: 'member' });
});

test('the base branch may name other approvers, and another repository under the name gets nothing', async () => {
  const { world, task, pushes, pullOf } = begun();
  const { prepare } = world.repositories;
  world.repositories.prepare = async (order) => {
    const prepared = await prepare(order);
    const merging = { ...prepared.rules.merge, approvers: ['U0CAROL'] };
    return { ...prepared, rules: { ...prepared.rules, merge: merging } };
  };
  await runCi(world.bot, press);
  await releaseCi(world.worker, task.id, signal);
  expect(pullOf()).toMatchObject({ refusal: { code: 'not_an_approver' } });
  world.forge.identify = async () => 8;
  await runCi(world.bot, press);
  await releaseCi(world.worker, task.id, signal);
  expect(pullOf()).toMatchObject({ refusal: { code: 'repository_replaced' } });
  expect(pushes).toEqual([]);
});

test('the branch is not moved under a run that is at work', async () => {
  const { world, task, pushes, pullOf } = begun();
  await runCi(world.bot, press);
  await world.store.apply(task.id, { type: 'retried', by: alice, at: 1 });
  await releaseCi(world.worker, task.id, signal);
  expect(pullOf()).toMatchObject({ refusal: { code: 'run_under_way' } });
  expect(pushes).toEqual([]);
});

test('nor under one that somebody asks for while the push is prepared', async () => {
  const { world, task, pushes, pullOf } = begun();
  await runCi(world.bot, press);
  world.repositories.release = async () => {
    await world.store.apply(task.id, { type: 'retried', by: alice, at: 1 });
    return sha('e');
  };
  await releaseCi(world.worker, task.id, signal);
  expect(pullOf()).toMatchObject({ refusal: { code: 'run_under_way' } });
  expect(pushes).toEqual([]);
});

test('nor once nobody asks for it any more, or another worker may have taken over', async () => {
  const { world, task, pushes } = begun();
  await runCi(world.bot, press);
  const before = world.look(task);
  let holds = true;
  const check = () => {
    if (!holds) throw problem('lease_lost', { retry: true });
  };
  const deps = { ...world.worker, lease: { ...world.worker.lease, check } };
  world.repositories.release = async () => {
    holds = false;
    return sha('e');
  };
  await releaseCi(deps, task.id, signal);
  expect(pushes).toEqual([]);
  holds = true;
  world.repositories.release = async () => {
    world.has({ ...before, parts: [part({ repositoryId: 7, results, pull: pullStates.open })] });
    return sha('e');
  };
  await releaseCi(deps, task.id, signal);
  expect(pushes).toEqual([]);
});

test('a held head is not merged, whatever the record says', async () => {
  const { world, task, pullOf } = begun({
    parts: [part({ repositoryId: 7, results, pull: { type: 'merging', pull, approval, delay: null } })],
  });
  const merged: unknown[] = [];
  world.forge.merge = async (order) => {
    merged.push(order);
    return sha('c');
  };
  await merge(world.worker, task.id, signal);
  expect(merged).toEqual([]);
  expect(pullOf()).toMatchObject({ refusal: { code: 'ci_held' } });
});
