import { describe, expect, test } from 'vitest';
import { accept } from '../../src/app/submit.ts';
import { tellTurns } from '../../src/app/tell-turns.ts';
import { toTurnLine } from '../../src/app/turn-words.ts';
import { toDraft } from '../../src/task/draft.ts';
import type { Host } from '../../src/task/hosts.ts';
import type { UserId } from '../../src/task/ids.ts';
import { alice, bob, channel, engine, repository, taskId } from '../task/example.ts';
import { World } from './world.ts';

const [one, two, three] = [taskId('t000001'), taskId('t000002'), taskId('t000003')];
const queued = (since: number) => ({ type: 'queued', since, reason: null }) as const;
const host: Host = {
  engine,
  name: 'one',
  instance: 'i',
  state: 'serving',
  ready: true,
  slots: 1,
  running: 1,
  beat: 1,
  silentMs: 100,
};

function telling(world: World, hosts: readonly Host[] = [host]) {
  const { store, policy } = world;
  return tellTurns({ store, policy, clock: { now: () => world.now }, hosts: { list: async () => hosts } });
}

const roots = (world: World, id: typeof one) =>
  world.said.flatMap(({ lane, key, effect }) =>
    lane === id && key === 'root' && effect.type === 'message' && effect.said.type === 'root'
      ? [effect.said.status]
      : [],
  );

describe('whoever waits', () => {
  test('is told how many go before them, once, and anew when that changes', async () => {
    const world = new World();
    world.has({ id: one, run: queued(1_000) });
    world.has({ id: two, run: queued(2_000), requester: bob });
    await telling(world);
    await telling(world);
    expect(roots(world, one)).toEqual([{ word: 'Queued', reason: null, turn: 'Next, waiting for a free worker' }]);
    expect(roots(world, two)).toEqual([{ word: 'Queued', reason: null, turn: '1 ahead, waiting for a free worker' }]);
    await world.store.apply(one, { type: 'stopped', by: alice, at: world.now });
    await telling(world);
    expect(roots(world, two).at(-1)).toMatchObject({ turn: 'Next, waiting for a free worker' });
  });

  test('is left in peace while they are about to be taken up', async () => {
    const world = new World();
    world.has({ id: one, run: queued(world.now - 1_000) });
    await telling(world);
    expect(world.said).toEqual([]);
  });

  test('is told which limit they wait for', async () => {
    const world = new World();
    world.policy = { ...world.policy, turns: { ...world.policy.turns, personRuns: 1 } };
    await world.running({ id: one });
    world.has({ id: two, run: queued(1_000) });
    await telling(world);
    expect(roots(world, two)).toMatchObject([
      { turn: "Waits until a run of Alice's ends: one person may have 1 at once" },
    ]);
  });

  test('is told when nobody is there to take it, and not for a worker that is just started anew', async () => {
    const world = new World();
    world.has({ id: one, run: queued(1_000) });
    await telling(world, [{ ...host, silentMs: 25_000 }]);
    await telling(world, [{ ...host, silentMs: 31_000 }]);
    expect(roots(world, one)).toMatchObject([
      { turn: 'Next, waiting for a free worker' },
      { turn: 'Next, but no worker is up' },
    ]);
  });

  test('keeps the reason that they were given while they are put off', async () => {
    const world = new World();
    world.has({ id: one, run: { ...queued(1_000), reason: 'Docker is down.', notBefore: world.now + 1 } });
    await telling(world);
    expect(world.said).toEqual([]);
  });
});

describe('whoever asks', () => {
  const ask = (world: World, by: UserId = alice) =>
    accept(world.bot, {
      key: 'k',
      originKey: 'k',
      by,
      channel,
      thread: null,
      message: null,
      origin: 'command',
      draft: toDraft('repo:acme/shop agent:shell Look ```ls```'),
      at: 1,
    });

  test('is told from the first how many go before them, where others wait already', async () => {
    const world = new World();
    world.has({ id: two, run: queued(1_000), requester: bob });
    const accepted = await ask(world);
    expect(accepted).toMatchObject({ type: 'accepted', task: { run: { turn: { ahead: 1, held: null } } } });
  });

  test('is told nothing of those who are just being taken up', async () => {
    const world = new World();
    world.has({ id: two, run: queued(world.now - 500), requester: bob });
    expect(await ask(world)).not.toHaveProperty('task.run.turn');
  });

  test('is told from the first which limit they wait for, though nobody else waits', async () => {
    const world = new World();
    world.policy = { ...world.policy, turns: { ...world.policy.turns, repositoryRuns: 1 } };
    await world.running({ id: three, requester: bob });
    const held = { by: 'repository', name: repository, most: 1 };
    expect(await ask(world)).toMatchObject({ task: { run: { turn: { ahead: 0, held } } } });
  });

  test('is taken in although nobody knows how many go before them', async () => {
    const world = new World();
    world.store.line = () => Promise.reject(new Error('away'));
    expect(await ask(world)).toMatchObject({ type: 'accepted' });
  });
});

test.each([
  [{ ahead: 12, held: null }, '12 or more ahead, waiting for a free worker'],
  [{ ahead: 3, held: null, stranded: true }, '3 ahead, but no worker is up'],
  [
    { ahead: 0, held: { by: 'channel', name: channel, most: 4 } },
    'Waits until a run of this channel ends: it may have 4 at once',
  ],
  [
    { ahead: 0, held: { by: 'repository', name: repository, most: 2 } },
    'Waits until a run in acme/shop ends: it may have 2 at once',
  ],
] as const)('a turn is said in words: %o', (turn, words) => {
  expect(toTurnLine({ requesterName: 'Alice' }, turn)).toBe(words);
});
