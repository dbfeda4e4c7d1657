import { expect, test } from 'vitest';
import { approve, unapprove } from '../../src/app/approve.ts';
import { alice, approval, bob, channel, pull, pullStates, repository, ts } from '../task/example.ts';
import { World } from './world.ts';

const asked = { key: 'k', by: bob, channel, thread: ts(1), message: ts(9), at: 10_000 };

/** A task whose gate was delivered, approved by emoji, and waits for its merge. */
function approved(by = bob) {
  const world = new World();
  const merging = { ...pullStates.merging, approval: { ...approval, by, via: 'reaction' } } as const;
  const task = world.has({ run: { type: 'idle', outcome: null }, pull: merging });
  const said = {
    ...{ type: 'result', task: { id: task.id }, part: { repository, base: null }, head: pull.head },
  } as never;
  const effect = { type: 'message', channel, thread: { type: 'own' }, said } as const;
  world.delivered.set(ts(9), { lane: task.id, key: 'gate', row: { lane: task.id, key: 'gate', effect } });
  return { world, pullOf: () => world.look(task).parts[0].pull };
}

test('an approval whose emoji was taken off is taken back', async () => {
  const { world, pullOf } = approved();
  world.takenOff.add(`${ts(9)} ${bob}`);
  expect(await unapprove(world.bot, asked)).toEqual({ type: 'silent' });
  expect(pullOf()).toMatchObject({ type: 'open', refusal: { code: 'withdrawn' } });
});

test('one that was put on again is not, though Slack tells of it in another order', async () => {
  const { world, pullOf } = approved();
  await unapprove(world.bot, asked);
  expect(pullOf().type).toBe('merging');
});

test('an emoji that was put on and taken off at once approves nothing, however late Slack tells', async () => {
  const { world, pullOf } = approved();
  world.takenOff.add(`${ts(9)} ${bob}`);
  await unapprove(world.bot, asked);
  expect(await approve(world.bot, { ...asked, via: 'reaction' })).toEqual({ type: 'silent' });
  expect(pullOf().type).toBe('open');
});

test('nobody takes back what somebody else approved', async () => {
  const { world, pullOf } = approved(alice);
  world.takenOff.add(`${ts(9)} ${bob}`);
  await unapprove(world.bot, asked);
  expect(pullOf().type).toBe('merging');
});
