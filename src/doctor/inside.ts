/**
 * Runs in the probe's sandbox, under the settings of every run, and says a JSON line for each agent that it started. Only Node's own
 * modules are there. The argument is base64 of the agents to start, by name.
 */
import { spawn } from 'node:child_process';
import { env } from 'node:process';

interface AgentToStart {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const startMs = 20_000;
const say = (line: object) => console.log(JSON.stringify(line));

const agents: readonly AgentToStart[] = JSON.parse(Buffer.from(process.argv[2] ?? '', 'base64').toString('utf8'));
for (const agent of agents) say({ probe: 'agent', name: agent.name, ...(await startAgent(agent)) });
process.exit(0);

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
