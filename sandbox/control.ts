import { z } from 'zod';
import { RunFailure } from './failure.ts';
import type { Control } from './protocol.ts';

const maxControlBytes = 1024 * 1024;

const path = z.string().regex(/^\/[^\0\n]*$/);
const fileName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/);
const fileNames = z.array(fileName).default([]);
const folder = z.string().regex(/^[a-z0-9_-][a-z0-9._-]*(?:\/[a-z0-9_-][a-z0-9._-]*)?$/);
const spec = z.object({
  type: z.literal('spec'),
  checkouts: z
    .array(
      z.object({
        folder,
        from: path,
        start: z.string().regex(/^[0-9a-f]{40}$/),
        branch: z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._/+#@-]*$/),
      }),
    )
    .min(1),
  cwd: folder,
  agent: z.discriminatedUnion('type', [
    z.object({ type: z.literal('shell'), script: z.string() }),
    z.object({
      type: z.literal('acp'),
      command: z.array(z.string()).min(1),
      env: z.record(z.string(), z.string()),
      mode: z.string().nullable(),
      model: z.string().nullable(),
      mcp: z
        .array(z.object({ name: z.string(), url: z.string(), headers: z.record(z.string(), z.string()) }))
        .default([]),
      session: z.string().nullable(),
      prompt: z.string(),
      wholePrompt: z.string(),
      files: fileNames,
      wholeFiles: fileNames,
    }),
  ]),
});
const control = z.discriminatedUnion('type', [
  spec,
  z.object({ type: z.literal('steer'), id: z.string(), text: z.string(), files: fileNames }),
  z.object({
    type: z.literal('file'),
    name: fileName,
    offset: z.int().nonnegative(),
    data: z.base64(),
    end: z.boolean(),
  }),
  z.object({ type: z.literal('answer'), question: z.string(), text: z.string() }),
  z.object({ type: z.literal('cancel') }),
]);

export type Spec = z.output<typeof spec>;
export type Steer = Extract<z.output<typeof control>, { type: 'steer' }>;
/** What the worker may say, as this runner reads it. */
type Heard = z.output<typeof control>;

/** What the worker said so far: the first spec, messages not yet taken, answers, and whether the run is to end. */
export class Inbox {
  readonly #spec = Promise.withResolvers<Spec>();
  readonly #stop = new AbortController();
  readonly #answers = new Map<string, PromiseWithResolvers<string>>();
  readonly #refused: (reason: string) => void;
  readonly #file: (piece: Extract<Control, { type: 'file' }>) => void;
  readonly #heard = new Set<string>();
  #specTaken = false;
  #waiting: Steer[] = [];
  #steered: ((steer: Steer) => void) | null = null;

  constructor(options: {
    refused: (reason: string) => void;
    file: (piece: Extract<Control, { type: 'file' }>) => void;
  }) {
    this.#refused = options.refused;
    this.#file = options.file;
  }

  get spec(): Promise<Spec> {
    return this.#spec.promise;
  }

  /** Aborts, with a `RunFailure` as its reason, when the run is to end. */
  get stopped(): AbortSignal {
    return this.#stop.signal;
  }

  stop(reason: RunFailure): void {
    this.#stop.abort(reason);
  }

  /** Hands each message to `take`, those that wait first; null lets them wait again. */
  onSteer(take: ((steer: Steer) => void) | null): void {
    this.#steered = take;
    if (take !== null) for (const steer of this.#waiting.splice(0)) take(steer);
  }

  /** Puts back messages that were taken and not read. */
  giveBack(steers: readonly Steer[]): void {
    this.#waiting.push(...steers);
  }

  /** Messages that nobody read. */
  get unread(): readonly Steer[] {
    return this.#waiting;
  }

  /** The answer to one question; rejects when the signal or the run's end comes first. */
  async answer(question: string, signal: AbortSignal): Promise<string> {
    const either = AbortSignal.any([signal, this.stopped]);
    const pending = this.#pending(question);
    const aborted = () => pending.reject(either.reason);
    if (either.aborted) aborted();
    either.addEventListener('abort', aborted, { once: true });
    try {
      return await pending.promise;
    } finally {
      either.removeEventListener('abort', aborted);
      this.#answers.delete(question);
    }
  }

  /** Takes one line of the worker's. A line that says nothing known is refused with a reason and changes nothing. */
  take(line: string): void {
    if (line.trim() === '') return;
    const message = parse(line);
    switch (message?.type) {
      case undefined:
        this.#refused('A control line was not understood and was ignored.');
        break;
      case 'spec':
        if (this.#specTaken) this.#refused('A second spec was ignored.');
        this.#specTaken = true;
        this.#spec.resolve(message);
        break;
      case 'steer':
        // A worker that comes after a crash says again what it can't know was heard.
        if (this.#heard.has(message.id)) break;
        this.#heard.add(message.id);
        if (this.#steered) this.#steered(message);
        else this.#waiting.push(message);
        break;
      case 'answer':
        if (this.#answers.has(message.question)) this.#pending(message.question).resolve(message.text);
        else this.#refused('An answer to no open question was ignored.');
        break;
      case 'file':
        this.#file(message);
        break;
      case 'cancel':
        this.stop(new RunFailure('cancelled', 'The run was stopped.'));
        break;
      default:
        message satisfies never;
    }
  }

  #pending(question: string): PromiseWithResolvers<string> {
    const known = this.#answers.get(question) ?? Promise.withResolvers<string>();
    this.#answers.set(question, known);
    return known;
  }
}

function parse(line: string): Heard | undefined {
  try {
    return control.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** Calls back with each line of a stream; one longer than a control line may be arrives as an empty object. */
export async function readLines(stream: AsyncIterable<string | Buffer>, take: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  let tooLong = false;
  for await (const chunk of stream) {
    const lines = (rest + (typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }))).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      take(tooLong || line.length > maxControlBytes ? '{}' : line);
      tooLong = false;
    }
    if (rest.length > maxControlBytes) {
      tooLong = true;
      rest = '';
    }
  }
}
