import type { WrittenMcp } from './agent-sections.ts';
import type { McpConfig } from './config.ts';
import type { Env } from './env.ts';
import type { ConfigProblem } from './problems.ts';
import { readKey, toAuth } from './providers.ts';
import type { ProcessName } from './settings.ts';

/** The MCP servers of the file. Unlike a provider's, a key that is missing is a problem: nobody would be told of a server left out. */
export function toMcp(
  env: Env,
  written: ReadonlyMap<string, WrittenMcp>,
  holders: readonly ProcessName[],
  problems: ConfigProblem[],
): Map<string, McpConfig> {
  const servers = new Map<string, McpConfig>();
  for (const [name, each] of written) {
    const where = `mcp.${name}`;
    const { url, keyVariable, authHeader, authScheme, headers, tools, repositories, agents } = each;
    if (url === undefined) {
      problems.push({
        where,
        problem: 'needs a url',
        example: '{ url: https://mcp.example.com/mcp, keyVariable: DOCS_KEY }',
      });
      continue;
    }
    const key = readKey(env, where, each, holders, problems) ?? null;
    if (key === null && keyVariable !== undefined && holders.includes('gateway')) {
      problems.push({
        where: `${where}.keyVariable`,
        problem: `names ${keyVariable}, which is not set`,
        example: null,
      });
    }
    servers.set(name, {
      name,
      url,
      key,
      auth: toAuth(authHeader, authScheme),
      headers: headers ?? {},
      tools: tools ?? null,
      repositories: repositories ?? null,
      agents: agents ?? null,
    });
  }
  return servers;
}
