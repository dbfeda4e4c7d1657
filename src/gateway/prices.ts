/** US dollars a million tokens. What a table leaves out costs as much as plain input. */
export interface Price {
  readonly input: number;
  readonly output: number;
  readonly cacheRead?: number | undefined;
  readonly cacheWrite?: number | undefined;
  /** Anthropic's cache entries that live an hour. */
  readonly cacheWriteHour?: number | undefined;
  /** Other prices for the whole call when its prompt is longer than this. */
  readonly long?: { readonly aboveTokens: number; readonly input: number; readonly output: number } | undefined;
}

/** What one call used. `input` excludes what a cache served or stored. */
export interface TokenCount {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly cacheWriteHour: number;
}

/** Anthropic's rule: five minutes of cache cost a quarter more than input, an hour twice as much. */
function claude(input: number, output: number, cacheRead: number): Price {
  return { input, output, cacheRead, cacheWrite: input * 1.25, cacheWriteHour: input * 2 };
}

/** From GPT-6 on: storing costs a quarter more than input, and long prompts cost more. */
function gpt6(input: number, output: number, cacheRead: number): Price {
  const long = { aboveTokens: 272_000, input: input * 2, output: output * 1.5 };
  return { input, output, cacheRead, cacheWrite: input * 1.25, long };
}

function gpt(input: number, output: number, cacheRead: number): Price {
  return { input, output, cacheRead };
}

/** List prices as of November 2026, by the beginning of a model's name; the longest that fits counts. */
export const priceTable: Readonly<Record<string, Price>> = {
  'claude-fable-5-1': claude(10, 50, 0.25),
  'claude-fable-5': claude(10, 50, 1),
  'claude-mythos-5-1': claude(10, 50, 0.25),
  'claude-mythos-5': claude(10, 50, 1),
  'claude-opus-5-5': claude(4, 20, 0.2),
  'claude-opus-5': claude(5, 25, 0.5),
  'claude-opus-4-5': claude(5, 25, 0.5),
  'claude-opus-4-6': claude(5, 25, 0.5),
  'claude-opus-4-7': claude(5, 25, 0.5),
  'claude-opus-4-8': claude(5, 25, 0.5),
  'claude-opus-4-1': claude(15, 75, 1.5),
  'claude-opus-4-0': claude(15, 75, 1.5),
  'claude-opus-4': claude(15, 75, 1.5),
  'claude-sonnet-5-5': claude(2, 10, 0.1),
  'claude-sonnet-5': claude(2, 10, 0.2),
  'claude-sonnet-4-6': claude(3, 15, 0.3),
  'claude-sonnet-4-5': claude(3, 15, 0.3),
  'claude-sonnet-4-0': claude(3, 15, 0.3),
  'claude-sonnet-4': claude(3, 15, 0.3),
  'claude-haiku-5-5': { ...claude(0.1, 0.5, 0.01), long: { aboveTokens: 100_000, input: 0.5, output: 2.5 } },
  'claude-haiku-4-5': claude(1, 5, 0.1),
  'gpt-6.1-sol': gpt6(2, 10, 0.1),
  'gpt-6-astra': gpt6(10, 50, 1),
  'gpt-6-sol': gpt6(2, 10, 0.2),
  'gpt-6-luna': gpt6(0.1, 0.5, 0.01),
  'gpt-5.6-sol': gpt6(4, 20, 0.4),
  'gpt-5.6-terra': gpt6(2, 12, 0.2),
  'gpt-5.6-luna': gpt6(0.2, 1.2, 0.02),
  'gpt-5.5-pro': gpt(30, 180, 30),
  'gpt-5.5': gpt(5, 30, 0.5),
  'gpt-5.4-pro': gpt(30, 180, 30),
  'gpt-5.4-mini': gpt(0.75, 4.5, 0.075),
  'gpt-5.4': gpt(2.5, 15, 0.25),
};

/** Names that only begin like a known model's (`gpt-5.5-mini`) have other prices, so what follows must be a date or a mark. */
const suffix = /^(-\d{8}|-\d{4}-\d{2}-\d{2}|-latest|\[[a-z0-9]+\]|@.*)*$/;

/** The price of a model; `own` is the configuration's table and wins. Undefined when neither knows the model. */
export function findPrice(model: string, own: Readonly<Record<string, Price>> = {}): Price | undefined {
  return longest(model, own, () => true) ?? longest(model, priceTable, (rest) => suffix.test(rest));
}

/** The most that any model of the table costs: what an unknown model is held to be worth against a budget. */
export const dearest: Price = Object.values(priceTable).reduce((most, price) => ({
  input: Math.max(most.input, price.input, price.long?.input ?? 0),
  output: Math.max(most.output, price.output, price.long?.output ?? 0),
}));

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
