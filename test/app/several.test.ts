import { describe, expect, test } from 'vitest';
import { retry } from '../../src/app/act.ts';
import { attendRun } from '../../src/app/attend-run.ts';
import { finishRun } from '../../src/app/finish-run.ts';
import { nothingFolded } from '../../src/app/fold.ts';
import { keepWork } from '../../src/app/keep-work.ts';
import { merge } from '../../src/app/merge.ts';
import { overtakenBy } from '../../src/app/overtaken.ts';
import { silent } from '../../src/app/people.ts';
import { type BranchName, type RepositoryName, toRunId } from '../../src/task/ids.ts';
import type { Task } from '../../src/task/task.ts';
import { currentRun } from '../../src/task/transition.ts';
import { alice, approval, bob, other, part, pull, pullStates, repository, sha } from '../task/example.ts';
import { asked, base, problem, World } from './world.ts';

const signal = new AbortController().signal;

/** A world of two repositories that notes what reaches GitHub. */
class TwoRepositories extends World {
  readonly pushed: string[] = [];
  readonly opened: { repository: string; body: string }[] = [];
  readonly described: { repository: string; body: string }[] = [];

  constructor() {
    super();
    const [own] = this.policy.repositories;
    if (own !== undefined) this.policy = { ...this.policy, repositories: [own, { ...own, name: other }] };
    this.repositories.import = async ({ part: index }) => ({
      head: index === 0 ? sha('a') : sha('b'),
      ...{ files: [{ path: 'x', added: 1, removed: 0 }], sensitive: [], secrets: { findings: [], count: 0 } },
    });
    this.repositories.push = async ({ repository: to }) => {
      this.pushed.push(to);
      return 'pushed';
    };
    this.forge.openPull = async ({ repository: to, body }) => {
      this.opened.push({ repository: to, body });
      return { ...pull, number: to === other ? 8 : 7, head: to === other ? sha('b') : sha('a') };
    };
    this.forge.describePull = async (to: RepositoryName, _number: number, body: string) => {
      this.described.push({ repository: to, body });
    };
  }

  async start(more: Partial<Task> = {}): Promise<Task> {
    return this.running({ parts: [part(), part({ repository: other })], ...more });
  }

  /** Sees a run through, as a worker does. */
  async attend(task: Task): Promise<Task> {
    await attendRun(this.worker, this.look(task), signal);
    return this.look(task);
  }

  /** What is in a thread under this key, as it stands last. */
  shown(key: string) {
    const row = this.said.findLast((each) => each.key === key);
    return row?.effect.type === 'message' ? row.effect.said : undefined;
  }
}

