import { styleText } from 'node:util';
import type { Finding } from './finding.ts';

export interface TableOptions {
  /** Characters a line; columns share what there is. */
  readonly width: number;
  readonly color: boolean;
}

const signs = {
  ok: ['✓', 'green'],
  warn: ['!', 'yellow'],
  fail: ['✗', 'red'],
  skip: ['–', 'gray'],
} as const satisfies Record<Finding['state'], readonly [string, Parameters<typeof styleText>[0]]>;

const gap = '  ';
const longestName = 26;

/** The findings as one table, in the order given, and a line that sums them up. */
export function renderTable(findings: readonly Finding[], { width, color }: TableOptions): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    color && text !== '' ? styleText(style, text, { validateStream: false }) : text;
  const names = Math.min(longestName, Math.max(4, ...findings.map(({ name }) => name.length)));
  const rest = Math.max(20, width - names - 2 - gap.length * 2);
  const found = Math.floor(rest * 0.55);
  const line = (name: string, middle: string, right: string, style: (text: string) => string = (text) => text) =>
    `  ${style(name.padEnd(names))}${gap}${style(middle.padEnd(found))}${gap}${style(right)}`.trimEnd();
  const rows = findings.map((finding) => {
    const [sign, style] = signs[finding.state];
    const cells = [
      wrap(finding.name, names),
      wrap(finding.found, found),
      wrap(finding.next ?? '', rest - found),
    ] as const;
    const height = Math.max(...cells.map(({ length }) => length));
    const quiet = (text: string) => (finding.state === 'skip' ? paint('gray', text) : text);
    return Array.from({ length: height }, (_, row) => {
      const [name = '', middle = '', right = ''] = cells.map((cell) => cell[row] ?? '');
      const plain = line(name, middle, right, quiet);
      return row === 0 ? `${paint(style, sign)} ${plain.slice(2)}` : plain;
    }).join('\n');
  });
  const head = line('What', 'Found', 'What to do', (text) => paint('bold', text));
  return [head, `  ${'─'.repeat(width - 2)}`, ...rows, '', paint('bold', summary(findings)), ''].join('\n');
}

function summary(findings: readonly Finding[]): string {
  const count = (state: Finding['state']) => findings.filter((finding) => finding.state === state).length;
  const failed = count('fail');
  const warned = count('warn');
  if (failed === 0 && warned === 0) return 'All that is set up works.';
  return [
    failed === 0
      ? 'All that is set up works'
      : `${failed} of ${findings.length} rows ${failed === 1 ? 'fails' : 'fail'}`,
    warned === 0 ? '' : `${warned} ${warned === 1 ? 'is' : 'are'} worth a look`,
  ]
    .filter((part) => part !== '')
    .join('; ')
    .concat('.');
}

/** Breaks at spaces; a word that is longer than a line is cut. Lines of the text stay lines. */
export function wrap(text: string, width: number): readonly string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines = [''];
    for (const word of paragraph.trim().split(/\s+/)) {
      let left = word;
      const last = lines.at(-1) ?? '';
      if (last !== '' && last.length + 1 + left.length <= width) {
        lines[lines.length - 1] = `${last} ${left}`;
        continue;
      }
      if (last === '') lines.pop();
      for (; left.length > width; left = left.slice(width)) lines.push(left.slice(0, width));
      lines.push(left);
    }
    return lines;
  });
}
