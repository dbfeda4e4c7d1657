import { once } from 'node:events';
import { chmod, chown, mkdir, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { RunId, TaskId } from '../task/ids.ts';
import { Problem } from '../task/problem.ts';
import type { DockerSandbox } from './docker-sandbox.ts';
import type { Log } from './options.ts';
import { runIdSchema, taskIdSchema, taskOf } from './order.ts';
import { openReaper } from './reaper.ts';
import { calls, maxBodyBytes, toWire } from './wire.ts';

/**
 * The one process that holds the Docker socket. Serves the `Sandbox` port over HTTP on a unix socket to its owner: the
 * user of this process, or with `socketUser` that one. Refuses with 400 what isn't a listed call. Closing it ends no container.
 */
export async function serveBroker(options: {
  sandbox: DockerSandbox;
  socket: string;
  socketUser: number | null;
  log: Log;
}): Promise<AsyncDisposable> {
  const { socket, socketUser, log } = options;
  const handlers = handlersFor(options.sandbox);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Without the worker nobody reads on; what the call started goes on all the same.
    const left = new AbortController();
    response.on('close', () => left.abort());
    const handler = handlers.get(request.url?.slice(1) ?? '');
    const body = request.method === 'POST' ? await readJsonBody(request) : undefined;
    const work = body === undefined ? undefined : handler?.(body, left.signal);
    if (work === undefined) {
      const problem = toWire(refused(request.url ?? ''));
      log('warn', { path: request.url }, problem.failure.sentence);
      return reply(response, 400, { problem });
    }
    try {
      const value = await work();
      if (isRecords(value)) return await stream(value, response);
      reply(response, 200, { value: value ?? null });
    } catch (error) {
      const problem = toWire(error);
      log('warn', { ...aboutOf(body), err: error, path: request.url }, problem.failure.sentence);
      reply(response, problem.failure.code === 'order_refused' ? 400 : 422, { problem });
    }
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      log('warn', { err: error, path: request.url }, 'a call to the broker broke off');
      response.destroy();
    });
  });
  await mkdir(dirname(socket), { recursive: true });
  await takeOver(socket);
  server.listen(socket);
  await once(server, 'listening');
  await chmod(socket, 0o600);
  if (socketUser !== null) await chown(socket, socketUser, -1);
  return {
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

type Handler = (body: unknown, signal: AbortSignal) => (() => Promise<unknown>) | undefined;

/** A call's handler behind its schema; undefined for a body that the schema refuses. */
function on<Schema extends z.ZodType>(
  schema: Schema,
  handle: (input: z.output<Schema>, signal: AbortSignal) => Promise<unknown> | AsyncIterable<unknown>,
): Handler {
  return (body, signal) => {
    const parsed = schema.safeParse(body);
    return parsed.success ? async () => await handle(parsed.data, signal) : undefined;
  };
}

function handlersFor(sandbox: DockerSandbox): ReadonlyMap<string, Handler> {
  const reap = openReaper(sandbox);
  const handlers: Record<keyof typeof calls, Handler> = {
    engine: on(calls.engine, () => sandbox.engine()),
    ready: on(calls.ready, () => sandbox.ready()),
    setUp: on(calls.setUp, (order) => sandbox.setUp(order)),
    start: on(calls.start, (order) => sandbox.start(order)),
    send: on(calls.send, ({ run, line }) => sandbox.send(run, line)),
    records: on(calls.records, ({ run, after }, signal) => sandbox.records(run, after, signal)),
    state: on(calls.state, ({ run }) => sandbox.state(run)),
    stop: on(calls.stop, ({ run, graceMs, why }) => sandbox.stop(run, graceMs, why)),
    cpuMs: on(calls.cpuMs, ({ run }) => sandbox.cpuMs(run)),
    export: on(calls.export, ({ run, capBytes, ...work }) => sandbox.export(run, work, capBytes)),
    check: on(calls.check, ({ run, timeoutMs, ...work }) => sandbox.check(run, work, timeoutMs)),
    usage: on(calls.usage, ({ task }) => sandbox.usage(task)),
    traffic: on(calls.traffic, ({ task }) => sandbox.traffic(task)),
    blocked: on(calls.blocked, ({ task }) => sandbox.blocked(task)),
    room: on(calls.room, () => sandbox.room()),
    list: on(calls.list, () => sandbox.list()),
    remove: on(calls.remove, ({ task, workspace }) => sandbox.remove(task, { workspace })),
    reap: on(calls.reap, ({ alive, graceMs }) => reap({ alive: new Set(alive), graceMs, now: Date.now() })),
  };
  return new Map(Object.entries(handlers));
}

function isRecords(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** One JSON object a line; the last says whether that was all. */
async function stream(records: AsyncIterable<unknown>, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  response.flushHeaders();
  const write = async (line: unknown) => {
    if (response.write(`${JSON.stringify(line)}\n`) || response.destroyed) return;
    await Promise.race([once(response, 'drain'), once(response, 'close')]);
  };
  try {
    for await (const record of records) await write({ record });
    await write({ end: true });
  } catch (error) {
    await write({ problem: toWire(error) });
  }
  response.end();
}

const about = z.object({ task: taskIdSchema.optional(), run: runIdSchema.optional() });

/** Which task and run a call is about, for the log. */
function aboutOf(body: unknown): { task?: TaskId | undefined; run?: RunId | undefined } {
  const { task, run } = about.safeParse(body).data ?? {};
  return { task: task ?? (run === undefined ? undefined : taskOf(run)), run };
}

/** The parsed body; undefined when it is too long or no JSON. */
async function readJsonBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) return undefined;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    return undefined;
  }
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function refused(path: string): Problem {
  return new Problem({
    code: 'call_refused',
    sentence: `The sandbox broker was asked for ${path.slice(0, 50)} in a way that it does not allow.`,
    next: 'Worker and broker must be of the same version; else look into who can open the socket.',
  });
}

/** Removes the socket of a broker that died; throws when one still answers there. */
async function takeOver(socket: string): Promise<void> {
  const answered = await new Promise<boolean>((resolve) => {
    const probe = connect(socket);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
  if (answered) {
    throw new Problem({
      code: 'broker_twice',
      sentence: `Errand tried to start a sandbox broker at ${socket}, but one already answers there.`,
      next: 'Stop the other Errand, or give this one a data folder of its own.',
    });
  }
  await rm(socket, { force: true });
}
