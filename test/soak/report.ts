import type { Census } from './census.ts';

/** What has to stay as it is, however many requests have been. */
const flat = [
  'bot',
  'worker',
  'broker',
  'gateways',
  'redis',
  'stored',
  'keys',
  'containers',
  'volumes',
  'mounts',
  'disk',
] as const;
type Flat = (typeof flat)[number];

/** What grows without meaning anything: below it, nothing is compared. */
const slack: Readonly<Record<Flat, number>> = {
  ...{ bot: 100, worker: 100, broker: 100, gateways: 400, redis: 20, stored: 10 },
  ...{ keys: 100, containers: 8, volumes: 8, mounts: 8, disk: 150 },
};
const mostRatio = 1.25;

export interface Flatness {
  readonly what: Flat;
  readonly early: number;
  readonly late: number;
  readonly isFlat: boolean;
}

/** The middle of the second fifth beside that of the last one: the first fifth fills up. */
export function compare(samples: readonly Census[]): readonly Flatness[] {
  const fifth = Math.max(1, Math.floor(samples.length / 5));
  const early = samples.slice(fifth, 2 * fifth);
  const late = samples.slice(-fifth);
  return flat.map((what) => {
    const [before, after] = [median(early, what), median(late, what)];
    return { what, early: before, late: after, isFlat: after <= before * mostRatio || after - before <= slack[what] };
  });
}

function median(samples: readonly Census[], what: Flat): number {
  const values = samples.flatMap((sample) => sample[what] ?? []).toSorted((a, b) => a - b);
  return values[Math.floor(values.length / 2)] ?? 0;
}

const columns = ['seconds', 'ended', 'open', ...flat, 'lapsing', 'logs'] as const;
export const heading = `${columns.map((name) => name.padStart(11)).join('')}\n`;

export function toLine(census: Census): string {
  return `${columns.map((name) => String(census[name] ?? '–').padStart(11)).join('')}\n`;
}

export function toTable(counts: ReadonlyMap<string, number>): string {
  const rows = [...counts].toSorted(([, a], [, b]) => b - a);
  return rows.map(([name, count]) => `  ${String(count).padStart(5)}  ${name}\n`).join('');
}
