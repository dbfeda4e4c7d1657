import { agentFacts } from '../../src/task/agent-facts.ts';
import { builtInAgents } from '../../src/task/agents.ts';
import { apiNames } from '../../src/task/providers.ts';

const begin = /<!-- agents: [^>]*-->\n/;
const end = '<!-- /agents -->';
const keys: Readonly<Record<string, string>> = { anthropic: '`ANTHROPIC_API_KEY`', openai: '`OPENAI_API_KEY`' };

/** A text with the table of agents between its two marks. Throws when the marks are not there. */
export function withAgents(text: string): string {
  const from = begin.exec(text);
  const to = text.indexOf(end);
  if (from === null || to === -1) throw new Error(`The place for the agents, up to ${end}, is gone`);
  return `${text.slice(0, from.index + from[0].length)}\n${agentsTable()}\n\n${text.slice(to)}`;
}

function agentsTable(): string {
  const head = ['agent', '', 'needs', 'speaks', 'hears a reply', 'resumes', 'images', 'MCP', 'machines'];
  const { shell, ...others } = builtInAgents;
  const rows = Object.entries({ ...others, shell }).map(([name, agent]) => {
    const facts = agentFacts[name];
    if (agent === undefined || facts === undefined) {
      return [
        `\`${name}\``,
        'runs the fenced `sh` block of the request',
        'nothing',
        '',
        'with its next run',
        '',
        '',
        '',
        'all',
      ];
    }
    const { hears, resumes, images, mcp, machines } = facts;
    const speaks = agent.apis.map((api) => apiNames[api]).join('; ');
    const key = keys[agent.provider ?? ''] ?? '';
    return [
      `\`${name}\``,
      agent.label,
      key,
      speaks,
      hears,
      yes(resumes),
      images === 'by model' ? images : yes(images),
      yes(mcp),
      machines.join(', '),
    ];
  });
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function yes(is: boolean): string {
  return is ? 'yes' : 'no';
}
