import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import { project } from '../attacks/support.ts';
import { plugIn, setCable } from './network.ts';

const run = promisify(execFile);

type Env = Readonly<Record<string, string>>;
type Network = Awaited<ReturnType<typeof plugIn>>;

/** One machine with an engine and a worker, as far away from the others as namespaces can make it. */
export class Machine {
  readonly name: string;
  readonly folder: string;
  readonly docker: Docker;
  readonly #number: number;
  readonly #net: Network;
  readonly #env: Env;
  #power: ChildProcess | null = null;

  private constructor(number: number, folder: string, net: Network, env: Env) {
    this.name = `host-${number}`;
    this.folder = folder;
    this.docker = new Docker({ socketPath: join(folder, 'docker.sock'), host: '' });
    this.#number = number;
    this.#net = net;
    this.#env = env;
  }

  /** `env` is what its worker is told, besides where its own engine and data are. */
  static async make(number: number, root: string, env: Env): Promise<Machine> {
    const folder = join(root, `host-${number}`);
    await mkdir(folder, { mode: 0o755 });
    return new Machine(number, folder, await plugIn(number), env);
  }

  get env(): Env {
    return {
      ...this.#env,
      ERRAND_ROLE: 'worker',
      ERRAND_DATA_DIR: join(this.folder, 'data'),
      DOCKER_HOST: `unix://${join(this.folder, 'docker.sock')}`,
      PROJECT: project,
    };
  }

  /** Switches it on; its worker serves some time later. */
  on(): void {
    const apart = ['--pid', '--fork', '--kill-child', '--mount', '--mount-proc', '--uts'];
    const script = join(import.meta.dirname, 'machine.sh');
    const of = [this.name, this.folder, String(this.#number), this.#cgroup];
    const args = [`--net=/run/netns/${this.#net.namespace}`, 'unshare', ...apart, 'sh', script, ...of];
    // Whoever cuts this process off must not leave machines behind.
    this.#power = spawn('setpriv', ['--pdeathsig', 'KILL', 'nsenter', ...args], {
      env: this.env,
      stdio: 'ignore',
      cwd: '/',
    });
  }

  /** Cuts the power: nothing here ends in order. */
  async off(): Promise<void> {
    const power = this.#power;
    if (power === null || power.exitCode !== null || power.signalCode !== null) return;
    const ended = once(power, 'exit');
    power.kill('SIGKILL');
    await ended;
  }

  cut(): Promise<void> {
    return setCable(this.#net.cable, 'down');
  }

  join(): Promise<void> {
    return setCable(this.#net.cable, 'up');
  }

  /** Starts a second worker beside the first, on the same engine and in a data folder of its own; gives what it said when it ended. */
  async secondWorker(): Promise<string> {
    const init = await this.#init();
    const script =
      'cd "$PROJECT" && node_modules/.bin/node src/setup/prepare.ts start && exec node_modules/.bin/node src/main.ts';
    const args = ['--target', init, '--net', '--pid', '--mount', '--uts', 'sh', '-c', script];
    const env = { ...this.env, ERRAND_DATA_DIR: join(this.folder, 'second') };
    return run('nsenter', args, { env }).then(
      ({ stdout, stderr }) => stdout + stderr,
      (error: unknown) => {
        const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
        return stdout + stderr;
      },
    );
  }

  /** The first process in here, as it is known outside. */
  async #init(): Promise<string> {
    const pid = this.#power?.pid;
    return (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ')[0] ?? '';
  }

  /** Tasks that have a container here, by their containers' labels. */
  async contained(): Promise<string[]> {
    const containers = await this.docker.listContainers({ all: true });
    return containers.flatMap(({ Labels }) => Labels['errand.task'] ?? []);
  }

  async log(): Promise<string> {
    const logs = await readdir(join(this.folder, 'data/logs')).catch(() => []);
    const files = [join(this.folder, 'errand.log'), ...logs.map((name) => join(this.folder, 'data/logs', name))];
    return (await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')))).join('\n');
  }

  get #cgroup(): string {
    return `/errand-hosts-${process.pid}-${this.#number}`;
  }

  /** What an engine leaves in the kernel, however it ended. */
  async sweep(): Promise<void> {
    await this.off();
    const controllers = await readdir('/sys/fs/cgroup');
    await Promise.all(controllers.map((each) => removeGroups(join('/sys/fs/cgroup', each, this.#cgroup))));
  }
}

async function removeGroups(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await removeGroups(join(folder, entry.name));
  await rmdir(folder).catch(() => undefined);
}