describe('a run in two repositories', () => {
  test('makes a pull request of each, and they name each other', async () => {
    const world = new TwoRepositories();
    const task = await world.attend(await world.start());
    expect(task.run).toMatchObject({ outcome: { type: 'changed', missing: [] } });
    expect(task.parts.map((each) => each.results.map(({ head }) => head))).toEqual([[sha('a')], [sha('b')]]);
    expect(world.opened.map((each) => each.repository)).toEqual([repository, other]);
    expect(world.opened[1]?.body).toContain(`${repository}#7`);
    expect(world.described).toMatchObject([{ repository, body: expect.stringContaining(`${other}#8`) }]);
    expect(world.shown(`gate-${sha('a')}`)).toMatchObject({ part: { repository }, report: { claim: 'Done.' } });
    expect(world.shown(`gate-1-${sha('b')}`)).toMatchObject({ part: { repository: other }, report: { claim: '' } });
    expect(world.shown('root')).toMatchObject({ status: { word: 'Ready for review', pulls: [{}, {}], failed: [] } });
  });

  test('is through although one of them can not be described anew', async () => {
    const world = new TwoRepositories();
    world.forge.describePull = () => Promise.reject(problem('github_403'));
    const task = await world.attend(await world.start());
    expect(task.run).toMatchObject({ outcome: { type: 'changed', changes: [{}, {}], missing: [] } });
    expect(world.logged).toContain('A pull request could not be described anew');
  });

  test('gives a repository that it left as it was no branch and no pull request', async () => {
    const world = new TwoRepositories();
    world.sandbox.export = async (_run, { folder }) => (folder === 'repos/web' ? null : '/bundle');
    const task = await world.attend(await world.start());
    expect(world.pushed).toEqual([repository]);
    expect(task.parts[1]).toMatchObject({ pull: { type: 'none' }, results: [] });
    expect(world.shown(`gate-${sha('a')}`)).toMatchObject({ unchanged: [other] });
  });

  test('gets what GitHub takes into a pull request, and tells of what it refuses', async () => {
    const world = new TwoRepositories();
    world.repositories.push = async ({ repository: to }) => {
      if (to === repository) throw problem('push_refused');
      return 'pushed';
    };
    const task = await world.attend(await world.start());
    expect(task.parts).toMatchObject([{ pull: { type: 'none' } }, { pull: { type: 'open' } }]);
    expect(world.shown('ending-1')).toMatchObject({
      retryable: true,
      outcome: { type: 'failed', problem: { sentence: `${repository}: It is push_refused.` } },
    });
    expect(world.shown('root')).toMatchObject({ status: { word: 'Ready for review', failed: [repository] } });
  });

  test('still owes what was refused once the rest is merged: the thread says so, and Retry brings it', async () => {
    const world = new TwoRepositories();
    const removed: string[] = [];
    world.sandbox.remove = async (task, { workspace }) => void (workspace && removed.push(task));
    const push = world.repositories.push;
    world.repositories.push = async (order) => {
      if (order.repository === other) throw problem('push_refused');
      return push(order);
    };
    const task = await world.attend(await world.start());
    const event = { type: 'merge_approved', repository, approval: { ...approval, by: bob }, at: 3 } as const;
    await world.store.apply(task.id, event);
    await merge(world.worker, task.id, signal);
    expect(removed).toEqual([]);
    expect(world.shown('root')).toMatchObject({ status: { word: 'Merged', failed: [other] }, retryable: true });

    world.repositories.push = push;
    expect(await retry(world.bot, { ...asked, by: alice }, { type: 'task', task: task.id })).toEqual(silent);
    expect(overtakenBy(world.look(task))).toBeNull();
    world.sandbox.export = async (_run, { folder }) => (folder === 'repos/web' ? '/bundle' : null);
    const run = toRunId(task.id, 2);
    await world.store.apply(task.id, { type: 'run_started', run, number: 2, engine: world.worker.engine, at: 9 });
    const after = await world.attend(task);
    expect(after.parts).toMatchObject([{ pull: { type: 'merged' } }, { pull: { type: 'open' } }]);
    expect(world.shown('root')).toMatchObject({ status: { word: 'Ready for review', failed: [] } });
  });

  test('tells of work that may not leave its sandbox, and brings the other out', async () => {
    const world = new TwoRepositories();
    const taken = world.repositories.import;
    world.repositories.import = async (order) => {
      if (order.repository === other) throw problem('path_refused');
      return taken(order);
    };
    const task = await world.attend(await world.start());
    expect(task.run).toMatchObject({
      outcome: { type: 'changed', changes: [{ repository }], missing: [{ repository: other, kept: null }] },
    });
    expect(world.pushed).toEqual([repository]);
  });

  test('tries again what fails for now, and makes nothing twice', async () => {
    const world = new TwoRepositories();
    let tries = 0;
    const push = world.repositories.push;
    world.repositories.push = async (order) => {
      if (order.repository === other && ++tries === 1) throw problem('github_unreachable', { retry: true });
      return push(order);
    };
    const task = await world.attend(await world.start());
    expect(world.opened.map((each) => each.repository)).toEqual([repository, other]);
    expect(task.parts).toMatchObject([{ results: [{ head: sha('a') }] }, { results: [{ head: sha('b') }] }]);
    expect(task.runs).toBe(1);
  });

  test('asks for a Retry once it has tried often enough itself', async () => {
    const world = new TwoRepositories();
    const push = world.repositories.push;
    world.repositories.push = async (order) => {
      if (order.repository === other) throw problem('github_unreachable', { retry: true });
      return push(order);
    };
    const { id, run, epoch } = await world.start();
    const attendance = { deps: world.worker, id, run: currentRun(run)?.id ?? toRunId(id, 1), epoch, signal };
    const checkout = {
      at: 1,
      baseBranch: base,
      base: sha('0'),
      start: sha('0'),
      remote: null,
      checks: [],
      allow: null,
    };
    const checkouts = [repository, other].map((each) => ({
      ...{ repository: each, checkout: { ...checkout, repositories: ['/mirror'] } },
    }));
    await world.store.apply(id, { type: 'checkout_prepared', run: attendance.run, checkouts, at: 1 });
    await world.store.apply(id, { type: 'messages_taken', run: attendance.run, taken: 1, at: 1 });
    const result = { type: 'finished', exitCode: 0, claim: 'Done.', unread: [] } as const;
    await finishRun(attendance, { ...nothingFolded, result }, true);
    expect(world.shown('ending-1')).toMatchObject({
      retryable: true,
      outcome: { problem: { code: 'github_unreachable', next: expect.stringMatching(/^Press Retry/) } },
    });
  });

  test('whose worker dies between the two pushes loses nothing and makes nothing twice', async () => {
    const world = new TwoRepositories();
    const push = world.repositories.push;
    world.repositories.push = async (order) => {
      if (order.repository === other) throw problem('broker_down', { retry: true });
      return push(order);
    };
    const task = await world.start();
    await expect(world.attend(task)).rejects.toMatchObject({ failure: { code: 'broker_down' } });
    world.repositories.push = push;
    const after = await world.attend(task);
    expect(world.opened.map((each) => each.repository)).toEqual([repository, other]);
    expect(after.parts).toMatchObject([{ results: [{ head: sha('a') }] }, { results: [{ head: sha('b') }] }]);
  });

  test('that is to be run again for one of them gives the other’s work its gate then', async () => {
    const world = new TwoRepositories();
    const push = world.repositories.push;
    world.repositories.push = async (order) => (order.repository === other ? 'moved' : push(order));
    const task = await world.attend(await world.start());
    expect(task).toMatchObject({ run: { type: 'queued' }, attempt: 1 });
    world.repositories.push = push;
    const prepare = world.repositories.prepare;
    world.repositories.prepare = async (order) => {
      const first = order.part === 0 ? { start: sha('a'), remote: sha('a') } : {};
      return { ...(await prepare(order)), ...first };
    };
    world.sandbox.export = async (_run, { folder }) => (folder === 'repos/web' ? '/bundle' : null);
    const run = `${task.id}-r2` as never;
    await world.store.apply(task.id, { type: 'run_started', run, number: 2, engine: world.worker.engine, at: 9 });
    const after = await world.attend(task);
    expect(after.parts).toMatchObject([{ results: [{ head: sha('a') }] }, { results: [{ head: sha('b') }] }]);
  });

  test('goes on in one when the other’s pull request was merged meanwhile, and says where that work is', async () => {
    const world = new TwoRepositories();
    const open = { type: 'open', pull: { ...pull, head: sha('0') }, refusal: null } as const;
    const task = await world.start({ parts: [part({ pull: open }), part({ repository: other })] });
    world.forge.findPull = async () => ({ ...open.pull, state: 'merged', commit: sha('c'), isDraft: false });
    const after = await world.attend(task);
    expect(after.run).toMatchObject({
      outcome: {
        changes: [{ repository: other }],
        missing: [{ repository, problem: { code: 'pull_request_ended' }, kept: sha('a') }],
      },
    });
  });

  test('brings one up although the other’s pull request can not be looked at', async () => {
    const world = new TwoRepositories();
    const open = { type: 'open', pull: { ...pull, head: sha('0') }, refusal: null } as const;
    world.forge.findPull = () => Promise.reject(problem('github_404'));
    const task = await world.attend(await world.start({ parts: [part({ pull: open }), part({ repository: other })] }));
    expect(world.pushed).toEqual([other]);
    expect(task.run).toMatchObject({
      outcome: { changes: [{ repository: other }], missing: [{ repository, problem: { code: 'github_404' } }] },
    });
  });

  test('that failed keeps its work in both', async () => {
    const world = new TwoRepositories();
    world.sandbox.records = async function* () {
      yield { n: 1, at: 1, type: 'result', result: { type: 'finished', exitCode: 3, claim: '', unread: [] } };
    };
    const task = await world.attend(await world.start());
    const kept = [
      { repository, head: sha('a') },
      { repository: other, head: sha('b') },
    ];
    expect(task.run).toMatchObject({ outcome: { type: 'failed', problem: { code: 'script_failed' }, kept } });
    expect(world.opened).toEqual([]);
  });
});

