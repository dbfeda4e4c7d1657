import { readFile, writeFile } from 'node:fs/promises';
import { type AttackId, type Group, groups } from './attack.ts';
import { type Result, statusOf } from './result.ts';
import { controlOf, seenOf } from './table.ts';

const begin = '<!-- attacks: written by `npm run attacks` -->';
const end = '<!-- /attacks -->';

/** Puts the results between the two marks of a page, and leaves everything else of it alone. Throws where the marks are not there. */
export async function writeRegion(
  file: string,
  results: readonly Result[],
  missing: readonly AttackId[],
): Promise<void> {
  const text = await readFile(file, 'utf8');
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from === -1 || to < from) throw new Error(`${file} has no place for the table: ${begin} and ${end}`);
  const table = `${begin}\n\n${toMarkdown(results, missing)}\n\n`;
  await writeFile(file, text.slice(0, from) + table + text.slice(to));
}

/** The results as people read them on the page: how many went how, the gaps, and a table a group. */
export function toMarkdown(results: readonly Result[], missing: readonly AttackId[]): string {
  const passed = results.filter((result) => statusOf(result) === 'passed').length;
  const counted = `${results.length} attacks were played, each against the real Errand and against a weakened one. ${
    results.some(({ attack }) => attack.type === 'through') ? 'Some got through.' : 'None got through.'
  } Of ${passed} the control broke through, which proves the case.`;
  const gaps = [
    ...results.flatMap(({ id, control }) =>
      control.type === 'not_reproducible' ? [`- **${id}** is not proven: ${control.evidence}.`] : [],
    ),
    ...results.flatMap(({ id, attack, control }) => {
      if (attack.type === 'failed') return [`- **${id}** came to no verdict.`];
      if (attack.type === 'through') return [`- **${id}** got through.`];
      return control.type === 'failed' ? [`- **${id}** is not proven: its control did not break through.`] : [];
    }),
    ...missing.map((id) => `- **${id}** was not played.`),
  ];
  const shown = gaps.length === 0 ? [] : ['What this run did not prove:', gaps.join('\n')];
  const tables = Object.keys(groups).flatMap((key) => {
    const group = key as Group;
    const rows = results.filter(({ id }) => id.startsWith(group));
    if (rows.length === 0) return [];
    const lines = rows.map((result) =>
      row(result.id, result.title, result.expected, seenOf(result), controlOf(result)),
    );
    const head = [row('', 'attack', 'expected', 'seen', 'control: without …'), '| --- | --- | --- | --- | --- |'];
    return [`### ${group} · ${groups[group].title}`, [...head, ...lines].join('\n')];
  });
  return [counted, ...shown, ...tables].join('\n\n');
}

function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll(/\s+/g, ' ')).join(' | ')} |`;
}
