import { readFile, writeFile } from 'node:fs/promises';
import { elsewhere } from './elsewhere.ts';
import { kinds } from './inside/armed.ts';
import { isFine, type Kept, type Result } from './result.ts';
import { titles } from './titles.ts';

const begin = '<!-- faults: written by `npm run faults` -->';
const end = '<!-- /faults -->';

/** Puts the results between the two marks of a page, and leaves everything else of it alone. Throws where the marks are not there. */
export async function writePage(file: string, kept: Kept): Promise<void> {
  const text = await readFile(file, 'utf8');
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from === -1 || to < from) throw new Error(`${file} has no place for the tables: ${begin} and ${end}`);
  await writeFile(file, `${text.slice(0, from)}${begin}\n\n${toMarkdown(kept)}\n\n${text.slice(to)}`);
}

/** The results as people read them on the page: how many went how, what went wrong, and the tables. */
export function toMarkdown({ results, spentMs, boundaries }: Kept): string {
  const failed = results.filter((result) => !isFine(result));
  const count = (type: Result['type']) => results.filter((result) => result.type === type).length;
  const rest = boundaries - count('point');
  const counted = [
    `Played: ${count('point')} of ${boundaries} cases at the boundaries, ${count('listed')} stories, ${count('control')} broken Errands;`,
    `${count('store')} stores were looked through. That took ${toDuration(spentMs)} on two cores that other work shared.`,
    ...(rest > 0
      ? [`The other ${rest} are in an order of no meaning, and \`npm run faults -- again\` goes on with them.`]
      : []),
    failed.length === 0
      ? 'Nothing was lost, nothing came twice, nothing was left.'
      : `${failed.length} did not come out as they should:`,
  ].join(' ');
  const wrong = failed.map(({ id, wrong: found }) => `- \`${id}\`: ${found.map(firstLine).join('; ') || 'not caught'}`);
  return [
    counted,
    ...(wrong.length === 0 ? [] : [wrong.join('\n')]),
    '## The list of forty-four',
    listOf(results),
    '## Beside the list',
    storiesOf(results, null),
    '## Every boundary',
    'Before the call and after it: ✔ as it should be, ✘ not, – not played yet; ✔+ struck at a later pass as well; · was not passed again in time to be struck.',
    boundariesOf(results),
    '## Broken on purpose',
    'An Errand that lacks one of the things that hold it together, and the fault that this one thing is for. The judge has to see it.',
    controlsOf(results),
  ].join('\n\n');
}

function listOf(results: readonly Result[]): string {
  const rows = titles.map((title, index) => {
    const fault = index + 1;
    const stories = results.flatMap((result) => (result.type === 'listed' && result.fault === fault ? [result] : []));
    const played = stories.map((story) => `${mark(story)} ${story.title}`);
    const others = elsewhere.get(fault);
    return row(
      `${fault}`,
      title,
      [...played, ...(others === undefined ? [] : [others])].join('<br>') || '**not played**',
    );
  });
  return ['| | fault | played |', '| --- | --- | --- |', ...rows].join('\n');
}

function storiesOf(results: readonly Result[], fault: number | null): string {
  const rows = results.flatMap((result) =>
    result.type === 'listed' && result.fault === fault ? [row(mark(result), result.title)] : [],
  );
  return ['| | |', '| --- | --- |', ...rows].join('\n');
}

function boundariesOf(results: readonly Result[]): string {
  const points = results.flatMap((result) => (result.type === 'point' ? [result] : []));
  const names = [...new Set(points.map(({ point }) => point))].toSorted();
  const rows = names.map((point) => {
    const cells = kinds.map((kind) =>
      (['before', 'after'] as const)
        .map((when) => {
          const own = points.filter((each) => each.point === point && each.when === when && each.kind === kind);
          if (own.length === 0) return '–';
          if (own.some((each) => !isFine(each))) return '✘';
          if (own.every(({ struck }) => struck === 0)) return '·';
          return own.some(({ skip, struck }) => skip > 0 && struck > 0) ? '✔+' : '✔';
        })
        .join(' '),
    );
    return row(`\`${point}\``, ...cells);
  });
  return [`| boundary | ${kinds.join(' | ')} |`, `| --- |${' --- |'.repeat(kinds.length)}`, ...rows].join('\n');
}

function controlsOf(results: readonly Result[]): string {
  const rows = results.flatMap((result) =>
    result.type === 'control'
      ? [row(mark(result), `an Errand that ${result.title}`, result.wrong.map(firstLine).join('; '))]
      : [],
  );
  return ['| caught | | what the judge said |', '| --- | --- | --- |', ...rows].join('\n');
}

function mark(result: Result): string {
  return isFine(result) ? '✔' : '✘';
}

function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ')).join(' | ')} |`;
}

/** Without where on the machine the run had its folders. */
function firstLine(text: string): string {
  const [line = ''] = text.split('\n');
  return line.replaceAll(/\/(?:tmp\/errand-test-\w+|run\/errand\/[0-9a-f]+)\//g, '').slice(0, 200);
}

function toDuration(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  return minutes < 90 ? `${minutes} minutes` : `${(minutes / 60).toFixed(1)} hours`;
}
