import { describe, expect, test } from 'vitest';
import { chooseBudget } from '../../src/task/budget.ts';
import { parseRepositoryName } from '../../src/task/ids.ts';
import { type Policy, plainRepository } from '../../src/task/policy.ts';
import { noTurnLimits } from './example.ts';

const name = parseRepositoryName('acme/shop');
if (name === undefined) throw new Error('no name');

const repository = plainRepository(name);
const policy: Policy = {
  command: '/agent',
  repositories: [repository],
  groups: new Map(),
  channels: new Map(),
  agents: [],
  providers: new Map(),
  environments: ['default'],
  requesters: [],
  onlyChannels: [],
  intake: { personRequests: null, channelRequests: null, personTasks: null, queuedTasks: null },
  turns: noTurnLimits,
  approvers: [],
  selfApproval: false,
  budget: { usd: 5, tokens: 1_000, minutes: 30, taskMinutes: 240 },
  maxBudgetUsd: 8,
  day: { person: { usd: 50, tokens: null }, everybody: { usd: null, tokens: null }, timeZone: 'UTC' },
};

describe('the budget of a task', () => {
  test.each([
    ['the general one where nothing else is said', {}, null, 5],
    ["the repository's where it says one", { budgetUsd: 9 }, null, 9],
    ['less where a request asks for less', {}, 1.5, 1.5],
    ['more where a request asks for more and the operator allows it', {}, 8, 8],
    ["as much as its repository's own limit allows", { budgetUsd: 2, maxBudgetUsd: 30 }, 30, 30],
  ])('is %s', (_what, more, asked, usd) => {
    expect(chooseBudget(policy, { ...repository, ...more }, asked)).toMatchObject({ ok: true, value: { usd } });
  });

  test("takes tokens from the repository's limit where it has one", () => {
    expect(chooseBudget(policy, { ...repository, budgetTokens: 7 }, null)).toMatchObject({ value: { tokens: 7 } });
    expect(chooseBudget(policy, repository, null)).toMatchObject({ value: { tokens: 1_000 } });
  });

  test('has no upper end where the operator sets none', () => {
    expect(chooseBudget({ ...policy, maxBudgetUsd: null }, repository, 9_999)).toMatchObject({ ok: true });
  });

  test.each([
    ['the general limit', {}, 8.01, '$8.00'],
    ["a repository's own limit", { maxBudgetUsd: 3 }, 5, '$3.00'],
    ["a repository's own budget", { budgetUsd: 2 }, 5, '$2.00'],
  ])('that asks for more than %s is refused, with the limit named', (_what, more, asked, most) => {
    expect(chooseBudget(policy, { ...repository, ...more }, asked)).toMatchObject({
      ok: false,
      failure: { code: 'budget_too_large', sentence: expect.stringContaining(`at most ${most}`) },
    });
  });
});
