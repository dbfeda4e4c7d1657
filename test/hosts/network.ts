import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { ip } from '../attacks/netns.ts';

const prefix = 'errand-hosts-';
/** The address of whatever the machines share. */
export const hub = '10.77.0.1';

/**
 * Runs a program in a network namespace of its own that has no way out, where the machines' cables end; removes it, and those of the
 * machines, after it. Resolves with its exit code.
 */
export async function runInHub(program: string, args: readonly string[]): Promise<number> {
  await sweep();
  const name = `${prefix}${process.pid}`;
  await ip('netns', 'add', name);
  try {
    const child = spawn('nsenter', [`--net=/run/netns/${name}`, process.execPath, program, ...args], {
      stdio: 'inherit',
    });
    // Ctrl-C reaches the child by itself; this process stays to clean up.
    process.on('SIGINT', () => undefined).on('SIGTERM', () => void child.kill('SIGTERM'));
    const [code] = await once(child, 'exit');
    return typeof code === 'number' ? code : 1;
  } finally {
    await remove(process.pid);
  }
}

/** Namespaces that a killed run left behind. */
async function sweep(): Promise<void> {
  const names = await readdir('/run/netns').catch(() => []);
  const pids = names.flatMap((name) => (name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : []));
  for (const pid of new Set(pids)) if (!alive(pid)) await remove(pid);
}

async function remove(pid: number): Promise<void> {
  const names = await readdir('/run/netns').catch(() => []);
  const ours = names.filter((name) => name === `${prefix}${pid}` || name.startsWith(`${prefix}${pid}-`));
  await Promise.all(ours.map((name) => ip('netns', 'del', name)));
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Makes the switch that all machines are plugged into; called from within the hub's namespace. */
export async function openSwitch(): Promise<void> {
  await ip('link', 'set', 'lo', 'up');
  await ip('link', 'add', 'switch', 'type', 'bridge');
  await ip('address', 'add', `${hub}/24`, 'dev', 'switch');
  await ip('link', 'set', 'switch', 'up');
}

/** A network for one machine, with one cable into the switch. */
export async function plugIn(number: number): Promise<{ namespace: string; cable: string }> {
  // The hub was made by the parent of this process, and is called after it.
  const namespace = `${prefix}${process.ppid}-${number}`;
  const cable = `machine${number}`;
  await ip('netns', 'add', namespace);
  await ip('link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
  await ip('link', 'set', cable, 'master', 'switch', 'up');
  await ip('-n', namespace, 'address', 'add', `10.77.0.${10 + number}/24`, 'dev', 'eth0');
  await ip('-n', namespace, 'link', 'set', 'eth0', 'up');
  return { namespace, cable };
}

/** Pulls a machine's cable, or plugs it back in. Whatever is under way on it hangs. */
export async function setCable(cable: string, state: 'up' | 'down'): Promise<void> {
  await ip('link', 'set', cable, state);
}

/** Offers a port of this namespace's loopback to the machines. */
export async function offer(port: number): Promise<AsyncDisposable> {
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
      one.pipe(other);
    }
  });
  await once(server.listen(port, hub), 'listening');
  return {
    async [Symbol.asyncDispose]() {
      server.close();
      server.unref();
    },
  };
}
