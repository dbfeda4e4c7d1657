import { dollars } from './amounts.ts';
import type { Budget } from './money.ts';
import type { Chosen, Policy, RepositoryPolicy } from './policy.ts';

/**
 * What a task may spend. `budget:` in a request lowers its dollars, and raises them as far as the operator allows: up to
 * `maxBudgetUsd` of the repository, else the repository's own `budgetUsd`, else the general `maxBudgetUsd`.
 */
export function chooseBudget(policy: Policy, repository: RepositoryPolicy, askedUsd: number | null): Chosen<Budget> {
  const budget = {
    ...policy.budget,
    usd: repository.budgetUsd ?? policy.budget.usd,
    tokens: repository.budgetTokens ?? policy.budget.tokens,
  };
  if (askedUsd === null) return { ok: true, value: budget };
  const most = repository.maxBudgetUsd ?? repository.budgetUsd ?? policy.maxBudgetUsd;
  if (most === null || askedUsd <= most) return { ok: true, value: { ...budget, usd: askedUsd } };
  const own = repository.maxBudgetUsd !== null || repository.budgetUsd !== null;
  return {
    ok: false,
    failure: {
      code: 'budget_too_large',
      sentence: `A task may spend at most ${dollars(most)} on models in ${repository.name}, and this one asks for ${dollars(askedUsd)}.`,
      next: `Send it with a smaller budget:, or without one. Whoever runs Errand can raise ${own ? `repositories.${repository.name}` : 'limits'}.maxBudgetUsd.`,
    },
  };
}
