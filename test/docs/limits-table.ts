import { settings } from '../../src/config.ts';

type SettingName = keyof typeof settings;

/** Whose limits, and by what they are set: time, dollars, tokens. */
const limits: readonly (readonly [string, readonly (SettingName | null)[]])[] = [
  ['a run', ['runMinutes', null, null]],
  ['a task, all its runs', ['taskMinutes', 'budgetUsd', 'budgetTokens']],
  ['one person’s tasks in a day', [null, 'personDayUsd', 'personDayTokens']],
  ['all tasks in a day', [null, 'dayUsd', 'dayTokens']],
];

const begin = /<!-- limits: [^>]*-->\n/;
const end = '<!-- /limits -->';

/** A text with the table of limits and their defaults between its two marks. Throws when the marks are not there. */
export function withLimits(text: string): string {
  const from = begin.exec(text);
  const to = text.indexOf(end);
  if (from === null || to === -1) throw new Error(`The place for the limits, up to ${end}, is gone`);
  return `${text.slice(0, from.index + from[0].length)}\n${limitsTable()}\n\n${text.slice(to)}`;
}

function limitsTable(): string {
  const rows = limits.map(([whose, names]) => `| ${[whose, ...names.map(cell)].join(' | ')} |`);
  return [
    '| may take at most | minutes | US dollars on models | tokens, in and out |',
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

function cell(name: SettingName | null): string {
  if (name === null) return '';
  const { default: standard, path } = settings[name];
  return `${standard} (\`${path.replace('limits.', '')}\`)`;
}
