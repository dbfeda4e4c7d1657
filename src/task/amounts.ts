import type { Usage } from './money.ts';
import { type Nearing, nearing, tokensOf } from './spending.ts';
import type { Report } from './task.ts';

export function dollars(usd: number): string {
  return `$${usd.toFixed(2)}`;
}

/** `12.3k`, `20M`: no more figures than say something. */
export function tokenCount(tokens: number): string {
  const short = (value: number) => String(Number(value.toFixed(1)));
  if (tokens < 1_000) return String(tokens);
  return tokens < 999_950 ? `${short(tokens / 1_000)}k` : `${short(tokens / 1_000_000)}M`;
}

export function duration(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** What was used of models: tokens, and dollars where the price is known. A price that isn't known is never guessed. */
export function usageWords({ inputTokens, outputTokens, usd }: Usage): readonly [tokens: string, cost: string] {
  const tokens = `${tokenCount(inputTokens)} tokens in, ${tokenCount(outputTokens)} out`;
  return [tokens, usd === null ? 'no price known for this model' : dollars(usd)];
}

/** What a run took, and its task in all; what an older Errand left to be said lacks the latter. */
export type Effort = Pick<Report, 'usage' | 'durationMs'> & { readonly total?: Report['total'] };

/** What all runs of a task took, with the limits that it comes near to; null where that says no more than the run's own. */
export function allRunsWords({ usage, total }: Effort): string | null {
  if (total === null || total === undefined) return null;
  const { spent, budget } = total;
  const near = nearing(spent, budget);
  const limitOf = (unit: Nearing['unit']) => near.find((each) => each.unit === unit)?.limit;
  const [usdLimit, tokenLimit, minuteLimit] = [limitOf('usd'), limitOf('tokens'), limitOf('minutes')];
  const saysNoMore =
    usage === null ? minuteLimit === undefined : near.length === 0 && tokensOf(usage) === tokensOf(spent);
  if (saysNoMore) return null;
  const [tokens, cost] = usageWords(spent);
  const held = spent.usd === null ? `${cost}, held to be ${dollars(spent.usdAtMost)}` : cost;
  const parts = [
    `${duration(spent.durationMs)}${minuteLimit === undefined ? '' : ` of ${duration(minuteLimit * 60_000)}`}`,
    ...(usage === null
      ? []
      : [
          `${tokens}${tokenLimit === undefined ? '' : ` (${tokenCount(tokensOf(spent))} of ${tokenCount(tokenLimit)})`}`,
        ]),
    ...(usage === null ? [] : [usdLimit === undefined ? cost : `${held} of ${dollars(usdLimit)}`]),
  ];
  return `all runs of the task: ${parts.join(', ')}`;
}