test('a stopped run that may not be pushed to one repository is kept in the other', async () => {
  const world = new TwoRepositories();
  const prepared = { at: 1, baseBranch: base, base: sha('0'), start: sha('0'), remote: null };
  const checkout = { ...prepared, checks: [], allow: null, repositories: ['/mirror'] };
  const task = await world.start({ parts: [part({ checkout }), part({ repository: other, checkout })] });
  const checkouts = [
    { repository, checkout },
    { repository: other, checkout },
  ];
  await world.store.apply(task.id, { type: 'checkout_prepared', run: `${task.id}-r1` as never, checkouts, at: 1 });
  await world.store.apply(task.id, { type: 'stopped', by: alice, at: 2 });
  const push = world.repositories.push;
  world.repositories.push = async (order) => {
    if (order.repository === repository) throw problem('push_refused');
    return push(order);
  };
  await keepWork(world.worker, task.id);
  expect(world.look(task).run).toMatchObject({ outcome: { kept: [{ repository: other, head: sha('b') }] } });
});

describe('a branch that was asked for', () => {
  const release = 'release' as BranchName;

  async function preparedWhere(has: (repository: string, branch: string | null) => boolean) {
    const world = new TwoRepositories();
    const { prepare } = world.repositories;
    world.repositories.prepare = async (order) => {
      if (!has(order.repository, order.base)) throw problem('base_missing');
      return { ...(await prepare(order)), baseBranch: order.base ?? base };
    };
    return world.attend(
      await world.start({ parts: [part({ base: release }), part({ repository: other, base: release })] }),
    );
  }

  test('is taken where it exists; elsewhere the usual base is', async () => {
    const task = await preparedWhere((name, branch) => branch !== release || name === repository);
    expect(task.parts.map((each) => each.base)).toEqual([release, base]);
  });

  test('and exists nowhere is refused', async () => {
    const task = await preparedWhere((_, branch) => branch !== release);
    expect(task.run).toMatchObject({ outcome: { type: 'failed', problem: { code: 'base_missing' } } });
  });
});

describe('approvals in two repositories', () => {
  const waiting = { ...pullStates.merging, approval: { ...approval, by: bob } };
  const idle = { type: 'idle', outcome: null } as const;

  test('are merged each for itself: one that waits holds nothing up, and the workspace stays for it', async () => {
    const world = new TwoRepositories();
    const removed: string[] = [];
    world.sandbox.remove = async (task) => void removed.push(task);
    const task = world.has({ run: idle, parts: [part({ pull: waiting }), part({ repository: other, pull: waiting })] });
    const ready = world.forge.mergeable;
    world.forge.mergeable = async (...asked) =>
      asked[0] === repository ? { type: 'pending', reason: 'A check is pending.' } : ready(...asked);
    await merge(world.worker, task.id, signal);
    expect(world.look(task).parts).toMatchObject([
      { pull: { type: 'merging', delay: 'A check is pending.' } },
      { pull: { type: 'merged' } },
    ]);
    expect(world.woken).toHaveLength(1);
    expect(removed).toEqual([]);

    world.forge.mergeable = ready;
    await merge(world.worker, task.id, signal);
    expect(world.look(task).parts.map((each) => each.pull.type)).toEqual(['merged', 'merged']);
    expect(removed).toEqual([task.id]);
  });
});
