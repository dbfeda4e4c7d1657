import { describe, expect, test } from 'vitest';
import { renewSessions, toSession, toSessionStatus } from '../../src/app/session.ts';
import type { PullState, RunState } from '../../src/task/task.ts';
import { pullStates, runStates, task } from '../task/example.ts';
import { World } from './world.ts';

const statuses = {
  queued: { none: 'processing', open: 'processing', merging: 'processing', merged: 'processing', closed: 'processing' },
  running: {
    none: 'processing',
    open: 'processing',
    merging: 'processing',
    merged: 'processing',
    closed: 'processing',
  },
  waiting: { none: 'suspended', open: 'suspended', merging: 'suspended', merged: 'suspended', closed: 'suspended' },
  idle: { none: 'active', open: 'active', merging: 'active', merged: 'closed', closed: 'closed' },
} as const satisfies Record<RunState['type'], Record<PullState['type'], string>>;

const own = { type: 'own' } as const;
const halfHourMs = 30 * 60_000;

describe('the session of a task', () => {
  const cases = Object.entries(statuses).flatMap(([run, row]) =>
    Object.entries(row).map(([pull, status]) => ({ run, pull, status })),
  );
  test.each(cases)('is $status when the run is $run and the pull request $pull', ({ run, pull, status }) => {
    const found = Object.entries(runStates).find(([name]) => name === run)?.[1] ?? runStates.idle;
    const of = Object.entries(pullStates).find(([name]) => name === pull)?.[1] ?? pullStates.none;
    expect(toSessionStatus(task({ run: found, pull: of }))).toBe(status);
  });

  test('is said again each half hour while the task is at work, and once otherwise', () => {
    const running = task({ run: runStates.running });
    expect(toSession(running, own, 0)).toEqual(toSession(running, own, halfHourMs - 1));
    expect(toSession(running, own, halfHourMs)).not.toEqual(toSession(running, own, halfHourMs - 1));
    const idle = task({ run: runStates.idle });
    expect(toSession(idle, own, halfHourMs)).toEqual(toSession(idle, own, 0));
  });

  test('names who asked and what for', () => {
    const { title, requester: initiator } = task();
    expect(toSession(task(), own, 0)).toMatchObject({ title, initiator });
  });
});

describe('the passing of time', () => {
  test('renews the session of what is at work', async () => {
    const world = new World();
    await world.running();
    world.now = halfHourMs * 3;
    world.said.length = 0;
    await renewSessions(world.bot);
    const sessions = world.said.filter(({ key }) => key === 'session').map(({ effect }) => effect);
    expect(sessions).toEqual([expect.objectContaining({ status: 'processing', beat: 3 })]);
  });

  test('says nothing of a task that waits for review', async () => {
    const world = new World();
    world.has({ run: runStates.idle, pull: pullStates.open });
    await renewSessions(world.bot);
    expect(world.said).toEqual([]);
  });
});
