import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { JsonFile } from '../../src/gateway/files.ts';
import { Meter, type MeterPolicy } from '../../src/gateway/meter.ts';
import { readOrders, readTerms } from '../../src/gateway/policy.ts';
import { UsageReader } from '../../src/gateway/usage.ts';

const limits = (some: Partial<MeterPolicy>): MeterPolicy => ({
  budgetUsd: null,
  budgetTokens: null,
  unpriced: 'dearest',
  ...some,
});
const folder = () => mkdtemp(join(tmpdir(), 'errand-gateway-'));

function used(model: string, input: number, output: number): UsageReader {
  const reader = new UsageReader(0);
  reader.read({ type: 'message', model, usage: { input_tokens: input, output_tokens: output } });
  return reader;
}

describe('the meter', () => {
  test('adds calls up on disk and goes on from there', async () => {
    const path = join(await folder(), 'meter.json');
    const first = await Meter.load(path, limits({}));
    await first.open(used('claude-opus-5-5', 1_000_000, 100_000), '', undefined).close();
    const second = await Meter.load(path, limits({}));
    await second.open(used('claude-opus-5-5', 500_000, 0), '', undefined).close();
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({
      inputTokens: 1_500_000,
      outputTokens: 100_000,
      usd: 8,
      requests: 2,
    });
  });

  test('counts tokens and no dollars of a model without a known price, and holds the dearest against the budget', async () => {
    const meter = await Meter.load(join(await folder(), 'meter.json'), limits({ budgetUsd: 100 }));
    await meter.open(used('nobody-knows', 1_000_000, 1_000_000), '', undefined).close();
    expect(meter.state).toMatchObject({ inputTokens: 1_000_000, usd: null });
    expect(meter.spent).not.toBe(null);
  });

  test('is spent at the budget, calls under way included', async () => {
    const meter = await Meter.load(join(await folder(), 'meter.json'), limits({ budgetUsd: 4 }));
    expect(meter.spent).toBe(null);
    const call = meter.open(used('claude-opus-5-5', 1_000_000, 0), '', undefined);
    expect(meter.spent).not.toBe(null);
    await call.close();
    expect(meter.spent).not.toBe(null);
  });

  test('is spent at so many tokens, read, written and under way, whatever they cost', async () => {
    const path = join(await folder(), 'meter.json');
    const meter = await Meter.load(path, limits({ budgetTokens: 1_000, unpriced: 'tokens' }));
    await meter.open(used('nobody-knows', 600, 100), '', undefined).close();
    expect(meter.spent).toBe(null);
    const call = meter.open(used('nobody-knows', 100, 200), '', undefined);
    expect(meter.spent).toBe('1000 of 1000 tokens');
    await call.close();
    expect(meter.spent).toBe('1000 of 1000 tokens');
  });

  test('holds nothing of a model without a known price against dollars where tokens hold it', async () => {
    const path = join(await folder(), 'meter.json');
    const meter = await Meter.load(path, limits({ budgetUsd: 0.01, budgetTokens: 1e9, unpriced: 'tokens' }));
    await meter.open(used('nobody-knows', 1_000_000, 1_000_000), '', undefined).close();
    expect(meter.state).toMatchObject({ usd: null, usdAtMost: 0 });
    expect(meter.spent).toBe(null);
  });

  test('keeps its name over restarts, and has a new one on a new file', async () => {
    const path = join(await folder(), 'meter.json');
    const first = await Meter.load(path, limits({}));
    await first.save();
    expect((await Meter.load(path, limits({}))).state.id).toBe(first.state.id);
    const other = await Meter.load(join(await folder(), 'meter.json'), limits({}));
    expect(other.state.id).not.toBe(first.state.id);
  });

  test('a budget of nothing is spent from the start', async () => {
    expect((await Meter.load(join(await folder(), 'meter.json'), limits({ budgetUsd: 0 }))).spent).not.toBe(null);
  });

  test.each(['', 'null', '{"inputTokens":-1}', '{"usd":0}'])('refuses to go on from %j', async (text) => {
    const path = join(await folder(), 'meter.json');
    await writeFile(path, text);
    await expect(Meter.load(path, limits({ budgetUsd: 1 }))).rejects.toThrow(/can't be read/);
  });
});

test('of many changes at once the last is on disk when its save settles', async () => {
  const path = join(await folder(), 'value.json');
  let value = 0;
  const file = new JsonFile(path, () => value);
  const saves: Promise<void>[] = [];
  for (value = 1; value < 50; value++) saves.push(file.save());
  await saves.at(-1);
  expect(JSON.parse(await readFile(path, 'utf8'))).toBe(50);
  value = 51;
  await file.save();
  expect(JSON.parse(await readFile(path, 'utf8'))).toBe(51);
});

describe('policy and keys', () => {
  const policy = {
    providers: ['anthropic'],
    allow: [],
    budgetUsd: null,
    budgetTokens: null,
    unpriced: 'dearest' as const,
    dummyKey: 'dummy-key',
    mcp: [],
    open: false,
    registries: [],
  };
  const keys = {
    providers: {
      anthropic: { kind: 'anthropic', baseUrl: 'https://api.example.com', key: 'sk-canary-anthropic' },
      openai: { kind: 'openai', baseUrl: 'https://api.example.net/v1', key: 'sk-canary-openai' },
    },
  };

  const told = (orders: object) => JSON.stringify({ dir: '/run/errand/g/t000000', policy, keys, ...orders });
  const read = (text: string) => readTerms(readOrders(text));

  test('only the keys of providers that the policy names are kept', () => {
    const kept = read(told({})).keys;
    expect([...kept.providers.keys()]).toEqual(['anthropic']);
    expect(JSON.stringify([...kept.providers])).not.toContain('sk-canary-openai');
  });

  test.each([
    ['nothing in it', undefined],
    ['a field missing', { ...policy, dummyKey: undefined }],
    ['a field nobody knows', { ...policy, extra: true }],
    ['a negative budget', { ...policy, budgetUsd: -1 }],
  ])('a policy with %s is refused in one sentence', (_what, bad) => {
    expect(() => read(told({ policy: bad }))).toThrow(/did not start: the network policy is unusable/);
  });

  test.each([
    ['no JSON', '{"key":"sk-canary-anthropic"', 'what it was told'],
    ['nothing at all', '', 'what it was told'],
    [
      'a wrong field',
      told({ keys: { providers: { anthropic: { ...keys.providers.anthropic, kind: 'x' } } } }),
      'the set of keys',
    ],
    ['the provider missing', told({ keys: { providers: { openai: keys.providers.openai } } }), 'the set of keys'],
  ])('a gateway that is told %s refuses without a word of what is in it', (_what, text, found) => {
    expect(() => read(text)).toThrow(`${found} is unusable`);
    expect(() => read(text)).not.toThrow(/canary/);
  });
});
