import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { EngineId, RunId, Sha, TaskId } from '../task/ids.ts';
import type { Metered } from '../task/money.ts';
import type { BlockedHost, Traffic } from '../task/network.ts';
import type { ContainerState, DiskRoom, RunOrder, Sandbox, SetUpOrder } from '../task/ports/sandbox.ts';
import { Problem } from '../task/problem.ts';
import type { Check, SetUp } from '../task/task.ts';
import { answers, fromWire, problemSchema, recordLineSchema } from './wire.ts';

/** Beyond what a call may take by itself. A start can wait behind others at the gate. */
const deadlineMs = 120_000;
const exportDeadlineMs = 600_000;
/** How long a script may take, the broker knows. */
const setUpDeadlineMs = 24 * 3_600_000;

/** The `Sandbox` port by way of the broker's socket. A broker that is away is a `Problem` to retry; its containers go on. */
export class BrokerClient implements Sandbox {
  readonly #socket: string;

  constructor(socket: string) {
    this.#socket = socket;
  }

  async engine(): Promise<EngineId> {
    return (await this.#ask('engine', {}, answers.engine)) as EngineId;
  }

  async ready(): Promise<void> {
    await this.#ask('ready', {}, z.unknown());
  }

  async setUp(order: SetUpOrder): Promise<readonly SetUp[]> {
    return await this.#ask('setUp', order, answers.setUp, setUpDeadlineMs);
  }

  async start(order: RunOrder): Promise<void> {
    await this.#ask('start', order, z.unknown());
  }

  async send(run: RunId, line: unknown): Promise<void> {
    await this.#ask('send', { run, line }, z.unknown());
  }

  async *records(run: RunId, after: number, signal: AbortSignal): AsyncGenerator<unknown> {
    if (signal.aborted) return;
    const response = await this.#post('records', { run, after }, signal).catch((error: unknown) => {
      if (signal.aborted) return undefined;
      throw error;
    });
    if (response === undefined) return;
    try {
      if (response.statusCode !== 200) throw await toError(response);
      for await (const text of createInterface({ input: response })) {
        const line = recordLineSchema.parse(JSON.parse(text));
        if ('record' in line) yield line.record;
        else if ('problem' in line) throw fromWire(line.problem);
        else return;
        if (signal.aborted) return;
      }
    } catch (error) {
      if (signal.aborted) return;
      throw error instanceof Problem ? error : this.#away(error);
    } finally {
      response.destroy();
    }
    // The stream has a last line of its own: without it the broker broke off.
    if (!signal.aborted) throw this.#away('the stream of records broke off');
  }

  async state(run: RunId): Promise<ContainerState> {
    return await this.#ask('state', { run }, answers.state);
  }

  async cpuMs(run: RunId): Promise<number | null> {
    return await this.#ask('cpuMs', { run }, answers.cpuMs);
  }

  async stop(run: RunId, graceMs: number, why?: 'stalled'): Promise<void> {
    await this.#ask('stop', { run, graceMs, why }, z.unknown(), deadlineMs + graceMs);
  }

  async export(run: RunId, work: { folder: string; start: Sha }, capBytes: number): Promise<string | null> {
    return await this.#ask('export', { run, ...work, capBytes }, answers.export, exportDeadlineMs);
  }

  async check(run: RunId, work: { folder: string; command: string }, timeoutMs: number): Promise<Check> {
    return await this.#ask('check', { run, ...work, timeoutMs }, answers.check, deadlineMs + timeoutMs);
  }

  async usage(task: TaskId): Promise<Metered | null> {
    return await this.#ask('usage', { task }, answers.usage);
  }

  /** What passed its gateway; null where there is none. */
  async traffic(task: TaskId): Promise<Traffic | null> {
    return await this.#ask('traffic', { task }, answers.traffic);
  }

  async blocked(task: TaskId): Promise<readonly BlockedHost[]> {
    return await this.#ask('blocked', { task }, answers.blocked);
  }

  async room(): Promise<readonly DiskRoom[]> {
    return await this.#ask('room', {}, answers.room);
  }

  async list(): Promise<readonly { task: TaskId; run: RunId; running: boolean }[]> {
    return await this.#ask('list', {}, answers.list);
  }

  async remove(task: TaskId, options: { workspace: boolean }): Promise<void> {
    await this.#ask('remove', { task, workspace: options.workspace }, z.unknown());
  }

  /** Removes what tasks that aren't in `alive` left on this engine more than `graceMs` ago; returns which those were. */
  async reap(alive: readonly TaskId[], graceMs: number): Promise<readonly TaskId[]> {
    return await this.#ask('reap', { alive, graceMs }, answers.reap, exportDeadlineMs);
  }

  async #ask<T>(call: string, input: unknown, answer: z.ZodType<T>, ms = deadlineMs): Promise<T> {
    const signal = AbortSignal.timeout(ms);
    const response = await this.#post(call, input, signal);
    if (response.statusCode !== 200) throw await toError(response);
    const body = await readText(response).catch((error: unknown) => {
      throw this.#away(error);
    });
    return answer.parse(z.object({ value: z.unknown() }).parse(JSON.parse(body)).value);
  }

  async #post(call: string, input: unknown, signal: AbortSignal): Promise<IncomingMessage> {
    // Its own connection: one kept alive may have died with an older broker.
    const sent = request({ socketPath: this.#socket, path: `/${call}`, method: 'POST', agent: false, signal });
    sent.end(JSON.stringify(input));
    try {
      const [response]: IncomingMessage[] = await once(sent, 'response');
      // What goes wrong from here on is seen by whoever reads.
      sent.on('error', () => {});
      if (response === undefined) throw new Error('no response');
      return response;
    } catch (error) {
      throw this.#away(error);
    }
  }

  #away(cause: unknown): Problem {
    return new Problem(
      {
        code: 'broker_down',
        sentence: `The sandbox broker does not answer at ${this.#socket}.`,
        next: 'Start Errand (or its broker) on that host; the task goes on by itself then.',
      },
      { retry: true, cause },
    );
  }
}

async function toError(response: IncomingMessage): Promise<Problem> {
  return fromWire(z.object({ problem: problemSchema }).parse(JSON.parse(await readText(response))).problem);
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
