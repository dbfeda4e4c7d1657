import { z } from 'zod';
import list from './prices.json' with { type: 'json' };

const dollars = z.number().nonnegative();

/** US dollars a million tokens. What is left out costs as much as plain input. */
export const priceSchema = z.strictObject({
  input: dollars,
  output: dollars,
  cacheRead: dollars.optional(),
  cacheWrite: dollars.optional(),
  /** Anthropic's cache entries that live an hour. */
  cacheWriteHour: dollars.optional(),
  /** Other prices for the whole call when its prompt is longer than this. */
  long: z.strictObject({ aboveTokens: z.int().positive(), input: dollars, output: dollars }).optional(),
});

export type Price = z.infer<typeof priceSchema>;

/** What `prices.json` holds: list prices, each vendor's with its source and the day on which it said so. */
export const priceListSchema = z.strictObject({
  unit: z.literal('US dollars a million tokens'),
  lists: z.array(
    z.strictObject({
      of: z.string().min(1),
      source: z.url({ protocol: /^https$/ }),
      asOf: z.iso.date(),
      models: z.record(z.string().regex(/^[a-z][a-z0-9.-]*$/), priceSchema),
    }),
  ),
});

/** What one call used. `input` excludes what a cache served or stored. */
export interface TokenCount {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly cacheWriteHour: number;
}

/** List prices by the beginning of a model's name; the longest that fits counts. */
export const priceTable: Readonly<Record<string, Price>> = Object.assign(
  {},
  ...priceListSchema.parse(list).lists.map(({ models }) => models),
);

/** Names that only begin like a known model's (`gpt-5.5-mini`) have other prices, so what follows must be a date or a mark. */
const suffix = /^(-\d{8}|-\d{4}-\d{2}-\d{2}|-latest|\[[a-z0-9]+\]|@.*)*$/;

/** The price of a model; `own` is the configuration's table and wins. Undefined when neither knows the model. */
export function findPrice(model: string, own: Readonly<Record<string, Price>> = {}): Price | undefined {
  return longest(model, own, () => true) ?? longest(model, priceTable, (rest) => suffix.test(rest));
}

/** The most that any model of the table costs: what an unknown model is held to be worth against a budget. */
export const dearest: Price = Object.values(priceTable).reduce<Price>(
  (most, price) => ({
    input: Math.max(most.input, price.input, price.long?.input ?? 0),
    output: Math.max(most.output, price.output, price.long?.output ?? 0),
  }),
  { input: 0, output: 0 },
);

/** US dollars for one call. */
export function toUsd(price: Price, tokens: TokenCount): number {
  const prompt = tokens.input + tokens.cacheRead + tokens.cacheWrite + tokens.cacheWriteHour;
  const long = price.long !== undefined && prompt > price.long.aboveTokens ? price.long : price;
  // Cache prices follow the input price where a long prompt changes it.
  const scale = price.input === 0 ? 1 : long.input / price.input;
  const cacheRead = (price.cacheRead ?? price.input) * scale;
  const cacheWrite = (price.cacheWrite ?? price.input) * scale;
  const cacheWriteHour = (price.cacheWriteHour ?? price.cacheWrite ?? price.input) * scale;
  return (
    (tokens.input * long.input +
      tokens.output * long.output +
      tokens.cacheRead * cacheRead +
      tokens.cacheWrite * cacheWrite +
      tokens.cacheWriteHour * cacheWriteHour) /
    1_000_000
  );
}

function longest(
  model: string,
  table: Readonly<Record<string, Price>>,
  fits: (rest: string) => boolean,
): Price | undefined {
  const names = Object.keys(table).filter((name) => model.startsWith(name) && fits(model.slice(name.length)));
  const name = names.toSorted((a, b) => b.length - a.length)[0];
  return name === undefined ? undefined : table[name];
}
