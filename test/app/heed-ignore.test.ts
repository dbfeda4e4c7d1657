import { expect, test } from 'vitest';
import { attendRun } from '../../src/app/attend-run.ts';
import type { BranchName } from '../../src/task/ids.ts';
import { World } from './world.ts';

test.each([
  ['main', 'main', true],
  ['errand/t000009-x', 'main', false],
])('where secrets are none is heard from the usual base alone: on %s of %s, %s', async (on, usual, heedIgnore) => {
  const world = new World();
  const heard: (boolean | undefined)[] = [];
  const { prepare, import: usually } = world.repositories;
  world.repositories.prepare = async (order) => {
    const prepared = await prepare(order);
    const rules = { ...prepared.rules, secrets: { ignore: ['test/'] } };
    return { ...prepared, rules, baseBranch: on as BranchName, defaultBranch: usual as BranchName };
  };
  world.repositories.import = async (order) => {
    heard.push(order.heedIgnore);
    return usually(order);
  };
  await attendRun(world.worker, await world.running(), new AbortController().signal);
  expect(heard).toEqual([heedIgnore]);
});
