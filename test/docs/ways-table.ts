import { type Way, type WayName, type WayNames, waysOf } from '../../src/slack/ways.ts';

const marks = { approve: '✅', stop: '🛑', retry: '🔁', start: '🤖' } as const;
const names: WayNames = {
  command: '/agent',
  mention: '@Errand',
  emoji: (meaning) => marks[meaning],
  bold: (label) => `**${label}**`,
};

const heads: Readonly<Record<Way['group'], string>> = {
  start: 'to start a task',
  look: 'to look and to act from anywhere',
  thread: 'in a task’s thread',
};

/** The journey in which each way is gone. A way without one does not compile. */
export const journeyOf: Readonly<Record<WayName, string>> = {
  command: 'script-to-merge',
  settings: 'edit-and-send-again',
  several: 'two-repositories',
  form: 'form-to-pull-request',
  mention: 'mentioned-in-a-thread',
  direct: 'told-directly',
  fromMessage: 'form-from-a-message',
  mark: 'marked-by-a-robot',
  status: 'told-directly',
  list: 'renamed-command',
  usage: 'what-was-spent',
  stopById: 'stopped-by-command',
  help: 'renamed-command',
  reply: 'steered-while-running',
  verbs: 'stopped-by-mention',
  approve: 'script-to-merge',
  runCi: 'ci-held',
  stop: 'stopped-by-shortcut',
  retry: 'retried-by-emoji',
};

/** Every way in as a row of the README, in tables by where it begins. */
export function waysTables(): string {
  const tables = (['start', 'look', 'thread'] as const).map((group) => {
    const rows = waysOf(group).map((way) => `| ${way.act(names)} | ${way.effect(names)} |`);
    return [`| ${heads[group]} | |`, '| --- | --- |', ...rows].join('\n');
  });
  return tables.join('\n\n');
}

const begin = /<!-- ways: [^>]*-->\n/;
const end = '<!-- /ways -->';

/** A text with these tables between its two marks. Throws when the marks are not there. */
export function withWays(text: string): string {
  const from = begin.exec(text);
  const to = text.indexOf(end);
  if (from === null || to === -1) throw new Error(`The place for the ways in, up to ${end}, is gone`);
  return `${text.slice(0, from.index + from[0].length)}\n${waysTables()}\n\n${text.slice(to)}`;
}
