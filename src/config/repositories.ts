import { presets } from '../task/network.ts';
import type { RepositoryConfig } from './config.ts';
import type { Env } from './env.ts';
import type { Sections } from './sections.ts';
import type { ProcessName, Values } from './settings.ts';
import { toSetup } from './setup-secrets.ts';

type Written = Sections['repositories'] extends ReadonlyMap<string, infer Each> ? Each : never;

/** Those that the file describes, then those that are only named. */
export function toRepositories(
  values: Values,
  sections: Sections,
  env: Env,
  holders: readonly ProcessName[],
): RepositoryConfig[] {
  const toRepository = (written: Pick<Written, 'name'> & Partial<Written>) => ({
    ...plainly(written),
    setup: toSetup(written.setup ?? {}, env, holders),
  });
  const described = Array.from(sections.repositories.values(), toRepository);
  const known = new Set(described.map(({ name }) => name.toLowerCase()));
  const named = [...new Set(values.repositories ?? [])].filter((name) => !known.has(name.toLowerCase()));
  return [...described, ...named.map((name) => toRepository({ name }))];
}

function plainly(written: Pick<Written, 'name'> & Partial<Written>): Omit<RepositoryConfig, 'setup'> {
  return {
    name: written.name,
    id: written.id ?? null,
    base: written.base ?? null,
    agent: written.agent ?? null,
    model: written.model ?? null,
    provider: written.provider ?? null,
    environment: written.environment ?? null,
    network: written.network ?? presets.model,
    approvers: written.approvers ?? [],
    budgetUsd: written.budgetUsd ?? null,
    budgetTokens: written.budgetTokens ?? null,
    maxBudgetUsd: written.maxBudgetUsd ?? null,
    merge: { method: written.merge?.method ?? null, selfApproval: written.merge?.selfApproval ?? null },
    holdCi: written.ci === 'hold',
    workflows: written.workflows ?? false,
    pullRequest: { draft: written.pullRequest?.draft ?? null },
  };
}
