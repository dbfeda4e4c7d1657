import { expect, test } from 'vitest';
import { attestAll } from '../../src/app/attest.ts';
import { authoriseMerge, authoriseRun } from '../../src/app/authorise.ts';
import type { ChannelId } from '../../src/task/ids.ts';
import { plainRepository } from '../../src/task/policy.ts';
import { Problem } from '../../src/task/problem.ts';
import { alice, bob, pullStates, repository, run, task as toTask } from '../task/example.ts';
import { World } from './world.ts';

const queued = toTask({ run: { type: 'queued', since: 1, reason: null } });
const { approval } = pullStates.merging;

test('a run of somebody who may ask begins', async () => {
  expect(await authoriseRun(new World().worker, queued)).toEqual({ type: 'held' });
});

test('a run of whom no bot has said anything waits', async () => {
  const world = Object.assign(new World(), { attestsUnasked: false });
  expect(await authoriseRun(world.worker, queued)).toMatchObject({ type: 'wait' });
  expect(await authoriseMerge(world.worker, queued, repository, approval)).toMatchObject({ type: 'wait' });
});

test.each(['deactivated', 'guest', 'stranger', 'bot'] as const)(
  'nothing begins for one who is %s by now',
  async (type) => {
    const world = new World();
    for (const person of [alice, bob]) await world.attestations.attest({ person, type, groups: [] });
    const refused = { type: 'refused', problem: { code: 'no_member' } };
    expect(await authoriseRun(world.worker, queued)).toMatchObject(refused);
    expect(await authoriseMerge(world.worker, queued, repository, approval)).toMatchObject(refused);
  },
);

test('who was taken off the list gets no further run, themselves or with their group', async () => {
  const world = new World();
  world.policy = { ...world.policy, requesters: ['S0TEAM'] };
  expect(await authoriseRun(world.worker, queued)).toMatchObject({ problem: { code: 'requester_unlisted' } });
  await world.attestations.attest({ person: alice, type: 'member', groups: ['S0TEAM'] });
  expect(await authoriseRun(world.worker, queued)).toEqual({ type: 'held' });
});

test('nor is one merged whose approver was taken off', async () => {
  const world = new World();
  world.policy = { ...world.policy, approvers: [alice] };
  expect(await authoriseMerge(world.worker, queued, repository, approval)).toMatchObject({
    problem: { code: 'not_an_approver' },
  });
});

test('an approval by the requester, wherever it came from, merges nothing', async () => {
  const world = new World();
  const forged = { ...approval, by: alice };
  expect(await authoriseMerge(world.worker, queued, repository, forged)).toMatchObject({
    problem: { code: 'self_approval' },
  });
});

test('a repository that was taken out, or a channel that was closed, gets no run', async () => {
  const world = new World();
  const { policy } = world;
  world.policy = {
    ...policy,
    repositories: [{ ...plainRepository(repository), name: 'acme/other' as typeof repository }],
  };
  expect(await authoriseRun(world.worker, queued)).toMatchObject({ problem: { code: 'repository_unlisted' } });
  world.policy = { ...policy, onlyChannels: ['C0OTHER'] };
  expect(await authoriseRun(world.worker, queued)).toMatchObject({ problem: { code: 'channel_closed' } });
  const direct = toTask({ ...queued, origin: { ...queued.origin, channel: 'D0ALICE' as ChannelId } });
  world.policy = { ...policy, onlyChannels: ['direct'] };
  expect(await authoriseRun(world.worker, direct)).toEqual({ type: 'held' });
});

test('the bot says who people are for as long as something of theirs is to be done', async () => {
  const world = new World();
  world.has({ run: { type: 'running', run: run() } });
  world.members.set(alice, 'deactivated');
  await attestAll(world.bot);
  expect(world.attested.get(alice)).toEqual({ person: alice, type: 'deactivated', groups: [] });
});

test('a run waits until it is known who opened hosts for it by now, and the bot says so', async () => {
  const world = Object.assign(new World(), { attestsUnasked: false });
  await world.attestations.attest({ person: alice, type: 'member', groups: [] });
  const opened = { ...queued, allowed: [{ host: 'docs.example', by: bob, byName: 'Bob', runs: 1 }] };
  expect(await authoriseRun(world.worker, opened)).toMatchObject({ type: 'wait' });
  world.has(opened);
  await attestAll(world.bot);
  expect(await authoriseRun(world.worker, opened)).toEqual({ type: 'held' });
});

test('of an approval that waits for its merge, too', async () => {
  const world = new World();
  world.has({ run: { type: 'idle', outcome: null }, pull: pullStates.merging });
  await attestAll(world.bot);
  expect([...world.attested.keys()]).toEqual([bob]);
});

test('of CI that waits to be run, too', async () => {
  const world = new World();
  const open = { ...pullStates.open, release: { by: bob, delay: 'GitHub is away.' } };
  world.has({ run: { type: 'idle', outcome: null }, pull: open });
  await attestAll(world.bot);
  expect([...world.attested.keys()]).toEqual([bob]);
});

test('while Slack says nothing, the bot says nothing either', async () => {
  const world = new World();
  world.has({ run: { type: 'running', run: run() } });
  const { bot } = world;
  const member = async () => {
    throw new Problem({ code: 'directory', sentence: 'Slack is away.', next: '' }, { retry: true });
  };
  await attestAll({ ...bot, directory: { ...bot.directory, member } });
  expect(world.attested.size).toBe(0);
});

test('an approval whose emoji was taken off unheard is none any more, before anything is merged', async () => {
  const world = new World();
  const byEmoji = { ...approval, via: 'reaction' } as const;
  const { id } = world.has({ pull: { ...pullStates.merging, approval: byEmoji } });
  const pull = () => world.tasks.get(id)?.parts[0].pull;
  await attestAll(world.bot);
  expect(pull()?.type).toBe('merging');
  world.takenOff.add(`${approval.message} ${approval.by}`);
  await attestAll(world.bot);
  expect(pull()).toMatchObject({ type: 'open', refusal: { code: 'withdrawn' } });
});

test('nobody is vouched for whose approval Slack does not show', async () => {
  const world = Object.assign(new World(), { attestsUnasked: false });
  const byEmoji = { ...approval, via: 'reaction' } as const;
  const task = world.has({ pull: { ...pullStates.merging, approval: byEmoji } });
  const stands = async () => {
    throw new Problem({ code: 'approval_unseen', sentence: 'Slack is away.', next: '' }, { retry: true });
  };
  await attestAll({ ...world.bot, approvals: { stands } });
  expect(await authoriseMerge(world.worker, task, repository, byEmoji)).toMatchObject({ type: 'wait' });
});
