/**
 * Runs in the probe's sandbox, under the settings of every run, and says a JSON line for each thing it looked at. Only Node's own
 * modules are there. The argument is base64 of the agents to start, by name.
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { env } from 'node:process';

interface AgentToStart {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const startMs = 20_000;
const say = (line: object) => console.log(JSON.stringify(line));

const status = readFileSync('/proc/self/status', 'utf8');
const statusOf = (field: string) => new RegExp(`^${field}:\\s*(\\S+)`, 'm').exec(status)?.[1] ?? '';
say({
  probe: 'walls',
  uid: process.getuid?.() ?? -1,
  capabilities: statusOf('CapEff'),
  noNewPrivileges: statusOf('NoNewPrivs') === '1',
  seccomp: statusOf('Seccomp') === '2',
  writableRoot: writes('/errand-probe'),
  interfaces: Object.keys(networkInterfaces()).filter((name) => name !== 'lo'),
  outside: await reachesOutside(),
  gateway: await askGateway(),
});
const agents: readonly AgentToStart[] = JSON.parse(Buffer.from(process.argv[2] ?? '', 'base64').toString('utf8'));
for (const agent of agents) say({ probe: 'agent', name: agent.name, ...(await startAgent(agent)) });
process.exit(0);

function writes(path: string): boolean {
  try {
    writeFileSync(path, '');
    return true;
  } catch {
    return false;
  }
}

/** Tries an address that belongs to nobody: without a network the kernel says so at once. */
function reachesOutside(): Promise<boolean> {
  return new Promise((answer) => {
    const socket = connect({ host: '192.0.2.1', port: 443, timeout: 1_000 });
    const end = (reached: boolean) => {
      socket.destroy();
      answer(reached);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(true));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code === 'ECONNREFUSED'));
  });
}

/** The status with which the gateway turns down a host that nobody allowed; null when no gateway answers. */
function askGateway(): Promise<number | null> {
  return new Promise((answer) => {
    const proxy = new URL(env.HTTPS_PROXY ?? 'http://127.0.0.1:1');
    const asked = request({ host: proxy.hostname, port: proxy.port, method: 'CONNECT', path: 'example.com:443' });
    asked.setTimeout(5_000, () => asked.destroy());
    asked.once('connect', (response, socket) => {
      socket.destroy();
      answer(response.statusCode ?? null);
    });
    asked.once('response', (response) => answer(response.statusCode ?? null));
    asked.once('error', () => answer(null));
    asked.end();
  });
}

/** Starts an agent and shakes hands as the runner would, without opening a session. */
function startAgent(agent: AgentToStart): Promise<{ answer: unknown; error: string | null }> {
  return new Promise((done) => {
    const [file = '', ...args] = agent.command;
    const child = spawn(file, args, { env: { ...env, ...agent.env }, stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    let complained = '';
    const end = (answer: unknown, error: string | null) => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      done({ answer, error: error === null ? null : `${error} ${complained.trim().slice(-300)}`.trim() });
    };
    const timer = setTimeout(() => end(null, `It said nothing within ${startMs / 1_000} s.`), startMs);
    child.once('error', (error) => end(null, `It can't be started: ${error.message}.`));
    child.once('exit', (code, signal) => end(null, `It ended with ${code ?? signal}.`));
    child.stdin.on('error', () => undefined);
    child.stderr.on('data', (chunk: Buffer) => (complained += chunk.toString('utf8')));
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
      for (const line of said.split('\n').slice(0, -1)) {
        if (!line.startsWith('{')) continue;
        const { id, result, error } = JSON.parse(line);
        if (id === 0) end(result ?? null, error === undefined ? null : JSON.stringify(error));
      }
    });
    const capabilities = { fs: { readTextFile: false, writeTextFile: false } };
    const hello = { protocolVersion: 1, clientCapabilities: capabilities };
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params: hello })}\n`);
  });
}
