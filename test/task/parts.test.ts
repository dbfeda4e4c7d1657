import { describe, expect, test } from 'vitest';
import { parseRepositoryName, type RepositoryName } from '../../src/task/ids.ts';
import { checkoutFolders, isOver } from '../../src/task/parts.ts';
import type { PullState } from '../../src/task/task.ts';
import { part, pullStates, task } from './example.ts';

function named(...names: string[]): RepositoryName[] {
  return names.flatMap((name) => parseRepositoryName(name) ?? []);
}

describe('checkouts', () => {
  test.each([
    ['one lies where it always did', ['acme/api'], ['repo']],
    ['several lie side by side, by name', ['acme/API', 'acme/web.site'], ['repos/api', 'repos/web.site']],
    ['namesakes are told apart by their owners', ['acme/api', 'other/API'], ['repos/acme__api', 'repos/other__api']],
    ['none hides, or makes its parent a repository', ['acme/.github', 'acme/.git'], ['repos/github', 'repos/git']],
    [
      'a name that is nothing but dots takes its owner’s',
      ['acme/...', 'acme/api'],
      ['repos/acme__', 'repos/acme__api'],
    ],
  ])('%s', (_, names, folders) => {
    expect(checkoutFolders(named(...names))).toEqual(folders);
  });
});

describe('a task of two repositories', () => {
  const states = Object.keys(pullStates) as PullState['type'][];
  const pairs = states.flatMap((one) => states.map((other) => [one, other] as const));

  test.each(pairs)('with pull requests %s and %s is over once each that was made has ended', (one, other) => {
    const both = task({ parts: [part({ pull: pullStates[one] }), part({ pull: pullStates[other] })] });
    const ended = ['merged', 'closed'];
    const open = ['open', 'merging'];
    const expected = [one, other].some((state) => ended.includes(state)) && ![one, other].some((s) => open.includes(s));
    expect(isOver(both)).toBe(expected);
  });

  test.each(states)('that owes one of them is not over for a merge of the other; for a close it is (%s)', (one) => {
    const both = task({ parts: [part({ pull: pullStates[one] }), part({ owed: true })] });
    expect(isOver(both)).toBe(one === 'closed');
  });
});
