import { expect, test } from 'vitest';
import { lookAtPull } from '../../src/app/look-at-pull.ts';
import type { BranchName, RepositoryName } from '../../src/task/ids.ts';
import type { Hint } from '../../src/task/ports/forge.ts';
import { pullStates, repository, taskId } from '../task/example.ts';
import { World } from './world.ts';

const id = taskId('tabcdef');
const branch = 'errand/tabcdef-fix' as BranchName;
const hint: Hint = { repository, of: 'pull', branches: [branch] };

function world(pull: (typeof pullStates)[keyof typeof pullStates]) {
  const made = new World();
  made.has({ id, branch, run: { type: 'idle', outcome: null }, pull });
  return made;
}

const woken = ({ woken }: World) => woken.map(({ job }) => job);

test('a hint has the pull request looked at, and changes nothing itself', async () => {
  const at = world(pullStates.open);
  const before = at.tasks.get(id);
  await lookAtPull(at.bot, hint);
  await lookAtPull(at.bot, { ...hint, repository: repository.toUpperCase() as RepositoryName });
  expect(woken(at)).toEqual([
    { type: 'pull', task: id },
    { type: 'pull', task: id },
  ]);
  expect(at.tasks.get(id)).toBe(before);
});

test('what merging depends on matters to a merge that waits, and to none else', async () => {
  const open = world(pullStates.open);
  await lookAtPull(open.bot, { ...hint, of: 'rules' });
  expect(woken(open)).toEqual([]);
  const merging = world(pullStates.merging);
  await lookAtPull(merging.bot, { ...hint, of: 'rules' });
  expect(woken(merging)).toEqual([{ type: 'merge', task: id }]);
});

test.each([
  ['another repository', { ...hint, repository: 'acme/other' as RepositoryName }],
  ['another branch of the task’s name', { ...hint, branches: ['errand/tabcdef-other' as BranchName] }],
  ['a branch of a person', { ...hint, branches: ['main' as BranchName, 'tabcdef' as BranchName] }],
  ['a task that is none', { ...hint, branches: ['errand/tzzzzzz-fix' as BranchName] }],
])('a hint about %s wakes nobody', async (_, about) => {
  const at = world(pullStates.open);
  await lookAtPull(at.bot, about);
  expect(woken(at)).toEqual([]);
});

test('a pull request that has ended is not looked at any more', async () => {
  const at = world(pullStates.merged);
  await lookAtPull(at.bot, hint);
  expect(woken(at)).toEqual([]);
});
