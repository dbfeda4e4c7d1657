import { apiNames, sharedApi } from '../task/providers.ts';
import { maxRepositories } from '../task/task.ts';
import type { Config } from './config.ts';
import type { ConfigProblem } from './problems.ts';

/** Reports names that point at what isn't there, or at what doesn't fit. */
export function checkNames(config: Config, problems: ConfigProblem[]): void {
  const providers = [...config.providers.keys()];
  const check = (where: string, name: string | null, known: Iterable<string>, what: string) => {
    const names = [...known];
    if (name === null || names.includes(name)) return;
    problems.push({ where, problem: `names no ${what}: ${name}; known: ${names.join(', ')}`, example: null });
  };
  for (const { name, agent, environment, provider } of config.repositories) {
    const at = `repositories.${name}`;
    check(`${at}.agent`, agent, config.agents.keys(), 'agent');
    check(`${at}.environment`, environment, ['default', ...config.environments.keys()], 'environment');
    check(`${at}.provider`, provider, providers, 'provider');
    checkFit(config, `${at}.provider`, agent, provider, problems);
  }
  for (const [name, members] of config.groups) {
    if (config.repositories.length === 0) continue;
    const known = config.repositories.map((each) => each.name);
    for (const member of members) check(`groups.${name}`, member, known, 'repository');
    if (members.length > maxRepositories)
      problems.push({
        where: `groups.${name}`,
        problem: `names more than ${maxRepositories} repositories`,
        example: null,
      });
  }
  for (const [id, { agent, repository, provider }] of config.channels) {
    const at = `channels.${id}`;
    check(`${at}.agent`, agent, config.agents.keys(), 'agent');
    check(`${at}.provider`, provider, providers, 'provider');
    checkFit(config, `${at}.provider`, agent, provider, problems);
    if (config.repositories.length === 0) continue;
    check(
      `${at}.repository`,
      repository,
      config.repositories.map((each) => each.name),
      'repository',
    );
  }
  for (const [name, { agents, repositories }] of config.mcp) {
    const acp = Array.from(config.agents).flatMap(([each, { agent }]) => (agent.type === 'acp' ? [each] : []));
    for (const each of agents ?? []) check(`mcp.${name}.agents`, each, acp, 'agent with a model');
    if (config.repositories.length === 0) continue;
    const known = config.repositories.map((each) => each.name);
    for (const each of repositories ?? []) check(`mcp.${name}.repositories`, each, known, 'repository');
  }
  for (const [name, { agent }] of config.agents) {
    check(`agents.${name}.provider`, agent.provider, providers, 'provider');
    checkFit(config, `agents.${name}.provider`, name, agent.provider, problems);
  }
}

/** An agent that can't speak to its provider would fail every task that comes to it. */
function checkFit(
  config: Config,
  where: string,
  agent: string | null,
  provider: string | null,
  problems: ConfigProblem[],
): void {
  const { apis = [] } = (agent === null ? undefined : config.agents.get(agent)?.agent) ?? {};
  const offered = provider === null ? undefined : config.providers.get(provider);
  if (offered === undefined || apis.length === 0 || sharedApi(apis, offered.apis) !== undefined) return;
  const speaks = apis.map((api) => apiNames[api]).join(' or ');
  const has = offered.apis.map((api) => apiNames[api]).join(' and ');
  problems.push({ where, problem: `names ${provider}, which offers ${has}; ${agent} needs ${speaks}`, example: null });
}
