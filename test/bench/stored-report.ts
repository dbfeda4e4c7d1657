import { toMs } from './figures.ts';
import { type Operation, operations, type Stored, sizes } from './stored.ts';
import { toTable } from './table.ts';

/** More than this much dearer with many tasks would mean that cost grows with history. */
export const mostApart = 1.2;

export interface StoredRow {
  readonly name: string;
  readonly few: number;
  readonly many: number;
  /** The medians' ratio. */
  readonly apart: number;
}

export function toStoredRows({ few, many }: Stored): readonly StoredRow[] {
  return (Object.keys(operations) as Operation[]).map((operation) => {
    const [one, other] = [few[operation].median, many[operation].median];
    return { name: operations[operation], few: one, many: other, apart: other / one };
  });
}

export function renderStored(stored: Stored): string {
  const rows = toStoredRows(stored);
  const columns = [...sizes.map((size) => size.toLocaleString('en')), 'apart', ''];
  const table = toTable(
    ['What it costs with so many tasks stored, ms'.padEnd(52), ...columns],
    rows.map(({ name, few, many, apart }) => [
      name,
      toMs(few),
      toMs(many),
      `${apart.toFixed(2)} ×`,
      apart <= mostApart ? '✓' : '✗',
    ]),
  );
  return `${table}\nA stored task takes up ${(stored.bytesATask / 1024).toFixed(1)} KiB. Aim: within ${mostApart} ×.`;
}
