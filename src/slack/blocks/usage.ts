import type { KnownBlock, TableBlock } from '@slack/types';
import { dollars, tokenCount } from '../../task/amounts.ts';
import type { Allotment, Said, SpentRow } from '../../task/said.ts';
import { escapeMrkdwn } from '../plain.ts';
import { type Rendered, section } from './parts.ts';

type Usage = Extract<Said, { type: 'usage' }>;
type Cell = TableBlock['rows'][number][number];

/** What was spent today, beside the limits, and in the last seven days, as one table. */
export function renderUsage(said: Usage): Rendered {
  const today = [
    `*Today* (${escapeMrkdwn(said.timeZone)})`,
    `Your tasks: ${standing(said.mine)}`,
    `Everybody's: ${standing(said.everybody)}`,
  ];
  const title = said.whose === 'everybody' ? 'Last 7 days, everybody' : 'Last 7 days, your tasks';
  const groups = [
    ['Day', said.days],
    ['Person', said.people],
    ['Repository', said.repositories],
    ['Agent', said.agents],
  ] as const;
  const rows = groups.flatMap(([kind, all]) => all.map((row) => ({ kind, ...row })));
  if (rows.length === 0) {
    const text = [...today, `*${title}*: nothing was spent.`].join('\n');
    return { text, blocks: [section(text)] };
  }
  const blocks: KnownBlock[] = [
    section([...today, `*${title}*`].join('\n')),
    {
      type: 'table',
      column_settings: [{}, { is_wrapped: true }, { align: 'right' }, { align: 'right' }],
      rows: [
        ['By', 'Name', 'Cost', 'Tokens'].map(raw),
        ...rows.map((row) => [
          raw(row.kind),
          nameCell(row.kind, row.name),
          raw(cost(row)),
          raw(tokenCount(row.tokens)),
        ]),
      ],
    },
  ];
  const lines = rows.map((row) => {
    const name = row.kind === 'Person' ? `<@${row.name}>` : escapeMrkdwn(row.name);
    return `${row.kind} ${name}: ${cost(row)}, ${tokenCount(row.tokens)} tokens`;
  });
  return { text: [...today, `*${title}*`, ...lines].join('\n'), blocks };
}

function standing({ limit, used, reserved }: Allotment): string {
  const of = (most: number | null, words: (value: number) => string) => (most === null ? '' : ` of ${words(most)}`);
  const spent = `${dollars(used.usd)}${of(limit.usd, dollars)}, ${tokenCount(used.tokens)}${of(limit.tokens, tokenCount)} tokens`;
  return reserved.usd > 0 || reserved.tokens > 0
    ? `${spent}; runs under way hold ${[
        ...(reserved.usd > 0 ? [dollars(reserved.usd)] : []),
        ...(reserved.tokens > 0 ? [`${tokenCount(reserved.tokens)} tokens`] : []),
      ].join(' and ')} of the rest`
    : spent;
}

/** A model without a known price has no cost to show, and none is made up. */
function cost({ usd, unpricedTokens }: SpentRow): string {
  if (unpricedTokens === 0) return dollars(usd);
  return usd === 0 ? 'no price known' : `${dollars(usd)} + ${tokenCount(unpricedTokens)} tokens without a price`;
}

function raw(text: string): Cell {
  return { type: 'raw_text', text };
}

function nameCell(kind: string, name: string): Cell {
  if (kind !== 'Person') return raw(name);
  return {
    type: 'rich_text',
    elements: [{ type: 'rich_text_section', elements: [{ type: 'user', user_id: name }] }],
  };
}
