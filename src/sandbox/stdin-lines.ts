import type { Duplex } from 'node:stream';
import { Problem } from '../task/problem.ts';
import { type Engine, statusOf } from './docker.ts';

/**
 * Writes lines to the stdin of running containers. A connection is kept for the next line; closing it, or this process
 * dying, leaves the container's stdin open for whoever comes next.
 */
export class StdinLines implements Disposable {
  readonly #engine: Engine;
  readonly #open = new Map<string, Promise<Duplex>>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Settles when Docker has taken the line. Throws `Problem` when the container isn't there or doesn't run. */
  async write(name: string, value: unknown): Promise<void> {
    const line = `${JSON.stringify(value)}\n`;
    const stream = await this.#connect(name);
    await this.#engine.call(
      `write to ${name}`,
      () =>
        new Promise<void>((resolve, reject) => {
          stream.write(line, (error) => (error ? reject(error) : resolve()));
        }),
    );
  }

  #connect(name: string): Promise<Duplex> {
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    const opening = this.#attach(name);
    this.#open.set(name, opening);
    const forget = () => {
      if (this.#open.get(name) === opening) this.#open.delete(name);
    };
    opening.then((stream) => {
      stream.on('close', forget);
      // Whoever writes next is told by the write.
      stream.on('error', forget);
      stream.resume();
    }, forget);
    return opening;
  }

  async #attach(name: string): Promise<Duplex> {
    const container = this.#engine.docker.getContainer(name);
    try {
      const { State } = await this.#engine.call(`look at ${name}`, (abortSignal) => container.inspect({ abortSignal }));
      if (!State.Running) throw notRunning(name);
      const stream = await this.#engine.call(`attach to ${name}`, (abortSignal) =>
        container.attach({ stream: true, stdin: true, hijack: true, abortSignal }),
      );
      return stream as unknown as Duplex;
    } catch (error) {
      if (statusOf(error) === 404) throw notRunning(name);
      throw error;
    }
  }

  [Symbol.dispose](): void {
    for (const opening of this.#open.values()) {
      opening.then(
        (stream) => stream.destroy(),
        () => {},
      );
    }
    this.#open.clear();
  }
}

function notRunning(name: string): Problem {
  return new Problem({
    code: 'not_running',
    sentence: `Errand tried to tell ${name} something, but that container does not run.`,
    next: 'Nothing: the message is kept for the next run.',
  });
}
