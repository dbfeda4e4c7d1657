import { execFile, spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { z } from 'zod';

const run = promisify(execFile);
const prefix = 'errand-attacks-';
const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

/** Runs `ip` with these words; rejects with what it said. */
export async function ip(...args: readonly string[]): Promise<string> {
  const { stdout } = await run('ip', [...args], { env });
  return stdout;
}

/**
 * Runs a Node program in a network namespace of its own that has no way out, and removes the namespace after it. Only the
 * network is another: mounts, processes and users are this machine's. Resolves with the program's exit code. Throws where
 * this process is not root.
 */
export async function runApart(program: string, args: readonly string[], onMessage?: (message: unknown) => void) {
  if (process.getuid?.() !== 0) {
    throw new Error(
      'The attacks run in a network namespace of their own, which only root can make. Start them as root: sudo npm run attacks',
    );
  }
  await sweep();
  const name = `${prefix}${process.pid}`;
  await ip('netns', 'add', name);
  const child = spawn('nsenter', [`--net=/run/netns/${name}`, process.execPath, program, ...args], {
    stdio: onMessage === undefined ? 'inherit' : ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  if (onMessage !== undefined) child.on('message', onMessage);
  // Ctrl-C reaches the child by itself; this process stays to clean up.
  const wait = () => undefined;
  const end = () => void child.kill('SIGTERM');
  process.on('SIGINT', wait).on('SIGTERM', end);
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
  }).finally(async () => {
    process.off('SIGINT', wait).off('SIGTERM', end);
    await ip('netns', 'del', name);
  });
  return { ended, end };
}

/** Namespaces that a killed run left behind. */
async function sweep(): Promise<void> {
  const names = await readdir('/run/netns').catch(() => []);
  const left = names.filter((name) => name.startsWith(prefix) && !alive(Number(name.slice(prefix.length))));
  await Promise.all(left.map((name) => ip('netns', 'del', name)));
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes every address there is one of this namespace's own: whatever a packet is sent to, it arrives at the canaries here.
 * A route to somewhere else, such as a container of the weak Errand, goes before this one.
 */
export async function ownAllAddresses(): Promise<void> {
  await ip('link', 'set', 'lo', 'up');
  await ip('route', 'replace', 'local', '0.0.0.0/0', 'dev', 'lo', 'table', 'main');
  await ip('-6', 'route', 'replace', 'local', '::/0', 'dev', 'lo', 'table', 'main');
}

/** Whether this process stands in a namespace where nothing can leave: its only way is `lo`. */
export async function isApart(): Promise<boolean> {
  const links = z.array(z.object({ ifname: z.string() })).parse(JSON.parse(await ip('-j', 'link')));
  return links.every(({ ifname }) => ifname === 'lo');
}
