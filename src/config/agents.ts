import { type Agent, builtInAgents, toAgent } from '../task/agents.ts';
import type { WrittenAgent } from './agent-sections.ts';
import type { AgentConfig } from './config.ts';
import type { ConfigProblem } from './problems.ts';

/** Every agent in the order of preference: those of the file, those that ship, the shell. */
export function toAgents(
  written: ReadonlyMap<string, WrittenAgent>,
  problems: ConfigProblem[],
): ReadonlyMap<string, AgentConfig> {
  const own = Array.from(written).flatMap(([name, each]): [string, AgentConfig][] => {
    const { command, env, provider, model, mode } = each;
    const where = `agents.${name}`;
    const shipped = Object.hasOwn(builtInAgents, name);
    if (shipped) {
      for (const [key, value] of Object.entries({ command, env, mode })) {
        if (value === undefined) continue;
        problems.push({
          where: `${where}.${key}`,
          problem: `can’t be set: ${name} ships with Errand; give an agent of yours another name`,
          example: null,
        });
      }
      return [];
    }
    if (command === undefined || provider === undefined) {
      problems.push({
        where,
        problem: 'needs a command and a provider',
        example: '{ command: [my-agent], provider: anthropic }',
      });
      return [];
    }
    return [[name, { agent: toAgent(name, { command, env: env ?? {}, provider, mode }), model: model ?? null }]];
  });
  const shipped = Object.entries(builtInAgents).map(([name, agent]): [string, AgentConfig] => {
    const { provider, model } = written.get(name) ?? {};
    if (agent.type === 'shell') return [name, { agent: shellOf(agent, provider ?? model, problems), model: null }];
    return [name, { agent: provider === undefined ? agent : { ...agent, provider }, model: model ?? null }];
  });
  const isShell = ([, { agent }]: readonly [string, AgentConfig]) => Number(agent.type === 'shell');
  return new Map([...own, ...shipped].toSorted((one, other) => isShell(one) - isShell(other)));
}

function shellOf(agent: Agent, set: string | undefined, problems: ConfigProblem[]): Agent {
  if (set !== undefined)
    problems.push({ where: 'agents.shell', problem: 'runs scripts and has no model', example: null });
  return agent;
}
