import { expect, test } from 'vitest';
import { allowHost } from '../../src/app/allow-host.ts';
import { attendRun } from '../../src/app/attend-run.ts';
import { narrate } from '../../src/app/narrate.ts';
import { toPullRequestBody } from '../../src/app/pull-request-words.ts';
import { toRunId } from '../../src/task/ids.ts';
import type { Said } from '../../src/task/said.ts';
import type { Task } from '../../src/task/task.ts';
import { alice, bob, channel, engine, part, report, repository, run, runId, task as toTask } from '../task/example.ts';
import { asked, World } from './world.ts';

const docs = { host: 'docs.example', allowable: true };
const inside = { host: '10.0.0.1:443', allowable: false };

/** A task that has had one run, which was refused two hosts. */
function refused(more: Partial<Task> = {}) {
  const world = new World();
  world.policy = { ...world.policy, approvers: [alice, bob] };
  const blocked = [docs, inside].map((each) => ({ ...each, run: 1 }));
  const task = world.has({ run: { type: 'idle', outcome: null }, runs: 1, blocked, ...more });
  const press = (by = bob, host = docs.host) => allowHost(world.bot, { ...asked, by, channel, task: task.id, host });
  return { world, task, press, allowed: () => world.look(task).allowed ?? [] };
}

function saidOf(task: Task): Said | undefined {
  const rows = narrate(task, { type: 'time_passed', at: 1 }, task);
  return rows.flatMap(({ key, effect }) => (key === 'blocked-1' && effect.type === 'message' ? effect.said : []))[0];
}

test('hosts that a run was refused are told before it ends, each once', async () => {
  const world = new World();
  world.sandbox.blocked = async () => [docs, inside];
  const task = await world.running();
  await attendRun(world.worker, task, new AbortController().signal);
  const types = (await world.store.events(task.id)).map(({ type }) => type);
  expect(types.filter((type) => type === 'hosts_blocked')).toHaveLength(1);
  expect(types.indexOf('hosts_blocked')).toBeLessThan(types.indexOf('run_finished'));
  expect(saidOf(world.look(task))).toMatchObject({ hosts: [docs, inside], next: null });
});

test('what an agent calls by itself at each start is no news', async () => {
  const world = new World();
  world.sandbox.blocked = async () => [{ host: 'chatgpt.com', allowable: true }, docs];
  const task = await world.running({ agent: 'codex' });
  await attendRun(world.worker, task, new AbortController().signal);
  expect(saidOf(world.look(task))).toMatchObject({ hosts: [docs] });
});

test('somebody who may approve opens a host for the task, named in thread and pull request', async () => {
  const { world, task, press, allowed } = refused();
  expect(await press()).toEqual({ type: 'silent' });
  expect(allowed()).toMatchObject([{ host: 'docs.example', by: bob, runs: 1 }]);
  expect(saidOf(world.look(task))).toMatchObject({ hosts: [{ allowed: { by: bob, inForce: false } }, inside] });
  const body = toPullRequestBody(
    world.look(task),
    { ...report, blocked: ['docs.example', '10.0.0.1:443'] },
    { threadUrl: null, author: { name: 'Alice', email: '', account: null } },
  );
  expect(body).toContain('- `docs.example`, allowed for this task by ');
  expect(body).toContain('- `10.0.0.1:443`, not reached');
  expect(body).not.toContain('`docs.example`, not reached');
});

/** The names that the next run may reach, and what the thread was told of those it may not any more. */
async function nextRun({ world, task }: ReturnType<typeof refused>) {
  const reached: (readonly string[])[] = [];
  world.sandbox.start = async ({ policy }) => void reached.push(policy.allow);
  await world.store.apply(task.id, { type: 'retried', by: alice, at: 1 });
  const started = { type: 'run_started', run: toRunId(task.id, 2), number: 2, engine, at: 1 } as const;
  await world.store.apply(task.id, started);
  await attendRun(world.worker, world.look(task), new AbortController().signal);
  const types = (await world.store.events(task.id)).map(({ type }) => type);
  return { reached, closed: types.filter((type) => type === 'hosts_closed').length };
}

const narrowedTo = (world: World, approvers: string[]) => {
  const { prepare } = world.repositories;
  world.repositories.prepare = async (order) => {
    const prepared = await prepare(order);
    return { ...prepared, rules: { ...prepared.rules, merge: { ...prepared.rules.merge, approvers } } };
  };
};

test('the next run reaches what somebody opened who still may', async () => {
  const begun = refused();
  await begun.press();
  expect(await nextRun(begun)).toEqual({ reached: [['docs.example']], closed: 0 });
});

