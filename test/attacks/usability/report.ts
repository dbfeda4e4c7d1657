import { readFile, writeFile } from 'node:fs/promises';
import type { WorkResult } from './play.ts';

const begin = '<!-- usability: written by `npm run attacks` -->';
const end = '<!-- /usability -->';

/** One piece of work, and what the pull request shows of it. */
export function renderWork({ title, missing, seen, durationMs }: WorkResult): string {
  return `${missing.length === 0 ? '✔' : '✘'} ${title} · ${seen} (${(durationMs / 1_000).toFixed(1)} s)`;
}

/** All of it for a terminal. */
export function renderWorks(results: readonly WorkResult[]): string {
  const done = results.filter(({ missing }) => missing.length === 0).length;
  const title = '── Ordinary work in the same sandbox ';
  return [title.padEnd(120, '─'), '', ...results.map(renderWork), '', `${done} of ${results.length} done`].join('\n');
}

/** Puts the results between their two marks of a page. Throws where the marks are not there. */
export async function writeWorks(file: string, results: readonly WorkResult[]): Promise<void> {
  const text = await readFile(file, 'utf8');
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from === -1 || to < from) throw new Error(`${file} has no place for the works: ${begin} and ${end}`);
  const rows = results.map(
    ({ title, missing, seen }) => `| ${missing.length === 0 ? '✔' : '✘'} | ${title} | ${seen} |`,
  );
  const table = ['| | work | what the pull request shows |', '| --- | --- | --- |', ...rows].join('\n');
  await writeFile(file, `${text.slice(0, from)}${begin}\n\n${table}\n\n${text.slice(to)}`);
}
