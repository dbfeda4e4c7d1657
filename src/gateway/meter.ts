import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { Problem } from '../task/problem.ts';
import { JsonFile } from './files.ts';
import { dearest, findPrice, type Price, toUsd } from './prices.ts';
import type { CallUsage, UsageReader } from './usage.ts';

const meterSchema = z.object({
  /** All input, what caches served and stored included. */
  inputTokens: z.number().nonnegative(),
  outputTokens: z.number().nonnegative(),
  /** Null once a model without a known price was used. */
  usd: z.number().nonnegative().nullable(),
  requests: z.number().nonnegative(),
  /** What the budget is held against: `usd`, with models of unknown price taken as the dearest there is. */
  usdAtMost: z.number().nonnegative(),
  uploadedBytes: z.number().nonnegative(),
  downloadedBytes: z.number().nonnegative(),
});

export type MeterState = z.infer<typeof meterSchema>;

const zero: MeterState = {
  inputTokens: 0,
  outputTokens: 0,
  usd: 0,
  requests: 0,
  usdAtMost: 0,
  uploadedBytes: 0,
  downloadedBytes: 0,
};

type Prices = Readonly<Record<string, Price>> | undefined;

/** One model call that is under way. */
export interface OpenCall {
  /** Counts the call for good. Once only. */
  close(): Promise<void>;
}

/** Counts what one task uses, on disk, so that a restart goes on where the last process was. */
export class Meter {
  readonly #file: JsonFile;
  readonly #budgetUsd: number | null;
  readonly #open = new Map<UsageReader, { model: string; prices: Prices }>();
  #state: MeterState;

  private constructor(path: string, state: MeterState, budgetUsd: number | null) {
    this.#state = state;
    this.#budgetUsd = budgetUsd;
    this.#file = new JsonFile(path, () => this.#state);
  }

  /** Throws `Problem` when there is a count that can't be read: starting again from zero would renew the budget. */
  static async load(path: string, budgetUsd: number | null): Promise<Meter> {
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (text === null) return new Meter(path, zero, budgetUsd);
    const parsed = meterSchema.safeParse(parseOrNull(text));
    if (!parsed.success) {
      throw new Problem({
        code: 'gateway_meter',
        sentence: `The gateway of this task did not start: what it has spent so far can't be read from ${path}.`,
        next: 'Remove the file to start counting from zero.',
      });
    }
    return new Meter(path, parsed.data, budgetUsd);
  }

  get state(): MeterState {
    return this.#state;
  }

  /** True when the budget is used up, calls under way included. */
  get spent(): boolean {
    if (this.#budgetUsd === null) return false;
    let sum = this.#state.usdAtMost;
    for (const [reader, { model, prices }] of this.#open) sum += toCost(reader.usage, model, prices).atMost;
    return sum >= this.#budgetUsd;
  }

  get budgetUsd(): number | null {
    return this.#budgetUsd;
  }

  /** `model` is what was asked for; the answer's own word counts where it gives one. */
  open(reader: UsageReader, model: string, prices: Prices): OpenCall {
    this.#open.set(reader, { model, prices });
    return {
      close: async () => {
        if (!this.#open.delete(reader)) return;
        this.#count(reader.usage, model, prices);
        await this.#file.save();
      },
    };
  }

  /** Bytes through the egress proxy; on disk with the next `save`. */
  addBytes(direction: 'uploadedBytes' | 'downloadedBytes', bytes: number): void {
    this.#state = { ...this.#state, [direction]: this.#state[direction] + bytes };
  }

  async save(): Promise<void> {
    await this.#file.save();
  }

  #count(usage: CallUsage, model: string, prices: Prices): void {
    const { tokens } = usage;
    const cost = toCost(usage, model, prices);
    const state = this.#state;
    this.#state = {
      ...state,
      inputTokens: state.inputTokens + tokens.input + tokens.cacheRead + tokens.cacheWrite + tokens.cacheWriteHour,
      outputTokens: state.outputTokens + tokens.output,
      usd: state.usd === null || cost.exact === null ? null : state.usd + cost.exact,
      requests: state.requests + 1,
      usdAtMost: state.usdAtMost + cost.atMost,
    };
  }
}

function toCost(usage: CallUsage, asked: string, prices: Prices): { exact: number | null; atMost: number } {
  const price = findPrice(usage.model ?? asked, prices) ?? findPrice(asked, prices);
  if (price === undefined) return { exact: null, atMost: toUsd(dearest, usage.tokens) };
  const usd = toUsd(price, usage.tokens);
  return { exact: usd, atMost: usd };
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
