import type { Config } from '../config.ts';
import type { AgentPolicy, Policy } from '../task/policy.ts';

/** What the use cases may know of the configuration. Agents come in the order in which they are preferred. */
export function toPolicy(config: Config): Policy {
  return {
    command: config.slack.command,
    repositories: config.repositories.map(({ merge, pullRequest, setup, ...repository }) => ({
      ...repository,
      setupBranches: setup.branches,
      draft: pullRequest.draft,
      mergeMethod: merge.method,
      selfApproval: merge.selfApproval,
    })),
    groups: config.groups,
    channels: config.channels,
    agents: agentPolicies(config),
    providers: config.providers,
    environments: ['default', ...config.environments.keys()],
    requesters: config.people.requesters,
    onlyChannels: config.onlyChannels,
    intake: config.intake,
    turns: config.turns,
    approvers: config.people.approvers,
    selfApproval: config.people.selfApproval,
    budget: config.budget,
    maxBudgetUsd: config.maxBudgetUsd,
    day: config.day,
  };
}

function agentPolicies({ agents, providers }: Config): AgentPolicy[] {
  return Array.from(agents, ([name, { agent, model }]) => ({
    name,
    missing: agent.provider === null ? null : (providers.get(agent.provider)?.missing ?? null),
    provider: agent.provider,
    apis: agent.apis,
    needsModel: agent.type === 'acp' && agent.needsModel === true,
    model,
  }));
}
