import { builtInAgents } from '../task/agents.ts';
import type { Config, RepositoryConfig } from './config.ts';
import type { ConfigProblem } from './problems.ts';
import type { Sections } from './sections.ts';
import type { Values } from './settings.ts';

/** Those that the file describes, then those that are only named. */
export function toRepositories(values: Values, sections: Sections): RepositoryConfig[] {
  const described = Array.from(sections.repositories.values(), (written) => ({
    name: written.name,
    base: written.base ?? null,
    agent: written.agent ?? null,
    environment: written.environment ?? null,
    network: written.network ?? [],
    approvers: written.approvers ?? [],
    budgetUsd: written.budgetUsd ?? null,
    budgetTokens: written.budgetTokens ?? null,
    maxBudgetUsd: written.maxBudgetUsd ?? null,
    merge: { method: written.merge.method ?? null, selfApproval: written.merge.selfApproval ?? null },
    pullRequest: { draft: written.pullRequest.draft ?? null },
  }));
  const known = new Set(described.map(({ name }) => name.toLowerCase()));
  const named = [...new Set(values.repositories ?? [])].filter((name) => !known.has(name.toLowerCase()));
  return [
    ...described,
    ...named.map((name) => ({
      name,
      base: null,
      agent: null,
      environment: null,
      network: [],
      approvers: [],
      budgetUsd: null,
      budgetTokens: null,
      maxBudgetUsd: null,
      merge: { method: null, selfApproval: null },
      pullRequest: { draft: null },
    })),
  ];
}

/** Reports names that point at what isn't there. */
export function checkNames(config: Config, problems: ConfigProblem[]): void {
  const agents = [...Object.keys(builtInAgents), ...config.agents.keys()];
  const check = (where: string, name: string | null, known: readonly string[], what: string) => {
    if (name === null || known.includes(name)) return;
    problems.push({ where, problem: `names no ${what}: ${name}; known: ${known.join(', ')}`, example: null });
  };
  for (const { name, agent, environment } of config.repositories) {
    check(`repositories.${name}.agent`, agent, agents, 'agent');
    check(`repositories.${name}.environment`, environment, ['default', ...config.environments.keys()], 'environment');
  }
  for (const [id, { agent, repository }] of config.channels) {
    check(`channels.${id}.agent`, agent, agents, 'agent');
    if (config.repositories.length === 0) continue;
    check(
      `channels.${id}.repository`,
      repository,
      config.repositories.map(({ name }) => name),
      'repository',
    );
  }
  for (const [name, { provider }] of config.agents) {
    check(`agents.${name}.provider`, provider, [...config.providers.keys()], 'provider');
  }
}
