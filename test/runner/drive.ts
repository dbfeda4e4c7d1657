import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { AgentCommand, Control, RunnerRecord, RunnerResult } from '../../sandbox/protocol.ts';

const run = promisify(execFile);
export const runnerFile = join(import.meta.dirname, '../../sandbox/runner.ts');
export const node = process.execPath;

/** A running runner: what it recorded so far, and a way to wait for more. */
export interface Driven {
  readonly child: ChildProcess;
  readonly records: readonly RunnerRecord[];
  send(control: Control | string): void;
  /** The first record, past or coming, that fits. Rejects when the runner ends without one. */
  until<Type extends RunnerRecord['type']>(
    type: Type,
    fits?: (record: Extract<RunnerRecord, { type: Type }>) => boolean,
  ): Promise<Extract<RunnerRecord, { type: Type }>>;
  /** The result, once the process has ended. */
  result(): Promise<RunnerResult>;
}

export function drive(child: ChildProcess): Driven {
  if (child.stdout === null || child.stdin === null) throw new Error('the runner needs pipes');
  const { stdin } = child;
  const records: RunnerRecord[] = [];
  const checks = new Set<() => void>();
  let errors = '';
  child.stderr?.on('data', (chunk) => {
    errors += String(chunk);
  });
  const lines = createInterface(child.stdout);
  lines.on('line', (line) => {
    records.push(JSON.parse(line));
    for (const check of checks) check();
  });
  const closed = once(lines, 'close');
  const until: Driven['until'] = async (type, fits = () => true) => {
    type Wanted = Extract<RunnerRecord, { type: typeof type }>;
    const is = (record: RunnerRecord): record is Wanted => record.type === type;
    const { promise, resolve, reject } = Promise.withResolvers<Wanted>();
    const check = () => {
      const found = records.filter(is).find(fits);
      if (found) resolve(found);
    };
    checks.add(check);
    check();
    void closed.then(() => reject(new Error(`no such ${type} among ${JSON.stringify(records)} ${errors}`)));
    return promise.finally(() => checks.delete(check));
  };
  return {
    child,
    records,
    send: (control) => stdin.write(`${typeof control === 'string' ? control : JSON.stringify(control)}\n`),
    until,
    result: async () => {
      const { result } = await until('result');
      if (child.exitCode === null) await once(child, 'exit');
      return result;
    },
  };
}

/** A folder for one test, with a workspace, a mirror and a task repository that borrows from it, as the worker makes them. */
export interface Ground extends AsyncDisposable {
  readonly folder: string;
  readonly workspace: string;
  readonly checkout: string;
  readonly gateway: string;
  /** The bare repository that a spec names, whose objects live in a mirror. */
  readonly from: string;
  readonly start: string;
  /** Where those objects are. */
  readonly mirror: string;
  /** Adds a commit to the mirror and returns its id. */
  commit(files: Readonly<Record<string, string>>): Promise<string>;
  spec(agent: AgentCommand, start?: string): Control;
  /** Starts the runner as a plain process of this host. */
  here(options?: { run?: string }): Driven;
}

export async function makeGround(
  files: Readonly<Record<string, string>> = { 'README.md': 'hello\n' },
): Promise<Ground> {
  const folder = await mkdtemp(join(tmpdir(), 'errand-ground-'));
  const work = join(folder, 'mirror');
  const from = join(folder, 'task.git');
  const workspace = join(folder, 'workspace');
  await mkdir(join(folder, 'gateway'));
  await mkdir(workspace);
  const git = (...args: string[]) =>
    run('git', ['-c', 'user.name=A', '-c', 'user.email=a@b.c', '-c', 'gc.auto=0', ...args], { cwd: folder });
  await git('init', '-q', '-b', 'main', work);
  const commit = async (changed: Readonly<Record<string, string>>) => {
    for (const [name, content] of Object.entries(changed)) {
      await mkdir(dirname(join(work, name)), { recursive: true });
      await writeFile(join(work, name), content);
    }
    await git('-C', work, 'add', '-A', '-f');
    await git('-C', work, 'commit', '-qm', 'Change');
    return (await git('-C', work, 'rev-parse', 'HEAD')).stdout.trim();
  };
  const start = await commit(files);
  await git('init', '-q', '--bare', from);
  await writeFile(join(from, 'objects/info/alternates'), `${join(work, '.git/objects')}\n`);
  const checkout = join(workspace, 'repo');
  const gateway = join(folder, 'gateway', 'gateway.sock');
  const children: ChildProcess[] = [];
  return {
    folder,
    workspace,
    checkout,
    gateway,
    from,
    mirror: work,
    start,
    commit,
    spec: (agent, at = start) => {
      const checkouts = [{ folder: 'repo', from, start: at, branch: 'errand/tabc123-x' }];
      return { type: 'spec', checkouts, cwd: 'repo', agent };
    },
    here: ({ run: id = 'tabc123-r1' } = {}) => {
      const paths = {
        workspace,
        home: join(workspace, 'home'),
        records: join(workspace, 'records'),
        files: join(workspace, 'files'),
        gateway,
        forwarder: { host: '127.0.0.1', port: 0 },
      };
      const child = spawn(node, [runnerFile, `--paths=${JSON.stringify(paths)}`], {
        env: { PATH: process.env.PATH, ERRAND_RUN: id, ...identity },
      });
      children.push(child);
      return drive(child);
    },
    [Symbol.asyncDispose]: async () => {
      for (const child of children) child.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What the run's result file holds. */
export async function resultFile(ground: Ground, id = 'tabc123-r1'): Promise<RunnerResult> {
  return JSON.parse(await readFile(join(ground.workspace, 'records', `${id}.result.json`), 'utf8'));
}

// The image brings an identity in /etc/gitconfig.
const identity = {
  GIT_AUTHOR_NAME: 'Agent',
  GIT_AUTHOR_EMAIL: 'agent@errand.invalid',
  GIT_COMMITTER_NAME: 'Agent',
  GIT_COMMITTER_EMAIL: 'agent@errand.invalid',
};

export const shell = (script: string): AgentCommand => ({ type: 'shell', script });
