/**
 * Runs as the only program of a probe's container, under the settings of every run, and says in one line of JSON what holds it. Only
 * Node's own modules are there. It judges nothing: an answer from inside counts only against what the outside expects.
 */
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, isIP } from 'node:net';
import { networkInterfaces, release } from 'node:os';

interface Question {
  readonly gateway: string;
  readonly workspace: string;
  /** Where a packet must not get to; nobody's, the cloud's metadata, the host's own. */
  readonly addresses: readonly string[];
  /** System calls by name: their number and arguments. */
  readonly calls: Readonly<Record<string, readonly number[]>>;
}

const question: Question = JSON.parse(process.argv[1] ?? '{}');
const answerMs = 500;
/** One question for the address of example.com, as RFC 1035 writes it. */
const nameQuery = Buffer.concat([
  Buffer.from('000101000001000000000000', 'hex'),
  Buffer.from('\x07example\x03com\0\0\x01\0\x01', 'latin1'),
]);

const status = lines('/proc/self/status');
const field = (name: string) => status.find((line) => line.startsWith(`${name}:`))?.split(/\s+/)[1] ?? null;
const resolvers = lines('/etc/resolv.conf').flatMap((line) => /^nameserver\s+(\S+)/.exec(line)?.[1] ?? []);
const [ways, names, gateway] = await Promise.all([
  Promise.all(question.addresses.flatMap((address) => [tryTcp(address), tryUdp(address)])),
  Promise.all([...resolvers, '127.0.0.11'].map(askName)),
  askGateway(),
]);
const found = {
  uid: process.getuid?.() ?? -1,
  gid: process.getgid?.() ?? -1,
  groups: process.getgroups?.() ?? [],
  capabilities: ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map((name) => field(name) ?? '0'),
  noNewPrivileges: field('NoNewPrivs'),
  seccomp: field('Seccomp'),
  kernel: release(),
  becameRoot: becomesRoot(),
  writable: ['/', '/etc', '/usr', '/opt', '/run', '/proc/sys/kernel', '/sys'].filter(writes),
  engineSockets: [
    ...['/var/run/docker.sock', '/run/docker.sock', '/run/containerd/containerd.sock', '/run/podman/podman.sock'],
    ...['/run/crio/crio.sock', '/run/buildkit/buildkitd.sock'],
  ].filter((path) => existsSync(path)),
  interfaces: Object.keys(networkInterfaces()).filter((name) => name !== 'lo'),
  routes: lines('/proc/net/route')
    .slice(1)
    .filter((line) => line.trim() !== '').length,
  reached: [...ways, ...names].filter((way) => way !== null),
  gateway,
  memoryBytes: number(['/sys/fs/cgroup/memory/memory.limit_in_bytes', '/sys/fs/cgroup/memory.max']),
  pids: number(['/sys/fs/cgroup/pids/pids.max', '/sys/fs/cgroup/pids.max']),
  workspaceBytes: sizeOf(question.workspace),
  calls: callsOf(question.calls),
};
console.log(JSON.stringify(found));
process.exit(0);

function lines(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return [];
  }
}

function number(paths: readonly string[]): number | null {
  const text = paths.flatMap((path) => lines(path)[0] ?? [])[0];
  if (text === undefined) return null;
  return text === 'max' ? -1 : Number(text);
}

function sizeOf(path: string): number | null {
  try {
    const { blocks, bsize } = statfsSync(path);
    return blocks * bsize;
  } catch {
    return null;
  }
}

function writes(directory: string): boolean {
  const path = `${directory}/errand-probe`;
  try {
    writeFileSync(path, '');
    rmSync(path);
    return true;
  } catch {
    return false;
  }
}

function becomesRoot(): boolean {
  try {
    process.setuid?.(0);
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}

/** Refused before a packet left, by a kernel that knows no way there. Silence would mean that one left. */
function isClosed(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  return ['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EACCES', 'EPERM'].includes(String(code));
}

function tryTcp(host: string): Promise<string | null> {
  return new Promise((answer) => {
    const socket = connect({ host, port: 443, timeout: answerMs });
    const end = (closed: boolean) => {
      socket.destroy();
      answer(closed ? null : `TCP to ${host}`);
    };
    socket.once('connect', () => end(false));
    socket.once('timeout', () => end(false));
    socket.once('error', (error) => end(isClosed(error)));
  });
}

function tryUdp(host: string): Promise<string | null> {
  return new Promise((answer) => {
    const socket = createSocket(isIP(host) === 6 ? 'udp6' : 'udp4');
    const end = (error: unknown) => {
      socket.close();
      answer(isClosed(error) ? null : `UDP to ${host}`);
    };
    socket.once('error', end);
    socket.send(Buffer.from('errand'), 123, host, (error) => end(error));
  });
}

/** A name server on this container's own loop is refused or silent; one elsewhere is out of reach like everything else. */
function askName(server: string): Promise<string | null> {
  return new Promise((answer) => {
    const socket = createSocket(isIP(server) === 6 ? 'udp6' : 'udp4');
    const end = (reached: boolean) => {
      clearTimeout(timer);
      socket.close();
      answer(reached ? `a name server at ${server}` : null);
    };
    const timer = setTimeout(() => end(!/^(127\.|::1$)/.test(server)), answerMs);
    socket.once('message', () => end(true));
    socket.once('error', () => end(false));
    // A connected socket hears of a refusal.
    socket.once('connect', () => socket.send(nameQuery));
    socket.connect(53, server);
  });
}

/** The status with which the gateway turns down a host that nobody allowed; null when no gateway answers. */
function askGateway(): Promise<number | null> {
  return new Promise((answer) => {
    const asked = request({ socketPath: question.gateway, method: 'CONNECT', path: 'example.com:443' });
    asked.setTimeout(5_000, () => asked.destroy());
    asked.once('connect', (response, socket) => {
      socket.destroy();
      answer(response.statusCode ?? null);
    });
    asked.once('response', (response) => {
      response.destroy();
      answer(response.statusCode ?? null);
    });
    asked.once('error', () => answer(null));
    asked.end();
  });
}

/** How each call ends: 0 when it was done, else its errno. Null where the image has no Perl to make them with. */
function callsOf(calls: Question['calls']): Readonly<Record<string, number>> | null {
  const program = `for (@ARGV) {
    my ($name, $call, @n) = split /,/;
    @n = map { int } @n, (0) x (6 - @n);
    print "$name ", (syscall(int $call, @n) < 0 ? $!+0 : 0), "\\n";
  }`;
  const args = Object.entries(calls).map(([name, numbers]) => [name, ...numbers].join(','));
  const { status: code, stdout } = spawnSync('perl', ['-e', program, ...args], { encoding: 'utf8', timeout: 5_000 });
  if (code !== 0) return null;
  return Object.fromEntries(
    stdout
      .trim()
      .split('\n')
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}
