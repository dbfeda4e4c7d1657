import { expect, test } from 'vitest';
import list from '../../src/gateway/prices.json' with { type: 'json' };
import { priceListSchema } from '../../src/gateway/prices.ts';

const read = priceListSchema.parse(list);

test('the price list names each model once, a source and a day for each vendor', () => {
  const names = read.lists.flatMap(({ models }) => Object.keys(models));
  expect(new Set(names).size).toBe(names.length);
  expect(read.lists.map(({ of }) => of)).toEqual(['Anthropic', 'OpenAI']);
});

test('no model of the price list costs more to read from a cache than to read anew, or less to write than to read', () => {
  const odd = read.lists.flatMap(({ models }) =>
    Object.entries(models).flatMap(([name, { input, output, cacheRead, cacheWrite, long }]) => {
      const fine =
        output > input &&
        (cacheRead ?? input) <= input &&
        (cacheWrite ?? input) >= input &&
        (long === undefined || (long.input >= input && long.output >= output));
      return fine ? [] : [name];
    }),
  );
  expect(odd).toEqual([]);
});

test.each([
  ['a price below nothing', { models: { 'a-model': { input: -1, output: 1 } } }],
  ['a price that is missing', { models: { 'a-model': { input: 1 } } }],
  ['a field nobody knows', { models: { 'a-model': { input: 1, output: 1, cached: 1 } } }],
  ['no source', { source: undefined }],
  ['a day that is none', { asOf: 'November' }],
])('a price list with %s is refused', (_what, change) => {
  const vendor = { of: 'A vendor', source: 'https://example.com/prices', asOf: '2026-11-01', models: {} };
  const changed = { unit: read.unit, lists: [{ ...vendor, ...change }] };
  expect(priceListSchema.safeParse(changed).success).toBe(false);
});
