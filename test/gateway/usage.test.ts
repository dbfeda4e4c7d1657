import { describe, expect, test } from 'vitest';
import { EventStreamReader } from '../../src/gateway/event-stream.ts';
import { findPrice, type TokenCount, toUsd } from '../../src/gateway/prices.ts';
import { UsageReader } from '../../src/gateway/usage.ts';

const tokens = (some: Partial<TokenCount>): TokenCount => ({
  input: 0,
  output: 0,
  cacheRead: 0,
  cacheWrite: 0,
  cacheWriteHour: 0,
  ...some,
});

function readStream(text: string, cut: number, requestBytes = 300) {
  const reader = new UsageReader(requestBytes);
  const events = new EventStreamReader((value) => reader.read(value));
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += cut) events.push(bytes.subarray(at, at + cut));
  events.end();
  return reader.usage;
}

const event = (data: { type: string }) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
const start = {
  type: 'message_start',
  message: {
    model: 'claude-opus-5-5',
    usage: {
      input_tokens: 10,
      output_tokens: 1,
      cache_read_input_tokens: 1_000,
      cache_creation_input_tokens: 50,
      cache_creation: { ephemeral_5m_input_tokens: 20, ephemeral_1h_input_tokens: 30 },
    },
  },
};
const delta = (text: string) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } });
const end = { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 77 } };

describe('reading usage', () => {
  test.each([1, 7, 10_000])(
    'an Anthropic stream cut every %i bytes counts input, caches and the last output',
    (cut) => {
      const text = [event(start), event(delta('Zwölf Boxkämpfer')), event(end), event({ type: 'message_stop' })].join(
        '',
      );
      expect(readStream(text, cut)).toEqual({
        model: 'claude-opus-5-5',
        tokens: { input: 10, output: 77, cacheRead: 1_000, cacheWrite: 20, cacheWriteHour: 30 },
        reported: true,
      });
    },
  );

  test('a stream that breaks off is charged for the text that passed', () => {
    const usage = readStream(event(start) + event(delta('x'.repeat(900))), 64);
    expect(usage.reported).toBe(false);
    expect(usage.tokens.input).toBe(10);
    expect(usage.tokens.output).toBeGreaterThanOrEqual(300);
  });

  test('an answer that says nothing of usage is charged for the size of the request', () => {
    expect(readStream('data: {"type":"response.created","response":{"usage":null}}\n\n', 64).tokens.input).toBe(100);
  });

  test('an OpenAI response counts cached input apart', () => {
    const usage = { input_tokens: 120, input_tokens_details: { cached_tokens: 100 }, output_tokens: 9 };
    const completed = { type: 'response.completed', response: { model: 'gpt-6.1-sol', usage } };
    expect(readStream(event({ type: 'response.created' }) + event(completed), 50)).toEqual({
      model: 'gpt-6.1-sol',
      tokens: tokens({ input: 20, output: 9, cacheRead: 100 }),
      reported: true,
    });
  });

  test('a chat stream counts its usage chunk', () => {
    const chunks = [
      { model: 'gpt-5.5', choices: [{ index: 0, delta: { content: 'Hi' } }], usage: null },
      { model: 'gpt-5.5', choices: [], usage: { prompt_tokens: 30, completion_tokens: 4 } },
    ];
    const text = `${chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`).join('')}data: [DONE]\r\n\r\n`;
    expect(readStream(text, 11)).toEqual({
      model: 'gpt-5.5',
      tokens: tokens({ input: 30, output: 4 }),
      reported: true,
    });
  });

  test('a plain JSON answer is read as a whole', () => {
    const reader = new UsageReader(300);
    reader.read({ type: 'message', model: 'claude-haiku-4-5', usage: { input_tokens: 5, output_tokens: 6 } });
    expect(reader.usage).toEqual({
      model: 'claude-haiku-4-5',
      tokens: tokens({ input: 5, output: 6 }),
      reported: true,
    });
  });
});

describe('prices', () => {
  const million = 1_000_000;

  test.each([
    ['claude-opus-5-5', 4, 20],
    ['claude-opus-5-20260724', 5, 25],
    ['claude-opus-4-20250514', 15, 75],
    ['claude-opus-4-8', 5, 25],
    ['claude-sonnet-4-5-20250929', 3, 15],
    ['gpt-6.1-sol', 2, 10],
    ['gpt-5.5-2026-02-01', 5, 30],
    ['gpt-5.4-mini', 0.75, 4.5],
  ])('%s costs $%d a million tokens in and $%d out', (model, input, output) => {
    const price = findPrice(model);
    if (price === undefined) throw new Error(`no price for ${model}`);
    expect(toUsd({ ...price, long: undefined }, tokens({ input: million }))).toBeCloseTo(input, 9);
    expect(toUsd({ ...price, long: undefined }, tokens({ output: million }))).toBeCloseTo(output, 9);
  });

  test.each(['gpt-5.5-mini', 'claude-opus-5-6', 'claude-next', 'llama-4', ''])('%s has no known price', (model) => {
    expect(findPrice(model)).toBeUndefined();
  });

  test("the configuration's own price wins over the table", () => {
    expect(findPrice('gpt-5.5', { 'gpt-5': { input: 1, output: 2 } })).toEqual({ input: 1, output: 2 });
  });

  test('a long prompt changes the price of the whole call, caches included', () => {
    const price = findPrice('claude-haiku-5-5');
    if (price === undefined) throw new Error('no price');
    const call = tokens({ input: 50_000, cacheRead: 100_000, output: 1_000 });
    expect(toUsd(price, call)).toBeCloseTo((50_000 * 0.5 + 100_000 * 0.05 + 1_000 * 2.5) / million, 12);
  });
});
