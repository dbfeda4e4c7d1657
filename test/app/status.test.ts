import { describe, expect, test } from 'vitest';
import { list, status } from '../../src/app/status.ts';
import type { Answer } from '../../src/task/use-cases.ts';
import { alice, engine } from '../task/example.ts';
import { asked, World } from './world.ts';

const by = { ...asked, by: alice, byName: 'Alice' };

function troubles(answer: Answer): readonly string[] {
  if (answer.type !== 'say' || answer.said.type !== 'list') throw new Error(`no list: ${answer.type}`);
  return (answer.said.troubles ?? []).map(({ code }) => code);
}

function world(silentMs: number): World {
  const made = new World();
  const facts = { engine, name: 'one', instance: 'one', slots: 2, running: 0, ready: true, beat: 1 };
  made.machines.push({ ...facts, state: 'serving', silentMs });
  made.notes = [
    {
      process: 'worker',
      id: 'worker:1',
      host: 'one',
      at: made.now,
      troubles: [{ code: 'docker_down', sentence: 'Docker is away.', since: 1 }],
    },
  ];
  return made;
}

describe('how Errand itself is', () => {
  test('is said with how all tasks stand', async () => {
    expect(troubles(await status(world(0).bot, by, null))).toEqual(['docker_down']);
  });

  test('is said with how one task stands', async () => {
    const there = world(60_000);
    const { id } = there.has();
    expect(troubles(await status(there.bot, by, { type: 'task', task: id }))).toEqual(['no_worker', 'docker_down']);
  });

  test('is not said of the newest tasks, which nobody asks for to know that', async () => {
    expect(troubles(await list(world(60_000).bot, by))).toEqual([]);
  });
});
