import { setTimeout as delay } from 'node:timers/promises';
import type { Trouble } from '../task/health.ts';
import type { Clock } from '../task/ports/clock.ts';
import { Problem } from '../task/problem.ts';

/** One thing that a process needs, or should be told of. */
export interface Check {
  /** What it is, as the subject of a sentence. */
  readonly name: string;
  /** Whether the process can do none of its work while this fails. */
  readonly needed: boolean;
  readonly everyMs: number;
  /** Settles with what is wrong, of which there may be nothing; or rejects, best with a `Problem`. */
  look(): Promise<readonly Omit<Trouble, 'since'>[]>;
}

export interface CheckState {
  readonly name: string;
  readonly needed: boolean;
  /** Null before the first answer. */
  readonly well: boolean | null;
  readonly sentences: readonly string[];
}

/** What doesn't answer for so long is in trouble, whatever it says in the end. */
const patienceMs = 30_000;

/** What is over before that is nobody's business: a connection that is made anew, a slow answer. */
const toldAfterMs = 10_000;

/** Looks after what a process needs, each thing at its own pace: one that hangs keeps no other waiting. */
export class Checkup {
  readonly #checks: readonly Check[];
  readonly #clock: Clock;
  readonly #patienceMs: number;
  readonly #toldAfterMs: number;
  readonly #found = new Map<string, readonly Trouble[]>();

  constructor(checks: readonly Check[], clock: Clock, options: { patienceMs?: number; toldAfterMs?: number } = {}) {
    this.#checks = checks;
    this.#clock = clock;
    this.#patienceMs = options.patienceMs ?? patienceMs;
    this.#toldAfterMs = options.toldAfterMs ?? toldAfterMs;
  }

  /** Everything that is wrong just now, and has been for some seconds. */
  get troubles(): readonly Trouble[] {
    const before = this.#clock.now() - this.#toldAfterMs;
    const found = this.#checks.flatMap(({ name }) => this.#found.get(name) ?? []);
    return found.filter(({ since }) => since === null || since <= before);
  }

  get states(): readonly CheckState[] {
    return this.#checks.map(({ name, needed }) => {
      const found = this.#found.get(name);
      return {
        name,
        needed,
        well: found === undefined ? null : found.length === 0,
        sentences: (found ?? []).map(({ sentence }) => sentence),
      };
    });
  }

  /** Whether the process can do its work: everything that is needed was looked at, and is well. */
  get ready(): boolean {
    return this.states.every(({ needed, well }) => !needed || well === true);
  }

  /** Looks until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(
      this.#checks.map(async (check) => {
        while (!signal.aborted) {
          await this.#look(check, signal);
          await delay(check.everyMs, undefined, { signal, ref: false }).catch(() => undefined);
        }
      }),
    );
  }

  /** Looks at everything once. */
  async once(): Promise<void> {
    await Promise.all(this.#checks.map((check) => this.#look(check, new AbortController().signal)));
  }

  async #look(check: Check, ending: AbortSignal): Promise<void> {
    const over = new AbortController();
    const signal = AbortSignal.any([ending, over.signal]);
    const late = delay(this.#patienceMs, undefined, { signal, ref: false }).then(
      () => [{ code: 'silent', sentence: `${check.name} does not answer.` }],
      () => [],
    );
    const looked = check.look().catch((error: unknown) => [toTrouble(check, error)]);
    const found = await Promise.race([looked, late]);
    over.abort();
    if (ending.aborted) return;
    const before = this.#found.get(check.name) ?? [];
    const since = (code: string) => before.find((each) => each.code === code)?.since ?? this.#clock.now();
    this.#found.set(
      check.name,
      found.map((each) => ({ ...each, since: since(each.code) })),
    );
  }
}

function toTrouble({ name }: Check, error: unknown): Omit<Trouble, 'since'> {
  if (error instanceof Problem) return { code: error.failure.code, sentence: error.failure.sentence };
  return { code: 'unexpected', sentence: `${name} could not be looked at.` };
}
