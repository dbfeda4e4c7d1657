import type { TaskLine } from '../../task/said.ts';
import { agentMarkdown, printedLines } from '../agent-markdown.ts';
import { plain } from '../plain.ts';

const shownLines = 12;

/** What the agent says of its work, under a heading that calls it a claim; of a script, the last lines that it printed. '' for nothing. */
export function claimOf(
  { agent }: TaskLine,
  claim: string,
  options: { heading: string; limit: number; hosts: readonly string[] },
): string {
  if (agent !== 'shell') {
    const said = agentMarkdown(claim, options);
    return said === '' ? '' : `${options.heading}\n\n${said}`;
  }
  return printedOf(claim, options);
}

/** The last lines that a script printed, as they are; '' for nothing. */
export function printedOf(text: string, options: { limit: number; hosts: readonly string[] }): string {
  const lines = plain(text).trim().split('\n');
  const last = printedLines(lines.slice(-shownLines).join('\n'), options.hosts).slice(-options.limit);
  if (last.trim() === '') return '';
  const cut = lines.length > shownLines ? `, its last ${shownLines} lines` : '';
  return `**What the script printed**${cut}\n\n\`\`\`\n${last}\n\`\`\``;
}
