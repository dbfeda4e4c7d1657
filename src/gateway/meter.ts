import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { Problem } from '../task/problem.ts';
import { JsonFile } from './files.ts';
import type { GatewayPolicy } from './policy.ts';
import { dearest, findPrice, type Price, toUsd } from './prices.ts';
import type { CallUsage, UsageReader } from './usage.ts';

const meterSchema = z.object({
  /** Tells this count from one that was begun anew after this one's file was lost. */
  id: z.string().min(1).default('first'),
  /** All input, what caches served and stored included. */
  inputTokens: z.number().nonnegative(),
  outputTokens: z.number().nonnegative(),
  /** Null once a model without a known price was used. */
  usd: z.number().nonnegative().nullable(),
  requests: z.number().nonnegative(),
  /** What dollar limits are held against: `usd`, and models of unknown price as the policy wants them counted. */
  usdAtMost: z.number().nonnegative(),
  uploadedBytes: z.number().nonnegative(),
  downloadedBytes: z.number().nonnegative(),
  /** Of model calls, which no limit of bytes is held against. */
  modelSentBytes: z.number().nonnegative().default(0),
  modelReceivedBytes: z.number().nonnegative().default(0),
});

export type MeterState = z.infer<typeof meterSchema>;

const zero: Omit<MeterState, 'id'> = {
  inputTokens: 0,
  outputTokens: 0,
  usd: 0,
  requests: 0,
  usdAtMost: 0,
  uploadedBytes: 0,
  downloadedBytes: 0,
  modelSentBytes: 0,
  modelReceivedBytes: 0,
};

type Prices = Readonly<Record<string, Price>> | undefined;

/** The part of the policy that the meter holds its task to. */
export type MeterPolicy = Pick<GatewayPolicy, 'budgetUsd' | 'budgetTokens' | 'unpriced'>;

/** One model call that is under way. */
export interface OpenCall {
  /** Counts the call for good. Once only. */
  close(): Promise<void>;
}

/** Counts what one task uses, on disk, so that a restart goes on where the last process was. */
export class Meter {
  readonly #file: JsonFile;
  readonly #policy: MeterPolicy;
  readonly #open = new Map<UsageReader, { model: string; prices: Prices }>();
  #state: MeterState;

  private constructor(path: string, state: MeterState, policy: MeterPolicy) {
    this.#state = state;
    this.#policy = policy;
    this.#file = new JsonFile(path, () => this.#state);
  }

  /** Throws `Problem` when there is a count that can't be read: starting again from zero would renew the budget. */
  static async load(path: string, policy: MeterPolicy): Promise<Meter> {
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (text === null) return new Meter(path, { id: randomUUID(), ...zero }, policy);
    const parsed = meterSchema.safeParse(parseOrNull(text));
    if (!parsed.success) {
      throw new Problem({
        code: 'gateway_meter',
        sentence: `The gateway of this task did not start: what it has spent so far can't be read from ${path}.`,
        next: 'Remove the file to start counting from zero.',
      });
    }
    return new Meter(path, parsed.data, policy);
  }

  get state(): MeterState {
    return this.#state;
  }

  /**
   * What is used up, calls under way included, in words; null while there is room. No new call is let through from then on, so that
   * what goes past a budget is at most what the calls under way go on to use.
   */
  get spent(): string | null {
    const { budgetUsd, budgetTokens } = this.#policy;
    let usd = this.#state.usdAtMost;
    let tokens = this.#state.inputTokens + this.#state.outputTokens;
    for (const [{ usage }, { model, prices }] of this.#open) {
      usd += this.#toCost(usage, model, prices).held;
      tokens += inputOf(usage) + usage.tokens.output;
    }
    if (budgetUsd !== null && usd >= budgetUsd) return `$${usd.toFixed(2)} of $${budgetUsd.toFixed(2)}`;
    if (budgetTokens !== null && tokens >= budgetTokens) return `${tokens} of ${budgetTokens} tokens`;
    return null;
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

  /** On disk with the next `save`. */
  addBytes(direction: `${'uploaded' | 'downloaded' | 'modelSent' | 'modelReceived'}Bytes`, bytes: number): void {
    this.#state = { ...this.#state, [direction]: this.#state[direction] + bytes };
  }

  async save(): Promise<void> {
    await this.#file.save();
  }

  #count(usage: CallUsage, model: string, prices: Prices): void {
    const cost = this.#toCost(usage, model, prices);
    const state = this.#state;
    this.#state = {
      ...state,
      inputTokens: state.inputTokens + inputOf(usage),
      outputTokens: state.outputTokens + usage.tokens.output,
      usd: state.usd === null || cost.exact === null ? null : state.usd + cost.exact,
      requests: state.requests + 1,
      usdAtMost: state.usdAtMost + cost.held,
    };
  }

  #toCost(usage: CallUsage, asked: string, prices: Prices): { exact: number | null; held: number } {
    const price = findPrice(usage.model ?? asked, prices) ?? findPrice(asked, prices);
    if (price === undefined) {
      return { exact: null, held: this.#policy.unpriced === 'dearest' ? toUsd(dearest, usage.tokens) : 0 };
    }
    const usd = toUsd(price, usage.tokens);
    return { exact: usd, held: usd };
  }
}

function inputOf({ tokens }: CallUsage): number {
  return tokens.input + tokens.cacheRead + tokens.cacheWrite + tokens.cacheWriteHour;
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
