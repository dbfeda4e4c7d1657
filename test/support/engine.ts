import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, open, readdir, readFile, realpath, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import Dockerode from 'dockerode';
import { mountsBelow } from '../../src/setup/mounts.ts';

const run = promisify(execFile);

export interface TestEngine extends AsyncDisposable {
  /** As `DOCKER_HOST` has it. */
  readonly host: string;
  readonly docker: Dockerode;
  /** A Debian shell, `cat` and `sleep`, and nothing else: made in a second. */
  readonly image: string;
  readonly bridge: string;
  /** Ends the daemon; with SIGKILL as a crash would. Its files stay, and what `liveRestore` lets live. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Lets it hang: connections are taken and nothing answers. */
  freeze(): void;
  thaw(): void;
  /** Starts it again on the same files. */
  start(): Promise<void>;
}

/** A Docker engine of its own: own bridge, own files, own socket, no rule of any firewall touched. Needs root. */
export async function startEngine({ liveRestore }: { liveRestore: boolean }): Promise<TestEngine> {
  const folder = await realpath(await mkdtemp('/tmp/ee-'));
  const socket = join(folder, 'docker.sock');
  const host = `unix://${socket}`;
  const docker = new Dockerode({ socketPath: socket });
  const number = (process.pid % 200) + (liveRestore ? 0 : 1);
  const bridge = `errt${process.pid % 100_000}${liveRestore ? 'l' : 'd'}`;
  await run('ip', ['link', 'add', bridge, 'type', 'bridge']);
  await run('ip', ['address', 'add', `172.30.${number}.1/24`, 'dev', bridge]);
  let daemon: ChildProcess | undefined;

  async function start() {
    await using log = await open(join(folder, 'dockerd.log'), 'a');
    const places = ['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')];
    const quiet = ['--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false'];
    const args = ['--host', host, '--pidfile', join(folder, 'docker.pid'), ...places, '--bridge', bridge, ...quiet];
    await rm(join(folder, 'docker.pid'), { force: true });
    // It dies with its dockerd; where nobody buries it, the next one would wait for it for ever.
    await rm(join(folder, 'exec/containerd/containerd.pid'), { force: true });
    daemon = spawn('dockerd', [...args, `--live-restore=${liveRestore}`, '--log-level', 'warn'], {
      stdio: ['ignore', log.fd, log.fd],
    });
    const ended = once(daemon, 'exit').then(async () => {
      throw new Error(`dockerd ended: ${(await readFile(join(folder, 'dockerd.log'), 'utf8')).slice(-2_000)}`);
    });
    ended.catch(() => undefined);
    while (!(await Promise.race([docker.ping().then(Boolean, () => false), ended]))) await wait(50);
  }

  async function stop(signal: 'SIGTERM' | 'SIGKILL') {
    if (daemon === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const exited = once(daemon, 'exit');
    daemon.kill(signal);
    await exited;
  }

  await start();
  const image = await makeImage(docker, folder);
  return {
    ...{ host, docker, image, bridge, start, stop },
    freeze: () => void daemon?.kill('SIGSTOP'),
    thaw: () => void daemon?.kill('SIGCONT'),
    async [Symbol.asyncDispose]() {
      daemon?.kill('SIGCONT');
      for (const { Id } of await docker.listContainers({ all: true }).catch(() => [])) {
        await docker
          .getContainer(Id)
          .remove({ force: true })
          .catch(() => undefined);
      }
      await stop('SIGTERM');
      await endAllBelow(folder);
      for (const path of mountsBelow(folder)) await run('umount', ['-l', path]);
      await run('ip', ['link', 'delete', bridge]).catch(() => undefined);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Shims of containers outlive their engine, as they should. */
async function endAllBelow(folder: string): Promise<void> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (line.includes(folder)) process.kill(Number(pid), 'SIGKILL');
  }
}

/** What these programs and their libraries are on this machine, as an image. */
async function makeImage(docker: Dockerode, folder: string): Promise<string> {
  const root = join(folder, 'root');
  const programs = ['sh', 'cat', 'sleep', 'mkdir'];
  for (const name of programs) {
    const program = (await run('sh', ['-c', `command -v ${name}`])).stdout.trim();
    await put(root, program, `/bin/${name}`);
    const { stdout } = await run('ldd', [program]);
    for (const [library] of stdout.matchAll(/\/\S+(?= \()/g)) await put(root, library, library);
  }
  for (const name of ['tmp', 'proc', 'dev', 'sys', 'etc', 'workspace'])
    await mkdir(join(root, name), { recursive: true });
  await symlink('bin', join(root, 'sbin'));
  await run('tar', ['-C', root, '-cf', join(folder, 'root.tar'), '.']);
  await new Promise<void>((resolve, reject) => {
    docker.importImage(join(folder, 'root.tar'), { repo: 'errand-sandbox', tag: 'tiny' }, (error, stream) => {
      if (error || stream === undefined) return reject(error ?? new Error('no answer'));
      docker.modem.followProgress(stream, (failed) => (failed ? reject(failed) : resolve()));
    });
  });
  return 'errand-sandbox:tiny';
}

async function put(root: string, from: string, to: string): Promise<void> {
  await mkdir(dirname(join(root, to)), { recursive: true });
  await copyFile(await realpath(from), join(root, to));
}
