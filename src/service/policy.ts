import type { Config } from '../config.ts';
import { builtInAgents } from '../task/agents.ts';
import type { AgentPolicy, Policy } from '../task/policy.ts';

/** What the use cases may know of the configuration. Agents come in the order in which they are preferred. */
export function toPolicy(config: Config): Policy {
  return {
    command: config.slack.command,
    repositories: config.repositories.map(({ merge, pullRequest, ...repository }) => ({
      ...repository,
      draft: pullRequest.draft,
      mergeMethod: merge.method,
      selfApproval: merge.selfApproval,
    })),
    channels: config.channels,
    agents: agentPolicies(config),
    requesters: config.people.requesters,
    approvers: config.people.approvers,
    selfApproval: config.people.selfApproval,
    budget: config.budget,
    maxBudgetUsd: config.maxBudgetUsd,
    day: config.day,
  };
}

function agentPolicies({ agents, providers }: Config): AgentPolicy[] {
  const needed = [
    ...Array.from(agents, ([name, { provider }]) => ({ name, provider })),
    ...Object.entries(builtInAgents).map(([name, { provider }]) => ({ name, provider })),
  ];
  const policies = needed.map(({ name, provider }) => ({
    name,
    missing: provider === null ? null : (providers.get(provider)?.missing ?? null),
  }));
  return policies.toSorted((one, other) => Number(one.name === 'shell') - Number(other.name === 'shell'));
}
