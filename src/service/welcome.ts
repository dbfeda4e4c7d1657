import { relative } from 'node:path';
import type { Config } from '../config.ts';
import type { Sides } from '../local/sides.ts';
import type { Apart } from '../setup/apart.ts';
import type { Places } from '../setup/places.ts';
import { toPolicy } from './policy.ts';

/** What the terminal says when everything runs: where to go, and whose each side is. */
export function welcome(
  config: Config,
  places: Places,
  apart: Apart,
  local: { url: string; sides: Sides } | null,
): string {
  const agents = toPolicy(config).agents;
  const ready = agents.filter(({ missing }) => missing === null).map(({ name }) => name);
  const waiting = agents.flatMap(({ name, missing }) => (missing === null ? [] : [`${name} (set ${missing})`]));
  return [
    '',
    local === null ? 'Errand is ready.' : `Errand is ready: open ${local.url}`,
    `  Slack    ${slackLine(config, local?.sides.slack)}`,
    `  ${forgeLine(config, local)}`,
    `  Agents   ${ready.join(', ')}${waiting.length === 0 ? '' : `; not yet ${waiting.join(', ')}`}`,
    `  Users    ${apart.type === 'apart' ? 'each process has one of its own' : `one for all processes: ${apart.why}`}`,
    `  Logs     ${relative(process.cwd(), places.logsDir) || places.logsDir}`,
    '',
    'Ctrl-C ends it; npm run down also stops what it started besides: Redis, Docker, sandboxes.',
  ].join('\n');
}

function slackLine({ slack }: Config, side: Sides['slack'] | undefined): string {
  if (slack.mode === 'local') return 'local, on that page';
  const way = slack.mode === 'http' ? `HTTP, port ${slack.port}` : 'Socket Mode';
  if (side?.where !== 'slack') return way;
  return `yours${side.url === null ? '' : `, ${side.url}`} (${way}): the conversation is there`;
}

function forgeLine({ github, repositories }: Config, local: { sides: Sides } | null): string {
  if (github.mode === 'local') {
    const alone = local?.sides.slack.where === 'slack';
    return `Forge    local, on that page${alone ? ': pull requests stay on this machine' : ''}`;
  }
  if (local === null) return `GitHub   ${github.url}`;
  const names = repositories.map(({ name }) => name);
  const to = names.length === 0 ? 'what the GitHub App is installed on' : names.join(', ');
  return `GitHub   yours, ${github.url}: pull requests go to ${to}`;
}
