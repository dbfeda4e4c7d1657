import { expect, test } from 'vitest';
import { type Facts, judge } from '../../src/github/gates.ts';
import type { BranchName } from '../../src/task/ids.ts';

const head = 'a'.repeat(40);
const clean: Facts = {
  state: 'open',
  head,
  draft: false,
  base: 'main',
  repositoryId: 7,
  headRepositoryId: 7,
  mergeable: true,
  mergeableState: 'clean',
  required: [],
  strict: false,
  behindBy: 0,
  checks: [],
  checksEndedForMs: 600_000,
  approvals: 0,
  requiredApprovals: 0,
  changesRequestedBy: [],
  conversationsMustBeResolved: false,
  url: 'https://github.example.com/acme/web/pull/1',
  unsigned: [],
  mergeQueue: false,
  workflowsRun: 'no',
  headSeenForMs: 0,
};
const check = (name: string, state: 'passed' | 'failed' | 'running', app: number | null = null) => ({
  name,
  state,
  app,
  endedAt: null,
});
const expected = { base: 'main' as BranchName, repositoryId: 7 };
const ask = (change: Partial<Facts>) => judge({ ...clean, ...change }, head, expected, 60_000);

test('nothing in the way is ready, and so is what was merged already', () => {
  expect(ask({})).toEqual({ type: 'ready' });
  expect(ask({ state: 'merged', head: 'b'.repeat(40), mergeable: false })).toEqual({ type: 'ready' });
});

test.each<[string, Partial<Facts>, string]>([
  ['a head that the pull request does not show yet', { head: 'b'.repeat(40) }, 'pending'],
  ['closed', { state: 'closed' }, 'refused'],
  ['a draft', { draft: true }, 'refused'],
  ['a commit that a rule wants signed', { unsigned: [{ sha: head, reason: 'unsigned' }] }, 'refused'],
  ['a merge queue', { mergeQueue: true }, 'refused'],
  ['a conflict', { mergeable: false }, 'refused'],
  ['a conflict that is not known yet', { mergeable: null }, 'pending'],
  ['requested changes', { changesRequestedBy: ['kim'] }, 'refused'],
  ['too few approvals', { approvals: 1, requiredApprovals: 2 }, 'refused'],
  ['a required check that is silent', { required: [{ name: 'ci', app: null }] }, 'pending'],
  ['a block that nothing explains', { mergeableState: 'blocked' }, 'refused'],
  [
    'a block that the required checks may just have lifted',
    {
      mergeableState: 'blocked',
      checksEndedForMs: 14_999,
      required: [{ name: 'ci', app: null }],
      checks: [check('ci', 'passed')],
    },
    'pending',
  ],
  [
    'a block that outlasts the required checks',
    {
      mergeableState: 'blocked',
      checksEndedForMs: 15_000,
      required: [{ name: 'ci', app: null }],
      checks: [check('ci', 'passed')],
    },
    'refused',
  ],
  ['a stale base by the summary', { mergeableState: 'behind' }, 'refused'],
  ['a stale base hidden behind a block', { mergeableState: 'blocked', strict: true, behindBy: 3 }, 'refused'],
  ['a base that moved on where that is allowed', { behindBy: 3 }, 'ready'],
  ['workflows that just got the head', { workflowsRun: 'yes' }, 'pending'],
  ['workflows that stay silent', { workflowsRun: 'yes', headSeenForMs: 600_000 }, 'pending'],
  ['workflows that may not run, at first', { workflowsRun: 'maybe' }, 'pending'],
  ['workflows that may not run, later', { workflowsRun: 'maybe', headSeenForMs: 60_000 }, 'ready'],
])('%s', (_, facts, type) => {
  expect(ask(facts).type).toBe(type);
});

test('what is not required counts only where nothing is required', () => {
  const checks = [check('ci', 'passed'), check('optional', 'failed')];
  expect(ask({ checks, required: [{ name: 'ci', app: null }] }).type).toBe('ready');
  expect(ask({ checks })).toMatchObject({ type: 'refused', sentence: 'Checks fail: `optional`.' });
  expect(ask({ checks: [check('optional', 'running')] }).type).toBe('pending');
});

test("a required app's check is not answered by another app's of the same name", () => {
  const required = [{ name: 'ci', app: 7 }];
  expect(ask({ required, checks: [check('ci', 'passed', 8)] }).type).toBe('pending');
  expect(ask({ required, checks: [check('ci', 'passed', 7)] }).type).toBe('ready');
});

test('of several reports under one name the worst counts', () => {
  const required = [{ name: 'ci', app: null }];
  expect(ask({ required, checks: [check('ci', 'passed', 1), check('ci', 'failed', 2)] }).type).toBe('refused');
});

test('a long list of checks is cut', () => {
  const checks = Array.from('1234567', (n) => check(`c${n}`, 'failed'));
  expect(ask({ checks })).toMatchObject({ sentence: 'Checks fail: `c1`, `c2`, `c3`, `c4`, `c5` and 2 more.' });
});

test('what a signature lacks is said, and where a merge queue is entered', () => {
  const sha = 'b'.repeat(40);
  expect(
    ask({
      unsigned: [
        { sha, reason: 'bad_email' },
        { sha: head, reason: 'unsigned' },
      ],
    }),
  ).toMatchObject({
    sentence:
      '`main` demands signed commits, and commit bbbbbbb and 1 more will not do: its key belongs to another account than its address.',
  });
  expect(ask({ mergeQueue: true })).toMatchObject({ next: expect.stringContaining(clean.url) });
});

test.each([
  [{ base: 'production' }, /goes into `production`, and this task is for `main`/],
  [{ repositoryId: 8, headRepositoryId: 8 }, /not between two branches of the repository/],
  [{ headRepositoryId: 8 }, /not between two branches of the repository/],
  [{ headRepositoryId: null }, /not between two branches of the repository/],
])('a pull request that leads elsewhere (%j) is refused', (change, sentence) => {
  expect(ask(change)).toMatchObject({ type: 'refused', sentence: expect.stringMatching(sentence) });
});
