import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { project } from '../attacks/support.ts';
import type { Verdict } from './ledgers.ts';

const page = join(project, 'docs/scale.md');
const begin = '<!-- hosts: written by `npm run hosts` -->';
const end = '<!-- /hosts -->';

/** What happened when, and then what the ledgers say of each task. */
export function render(notes: readonly { atMs: number; text: string }[], verdicts: readonly Verdict[]): string {
  const story = notes.map(({ atMs, text }) => `${(atMs / 1_000).toFixed(0).padStart(5)} s  ${text}`);
  const head = [
    'task',
    'runs (lost ones in brackets)',
    'root',
    'results',
    'lost, told',
    'doubled',
    'branch',
    'pushes',
    'pull',
    '',
  ];
  const rows = verdicts.map((each) => [
    each.repository,
    each.runs.join(' → '),
    String(each.roots),
    `${each.told} of ${each.toTell}`,
    `${each.lostTold} of ${each.lost}`,
    String(each.doubled),
    String(each.branches),
    String(each.pushes),
    String(each.pulls),
    each.holds ? 'ok' : 'WRONG',
  ]);
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd();
  const wrong = verdicts.filter(({ holds }) => !holds).length;
  const runs = verdicts.reduce((sum, each) => sum + each.runs.length, 0);
  const sum = `${verdicts.length} tasks, ${runs} runs: ${wrong === 0 ? 'nothing lost, nothing twice' : `${wrong} WRONG`}`;
  return [...story, '', line(head), ...rows.map(line), '', sum].join('\n');
}

/** Puts it between the two marks of the page. Throws where they are not there. */
export async function writePage(text: string): Promise<void> {
  const before = await readFile(page, 'utf8');
  const [from, to] = [before.indexOf(begin), before.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`${page} has no place for the output: ${begin} and ${end}`);
  await writeFile(page, `${before.slice(0, from)}${begin}\n\n\`\`\`\n${text}\n\`\`\`\n\n${before.slice(to)}`);
}
