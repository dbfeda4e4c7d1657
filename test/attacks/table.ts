import { type AttackId, type Group, groups } from './attack.ts';
import { type Result, statusOf } from './result.ts';

const width = 120;
/** Id and mark, attack, expected, seen, control, with two spaces between. */
const columns = [6, 27, 25, 28, 26] as const;
const marks = { passed: '✔', not_reproducible: '◦', failed: '✘' } as const;

/** All results as a table for a terminal of 120 columns, and below it what didn't go as it should. */
export function render(results: readonly Result[], missing: readonly AttackId[], durationMs: number): string {
  const head = wrapped(['', 'Attack', 'Expected', 'Seen', 'Control: without …']);
  const bodies = keysOf(groups).flatMap((group) => {
    const rows = results.filter(({ id }) => id.startsWith(group));
    if (rows.length === 0) return [];
    const title = `── ${group} · ${groups[group].title} `;
    return ['', title.padEnd(width, '─'), '', ...rows.flatMap((row) => wrapped(cellsOf(row)))];
  });
  return [head, ...bodies, '', '─'.repeat(width), ...troubles(results, missing), summary(results, missing, durationMs)]
    .flat()
    .join('\n');
}

/** One line of how many went how. */
export function summary(results: readonly Result[], missing: readonly AttackId[], durationMs: number): string {
  const count = (status: string) => results.filter((result) => statusOf(result) === status).length;
  const through = results.filter(({ attack }) => attack.type === 'through').length;
  const parts = [
    `${results.length} attacks`,
    through === 0 ? 'none got through' : `${through} GOT THROUGH`,
    `${count('passed')} proven by their control`,
    ...(count('not_reproducible') === 0 ? [] : [`${count('not_reproducible')} not reproducible here`]),
    ...(count('failed') === 0 ? [] : [`${count('failed')} failed`]),
    ...(missing.length === 0 ? [] : [`${missing.length} missing`]),
    `${Math.round(durationMs / 1000)} s`,
  ];
  return parts.join(' · ');
}

/** What a person has to look at: whole texts, for the table has no room for them. */
function troubles(results: readonly Result[], missing: readonly AttackId[]): readonly string[] {
  const lines = results.flatMap(({ id, attack, control }) => [
    ...(attack.type === 'through' ? [`✘ ${id} GOT THROUGH: ${attack.seen}`] : []),
    ...(attack.type === 'failed' ? [`✘ ${id} came to no verdict: ${attack.why}`] : []),
    ...(control.type === 'failed' ? [`✘ ${id}'s control did not break through: ${control.why}`] : []),
    ...(control.type === 'not_reproducible' ? [`◦ ${id}'s control is not reproducible here: ${control.evidence}`] : []),
  ]);
  const gaps = missing.length === 0 ? [] : [`✘ No case is written for ${missing.join(', ')}`];
  return [...lines, ...gaps].length === 0 ? [] : ['', ...lines, ...gaps, ''];
}

/** One line while the suite runs. */
export function renderLine(result: Result): string {
  const { id, title, attack, control, durationMs } = result;
  const said = attack.type === 'failed' ? (attack.why.split('\n')[0] ?? '') : attack.seen;
  const more = control.type === 'failed' ? ` · control: ${control.why.split('\n')[0]}` : '';
  const mark = marks[statusOf(result)];
  return `${mark} ${id.padEnd(4)}${title} · ${attack.type}: ${said}${more} (${(durationMs / 1000).toFixed(1)} s)`;
}

export function seenOf({ attack }: Result): string {
  switch (attack.type) {
    case 'held':
      return attack.seen;
    case 'through':
      return `GOT THROUGH: ${attack.seen}`;
    case 'failed':
      return `no verdict: ${firstLine(attack.why)}`;
    default:
      return attack satisfies never;
  }
}

export function controlOf({ control, without }: Result): string {
  switch (control.type) {
    case 'broke_through':
      return `${without}: ${control.seen}`;
    case 'not_reproducible':
      return `not reproducible: ${control.evidence}`;
    case 'failed':
      return `${without}: FAILED, ${firstLine(control.why)}`;
    default:
      return control satisfies never;
  }
}

function cellsOf(result: Result): readonly string[] {
  const { id, title, expected } = result;
  return [`${marks[statusOf(result)]} ${id}`, title, expected, seenOf(result), controlOf(result)];
}

/** A row as lines: each cell wrapped at its column's width. */
function wrapped(cells: readonly string[]): readonly string[] {
  const lines = columns.map((size, column) => wrap(cells[column] ?? '', size));
  const height = Math.max(...lines.map(({ length }) => length));
  return Array.from({ length: height }, (_, row) =>
    columns
      .map((size, column) => (lines[column]?.[row] ?? '').padEnd(size))
      .join('  ')
      .trimEnd(),
  );
}

function wrap(text: string, size: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).flatMap((each) => pieces(each, size))) {
    if (line !== '' && line.length + 1 + word.length > size) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** A word that is too long for its column, in pieces. */
function pieces(word: string, size: number): readonly string[] {
  return word.match(new RegExp(`.{1,${size}}`, 'gu')) ?? [word];
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}

function keysOf<Key extends string>(record: Readonly<Record<Key, unknown>>): readonly Key[] {
  return Object.keys(record) as Key[];
}

export type { Group };