test.each<[string, (world: World) => unknown]>([
  ['was deactivated', ({ attestations }) => attestations.attest({ person: bob, type: 'deactivated', groups: [] })],
  ['was taken off the list', (world) => Object.assign(world, { policy: { ...world.policy, approvers: [alice] } })],
  [
    'is one of everybody, for no list is left',
    (world) => Object.assign(world, { policy: { ...world.policy, approvers: [] } }),
  ],
  ['the base branch leaves out', (world) => narrowedTo(world, [alice])],
])('it reaches nothing by the word of one who %s, which is said once', async (_why, change) => {
  const begun = refused();
  await begun.press();
  await change(begun.world);
  expect(await nextRun(begun)).toEqual({ reached: [[]], closed: 1 });
  const { type, hosts } = { type: 'hosts_closed', hosts: [docs.host] } as const;
  const rows = narrate(begun.world.look(begun.task), { type, run: runId(2), hosts, at: 1 }, begun.task);
  expect(rows.find(({ key }) => key.startsWith('closed'))).toMatchObject({
    effect: { said: { sentence: expect.stringContaining('No longer open to this task: docs.example.') } },
  });
  const author = { name: 'Alice', email: '', account: null };
  const body = toPullRequestBody(begun.world.look(begun.task), report, { threadUrl: null, author });
  expect(body).toMatch(/`docs.example`, allowed for this task by .*, and closed again before run 2/);
});

test('where nobody is named, nobody opens a host, and the note says who could', async () => {
  const { world, press, allowed } = refused();
  world.policy = { ...world.policy, approvers: [] };
  expect(await press()).toMatchObject({ said: { sentence: expect.stringContaining('Nobody is named') } });
  expect(allowed()).toEqual([]);
  const other = new World();
  other.sandbox.blocked = async () => [docs];
  const task = await other.running();
  await attendRun(other.worker, task, new AbortController().signal);
  expect(saidOf(other.look(task))).toMatchObject({ hosts: [{ ...docs, approvable: false }] });
});

test('whom the base branch leaves out opens nothing', async () => {
  const world = new World();
  narrowedTo(world, [alice]);
  const ran = await world.running();
  await attendRun(world.worker, ran, new AbortController().signal);
  const { parts } = world.look(ran);
  const { press, allowed } = refused({ parts });
  expect(await press()).toMatchObject({ said: { sentence: expect.stringContaining('takes one of its approvers') } });
  expect(allowed()).toEqual([]);
});

test('twice is once', async () => {
  const { press, allowed } = refused();
  await press();
  expect(await press()).toEqual({ type: 'silent' });
  expect(allowed()).toHaveLength(1);
});

test.each([
  ['the requester, while others approve', {}, alice, 'somebody else opens docs.example for it'],
  ['somebody who is no approver', { approvers: ['U0CAROL'] }, bob, 'takes one of its approvers'],
])('it is not for %s', async (_who, policy, by, sentence) => {
  const { world, press, allowed } = refused();
  world.policy = { ...world.policy, ...policy };
  expect(await press(by)).toMatchObject({ said: { sentence: expect.stringContaining(sentence) } });
  expect(allowed()).toEqual([]);
});

test('the requester may where self-approval is allowed, and a guest never', async () => {
  const { world, press, allowed } = refused();
  world.members.set(bob, 'guest');
  await press();
  expect(allowed()).toEqual([]);
  world.policy = { ...world.policy, selfApproval: true };
  await press(alice);
  expect(allowed()).toHaveLength(1);
});

test('of several repositories it takes an approver of each', async () => {
  const other = part({ repository: 'acme/other' as typeof repository });
  const { world, press, allowed } = refused({ parts: [part({}), other] });
  expect(await press()).toMatchObject({ type: 'say' });
  expect(world.policy.repositories.map(({ name }) => name)).toEqual([repository]);
  expect(allowed()).toEqual([]);
});

test.each([
  ['that no run was refused', 'evil.example'],
  ['that is closed for another reason than the list', '10.0.0.1:443'],
])('a host %s is opened by nobody', async (_what, host) => {
  const { press, allowed } = refused();
  expect(await press(bob, host)).toMatchObject({ said: { sentence: expect.stringContaining("can't be opened") } });
  expect(allowed()).toEqual([]);
});

test('what was allowed says from when on it holds', () => {
  const allowed = [{ host: 'docs.example', by: bob, byName: 'Bob', runs: 1 }];
  const blocked = [{ ...docs, run: 1 }];
  const idle = toTask({ run: { type: 'idle', outcome: null }, runs: 1 });
  expect(saidOf({ ...idle, blocked, allowed })).toMatchObject({ next: 'retry' });
  const going = toTask({ run: { type: 'running', run: run() }, runs: 1 });
  expect(saidOf({ ...going, blocked, allowed })).toMatchObject({ next: 'next_run' });
  expect(saidOf({ ...going, runs: 2, blocked, allowed })).toMatchObject({
    hosts: [{ allowed: { inForce: true } }],
    next: null,
  });
});

test('what `.errand.yml` asks for beyond the ceiling is said once, whatever the number of runs', () => {
  const asks = { beyond: ['docs.example', 'package registries'], checks: [], allow: null, repositories: [] };
  const task = toTask({ run: { type: 'running', run: run() }, runs: 1 });
  const parts = [{ ...task.parts[0], checkout: asks as never }] as const;
  const event = { type: 'checkout_prepared', run: runId(1), checkouts: [], at: 1 } as const;
  const rows = narrate({ ...task, parts }, event, task).filter(({ key }) => key.startsWith('beyond'));
  expect(rows).toMatchObject([
    { key: 'beyond-0', effect: { said: { sentence: expect.stringContaining('asks for') } } },
  ]);
});
