/** What is said of one quantity's samples, in milliseconds. */
export interface Figures {
  readonly runs: number;
  readonly median: number;
  readonly min: number;
  readonly p90: number;
}

/** The nearest sample that at least this share of the samples do not exceed. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

export function toFigures(samples: readonly number[]): Figures {
  const sorted = samples.toSorted((one, other) => one - other);
  return { runs: sorted.length, median: quantile(sorted, 0.5), min: quantile(sorted, 0), p90: quantile(sorted, 0.9) };
}

/** Three digits are all that such a figure is good for. */
export function toMs(ms: number): string {
  if (!Number.isFinite(ms)) return '–';
  const size = Math.abs(ms);
  return size < 10 ? ms.toFixed(2) : size < 100 ? ms.toFixed(1) : Math.round(ms).toLocaleString('en');
}
