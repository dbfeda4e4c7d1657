import { once } from 'node:events';
import { Readable, Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type ClientConnection,
  client,
  type InitializeResponse,
  methods,
  ndJsonStream,
  PROTOCOL_VERSION,
  type RequestPermissionRequest,
  type RequestPermissionResponse,
} from '@agentclientprotocol/sdk';
import { z } from 'zod';
import { Questions } from './acp-questions.ts';
import { Updates } from './acp-updates.ts';
import { type Child, endChild, startChild } from './children.ts';
import type { Inbox } from './control.ts';
import { RunFailure } from './failure.ts';
import type { Feed } from './feed.ts';
import type { Records } from './records.ts';
import { oneLine, tail } from './text.ts';

const startMs = 60_000;
const exitMs = 2_000;

/** What the agent is given when it asks whether somebody has added something; nothing while nobody offers any. */
export interface Asides {
  offer: (() => readonly string[]) | null;
}

export interface AcpAgent extends AsyncDisposable {
  readonly connection: ClientConnection;
  readonly capabilities: InitializeResponse;
  readonly updates: Updates;
  /** Where messages wait for an agent that asks for them between two steps of its turn. */
  readonly asides: Asides;
  /** Rejects with a `RunFailure` when the process ends; never resolves. */
  readonly died: Promise<never>;
  /** Why the process ended, where that is what is behind an error; else the error itself. */
  cause(error: unknown): Promise<unknown>;
}

/** Starts an ACP agent's process and shakes hands; disposing ends the process and its group. Throws `RunFailure`. */
export async function startAcpAgent(options: {
  command: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd: string;
  inbox: Inbox;
  records: Records;
  feed: Feed;
}): Promise<AcpAgent> {
  const name = oneLine(options.command.join(' '), 100);
  const child = await startChild(options.command, { cwd: options.cwd, env: options.env }).catch((error: unknown) => {
    throw new RunFailure('agent_start', `The agent \`${name}\` could not be started: ${oneLine(String(error), 200)}`, {
      cause: error,
    });
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = tail(errors + text, 4_000);
  });
  const stderr = () => oneLine(lastLines(errors), 300);
  const died = watch(child, name, stderr);
  const updates = new Updates(options.feed);
  const asides: Asides = { offer: null };
  const connection = connect(child, updates, new Questions(options), asides);
  const cause = async (error: unknown) => {
    if (!connection.signal.aborted) return error;
    // The connection closes a moment before the exit is known.
    return await Promise.race([died, pause(exitMs, error, { ref: false })]).catch((exit: unknown) => exit);
  };
  const dispose = async () => {
    connection.close();
    await endChild(child, 2_000);
  };
  try {
    const capabilities = await within(
      startMs,
      died,
      `The agent \`${name}\` did not answer`,
      options.inbox.stopped,
      () =>
        connection.agent.request(methods.agent.initialize, {
          protocolVersion: PROTOCOL_VERSION,
          clientInfo: { name: 'errand', version: '1' },
          clientCapabilities: {
            fs: { readTextFile: false, writeTextFile: false },
            terminal: false,
            elicitation: { form: {} },
          },
        }),
    );
    return { connection, capabilities, updates, asides, died, cause, [Symbol.asyncDispose]: dispose };
  } catch (thrown) {
    const error = await cause(thrown);
    await dispose();
    options.inbox.stopped.throwIfAborted();
    if (error instanceof RunFailure) throw new RunFailure('agent_start', error.message, { cause: error });
    throw new RunFailure('agent_start', `The agent \`${name}\` did not speak ACP: ${oneLine(String(error), 300)}`, {
      cause: error,
    });
  }
}

function connect(child: Child, updates: Updates, questions: Questions, asides: Asides): ClientConnection {
  return (
    client({ name: 'errand' })
      .onRequest(methods.client.session.requestPermission, ({ params }) => permit(params))
      .onRequest(methods.client.elicitation.create, ({ params, signal }) => questions.ask(params, signal))
      .onNotification(methods.client.session.update, ({ params }) => updates.take(params))
      // Qwen Code's way of steering: it asks after each round of tool calls.
      .onRequest('craft/drainMidTurnQueue', z.unknown(), () => ({ messages: asides.offer?.() ?? [] }))
      .onNotification('*', () => {})
      .connect(ndJsonStream(Writable.toWeb(child.stdin), Readable.toWeb(child.stdout)))
  );
}

/** The sandbox is the limit, so every permission is given, for good where that is offered. */
function permit({ options }: RequestPermissionRequest): RequestPermissionResponse {
  const best = options.find(({ kind }) => kind === 'allow_always') ?? options.find(({ kind }) => kind === 'allow_once');
  return { outcome: best ? { outcome: 'selected', optionId: best.optionId } : { outcome: 'cancelled' } };
}

function watch(child: Child, name: string, stderr: () => string): Promise<never> {
  const died = once(child, 'close').then(([code, signal]) => {
    const how = typeof signal === 'string' ? `by ${signal}` : `with exit code ${String(code)}`;
    const words = stderr();
    throw new RunFailure('agent_error', `The agent \`${name}\` ended ${how}${words === '' ? '.' : `: ${words}`}`);
  });
  // Nobody may be waiting when a process that was told to end does.
  died.catch(() => {});
  return died;
}

/** One step of the talk with an agent, given up when its process ends, the run is stopped or the time is over. */
export async function within<T>(
  ms: number,
  died: Promise<never>,
  late: string,
  stopped: AbortSignal,
  step: () => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const aborted = new Promise<never>((_resolve, reject) => {
    const stop = () => reject(stopped.reason);
    if (stopped.aborted) stop();
    stopped.addEventListener('abort', stop, { once: true, signal: over.signal });
  });
  const timedOut = pause(ms, undefined, { signal: over.signal, ref: false }).then(() => {
    throw new RunFailure('agent_start', `${late} within ${ms / 1000} s.`);
  });
  timedOut.catch(() => {});
  try {
    return await Promise.race([step(), died, aborted, timedOut]);
  } finally {
    over.abort();
  }
}

function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-5).join('\n');
}
