import type { Logger } from 'pino';
import { openLog } from '../operate/log.ts';
import { createMetrics, type Metrics } from '../operate/metrics.ts';
import { Problem } from '../task/problem.ts';
import { createRedactor, type Redactor } from '../task/redact.ts';

/** What is under way when a process is done, a call that nobody waits for any more, must not keep it. */
const endsWithinMs = 1_500;

/** What every process of Errand needs around its work: a log, an end, and a word to whoever started it. */
export interface ProcessScope {
  readonly log: Logger;
  /** Knows the secrets of this process. The log goes through it, and so does what is stored for others to read. */
  readonly redactor: Redactor;
  readonly metrics: Metrics;
  /** Aborts when the process is asked to end. */
  readonly signal: AbortSignal;
  /** Tells the supervisor that the work can come. */
  readonly ready: () => void;
}

/** Ends the event loop's work on SIGTERM and SIGINT; a `Problem` at the start ends the process with its two sentences. */
export async function runProcess(
  name: string,
  { logLevel, secrets }: { readonly logLevel: string; readonly secrets: readonly (string | null)[] },
  run: (scope: ProcessScope) => Promise<void>,
): Promise<void> {
  const redactor = createRedactor(secrets);
  const metrics = createMetrics(name);
  const log = openLog(name, { level: logLevel, redact: redactor.text, metrics });
  const ending = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ending.abort());
  // A supervisor that is gone can't end its children: they go by themselves.
  process.once('disconnect', () => ending.abort());
  try {
    await run({ log, redactor, metrics, signal: ending.signal, ready: () => void process.send?.({ ready: name }) });
  } catch (error) {
    // Whatever waits is broken off by the end that was asked for.
    if (ending.signal.aborted && error instanceof Error && error.name === 'AbortError') return;
    // The top process speaks to a person; a child speaks through its log.
    if (process.send === undefined) throw error;
    const failure = error instanceof Problem ? error.failure : null;
    log.fatal(
      { err: error, code: failure?.code },
      failure === null ? 'Ended by an error' : `${failure.sentence} ${failure.next}`,
    );
    process.exitCode = 1;
  } finally {
    // What listens for the end lets go now, whatever it was that ended the work; a child that nobody waits for must not stay.
    ending.abort();
    if (process.connected) process.disconnect();
    setTimeout(() => process.exit(), endsWithinMs).unref();
  }
}

/** Settles when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((end) => {
    if (signal.aborted) end();
    else signal.addEventListener('abort', () => end(), { once: true });
  });
}
