import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { GatewayPolicy } from '../../src/gateway/policy.ts';

export const canary = 'sk-canary-5f1d2c9e-never-seen-inside';
export const dummyKey = 'errand-dummy-key-of-this-task';

export interface GatewayProcess extends AsyncDisposable {
  readonly dir: string;
  readonly socket: string;
  readonly child: ChildProcess;
  /** Every line of its log so far. */
  readonly lines: readonly string[];
  /** Resolves with the first line, past or future, that contains this. */
  logged(text: string): Promise<string>;
  json(name: 'meter.json' | 'blocked.json'): Promise<Record<string, unknown> & readonly string[]>;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface Start {
  readonly policy?: Partial<GatewayPolicy>;
  /** Base URL of the scripted model server. */
  readonly modelUrl?: string;
  readonly providers?: Readonly<Record<string, object>>;
  readonly mcp?: Readonly<Record<string, object>>;
  readonly egress?: { proxy?: string; noProxy?: string };
  /** Goes on in the folder of a former process. */
  readonly dir?: string;
}

/** Starts the real program on a folder of its own, or of a former one's. */
export async function startGatewayProcess(start: Start = {}): Promise<GatewayProcess> {
  const dir = start.dir ?? join(await mkdtemp(join(tmpdir(), 'errand-gw-')), 'task');
  await mkdir(dir, { recursive: true });
  const policy = {
    providers: ['anthropic', 'openai'],
    allow: [],
    budgetUsd: null,
    budgetTokens: null,
    unpriced: 'dearest' as const,
    dummyKey,
    ...start.policy,
  };
  const baseUrl = start.modelUrl ?? 'http://127.0.0.1:9';
  const keys = {
    providers: {
      anthropic: { kind: 'anthropic', baseUrl, key: canary },
      openai: { kind: 'openai', baseUrl: `${baseUrl}/v1`, key: canary },
      ...start.providers,
    },
    ...(start.mcp && { mcp: start.mcp }),
    ...(start.egress && { egress: start.egress }),
  };
  const keysFile = join(dir, '..', 'keys.json');
  if (start.dir === undefined) await writeFile(join(dir, 'policy.json'), JSON.stringify(policy));
  await writeFile(keysFile, JSON.stringify(keys), { mode: 0o600 });
  const gateway = runGateway(dir, keysFile);
  await Promise.race([
    gateway.logged('"msg":"listening"'),
    once(gateway.child, 'exit').then(() => Promise.reject(new Error(`no gateway: ${gateway.lines.join('\n')}`))),
  ]);
  return gateway;
}

/** Runs the program with the policy of its folder and these keys, and waits for nothing. */
export function runGateway(dir: string, keysFile: string): GatewayProcess {
  const main = join(import.meta.dirname, '../../src/gateway/main.ts');
  const told = { dir, policy: readOrNull(join(dir, 'policy.json')), keys: readOrNull(keysFile) };
  const child = spawn(process.execPath, [main], {
    env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'errand-gw-compiled') },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(JSON.stringify(told));
  const exited = once(child, 'exit');
  const lines: string[] = [];
  const waiting = new Set<(line: string) => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    for (const take of waiting) take(line);
  });
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal);
    await exited;
    return child.exitCode;
  };
  return {
    dir,
    socket: join(dir, 's', 'gateway.sock'),
    child,
    lines,
    logged(text) {
      const { promise, resolve } = Promise.withResolvers<string>();
      const take = (line: string) => {
        if (!line.includes(text)) return;
        waiting.delete(take);
        resolve(line);
      };
      waiting.add(take);
      lines.forEach(take);
      return promise;
    },
    json: async (name) => JSON.parse(await readFile(join(dir, name), 'utf8')),
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      await rm(join(dir, '..'), { recursive: true, force: true });
    },
  };
}

function readOrNull(path: string): unknown {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** One request over a unix socket, as the forwarder in a sandbox passes it on. */
export async function ask(
  socketPath: string,
  method: string,
  path: string,
  options: { body?: unknown; headers?: Record<string, string>; key?: string | null } = {},
): Promise<Answer> {
  const key = options.key === undefined ? dummyKey : options.key;
  const body = typeof options.body === 'string' ? options.body : (JSON.stringify(options.body) ?? '');
  const outgoing = request({
    socketPath,
    method,
    path,
    agent: false,
    headers: {
      host: '127.0.0.1:3128',
      'content-type': 'application/json',
      ...(key === null ? {} : { 'x-api-key': key }),
      ...(body === '' ? {} : { 'content-length': `${Buffer.byteLength(body)}` }),
      ...options.headers,
    },
  });
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  outgoing.once('error', reject);
  outgoing.once('response', (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.once('error', reject);
    response.once('end', () => {
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() });
    });
  });
  outgoing.end(body);
  return promise;
}

/** Sends bytes as they are and gives back all that comes until the end. */
export async function raw(socketPath: string, bytes: string): Promise<string> {
  const socket = connect(socketPath);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => socket.destroy());
  socket.write(bytes, 'latin1');
  await new Promise((closed) => socket.once('close', closed));
  return Buffer.concat(chunks).toString('latin1');
}

/** Opens a tunnel; the socket is ready for TLS when the status is 200. */
export async function openTunnel(
  socketPath: string,
  authority: string,
): Promise<{ status: number; text: string; socket: Socket }> {
  const outgoing = request({ socketPath, method: 'CONNECT', path: authority, agent: false });
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string; socket: Socket }>();
  outgoing.once('error', reject);
  outgoing.once('connect', (response, socket, head) => {
    const status = response.statusCode ?? 0;
    if (status === 200) {
      resolve({ status, text: '', socket });
      return;
    }
    const chunks: Buffer[] = [head];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.once('end', () => resolve({ status, text: Buffer.concat(chunks).toString(), socket }));
    socket.once('close', () => resolve({ status, text: Buffer.concat(chunks).toString(), socket }));
  });
  outgoing.end();
  return promise;
}

export const message = { model: 'claude-opus-5-5', max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }] };
const tools = [{ name: 'Bash', input_schema: { type: 'object' } }];
/** A call of an agent, which uses up a turn of the script. */
export const agentMessage = { ...message, tools };
export const agentResponse = {
  model: 'gpt-6.1-sol',
  input: [{ role: 'user', content: 'Hi' }],
  tools: [{ type: 'function', name: 'shell', parameters: {} }],
};
