import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createRepositories, type RepositoriesOptions } from '../../src/git/repositories.ts';
import { type LocalForge, startLocalForge } from '../../src/local/forge/start.ts';
import { parseBranchName, parseRepositoryName, parseRunId, parseSha, parseTaskId } from '../../src/task/ids.ts';
import type { Prepared, Repositories } from '../../src/task/ports/repositories.ts';

const run = promisify(execFile);

export const token = 'local-token-0123456789';

export function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('A fixture names something that can not be');
  return value;
}

export const web = required(parseRepositoryName('acme/web'));
export const main = required(parseBranchName('main'));
export const branchOf = (name: string) => required(parseBranchName(name));
export const taskOf = (name: string) => required(parseTaskId(name));
export const runOf = (name: string) => required(parseRunId(name));
export const shaOf = (text: string | undefined) => required(parseSha(text ?? ''));
export const task = taskOf('taaaaaa');
export const branch = branchOf('errand/taaaaaa-fix-words');
export const firstRun = runOf('taaaaaa-r1');

export interface Bench extends AsyncDisposable {
  readonly dir: string;
  readonly forge: LocalForge;
  readonly repositories: Repositories;
  readonly other: (options: Partial<RepositoriesOptions>) => Repositories;
}

/** A forge and our git against it, in a folder that goes away. */
export async function startBench(): Promise<Bench> {
  const dir = await mkdtemp(join(tmpdir(), 'errand-git-'));
  const forge = await startLocalForge({ port: 0, dataDir: join(dir, 'forge'), token });
  const options: RepositoriesOptions = {
    mirrorsDir: join(dir, 'mirrors'),
    tasksDir: join(dir, 'tasks'),
    githubUrl: forge.url,
    credentials: async () => ({ username: 'x-access-token', token }),
    committer: async () => ({ name: 'errand[bot]', email: 'errand@localhost' }),
  };
  return {
    dir,
    forge,
    repositories: createRepositories(options),
    other: (changed) => createRepositories({ ...options, ...changed }),
    async [Symbol.asyncDispose]() {
      await forge.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export const prepareOrder = {
  task,
  part: 0,
  repository: web,
  base: main,
  branch,
  signal: new AbortController().signal,
};

export const words = {
  message: 'Fix words',
  coAuthor: { name: 'Robin Doe', email: 'robin@example.com' },
  at: 1_767_225_600_000,
};

/** What stands in for the sandbox: a checkout with alternates, where a script does as an agent would. */
export class Agent {
  readonly dir: string;
  readonly prepared: Prepared;

  constructor(dir: string, prepared: Prepared) {
    this.dir = dir;
    this.prepared = prepared;
  }

  static async start(bench: Bench, prepared: Prepared, name = 'checkout'): Promise<Agent> {
    const agent = new Agent(join(bench.dir, name), prepared);
    await run('git', ['init', '--quiet', '--initial-branch=work', agent.dir]);
    const from = required(prepared.repositories.at(-1));
    await writeFile(join(agent.dir, '.git/objects/info/alternates'), `${from}/objects\n`);
    await agent.sh(`git reset --quiet --hard ${prepared.start}`);
    return agent;
  }

  /** Runs a script in the checkout; its trimmed output. */
  async sh(script: string): Promise<string> {
    const identity = {
      GIT_AUTHOR_NAME: 'Mallory',
      GIT_AUTHOR_EMAIL: 'm@evil',
      GIT_COMMITTER_NAME: 'M',
      GIT_COMMITTER_EMAIL: 'm',
    };
    const env = { PATH: '/usr/bin:/bin', GIT_CONFIG_GLOBAL: '/dev/null', HOME: this.dir, ...identity };
    const { stdout } = await run('sh', ['-ec', script], { cwd: this.dir, env, maxBuffer: 64 * 1024 * 1024 });
    return stdout.trim();
  }

  async bundle(refs = `HEAD ^${this.prepared.start}`): Promise<string> {
    const path = `${this.dir}.bundle`;
    await this.sh(`git bundle create --quiet ${path} ${refs}`);
    return path;
  }

  /** A bundle with a header of our own making over the pack of these revisions. */
  async forge(header: string, revisions: string): Promise<string> {
    const path = `${this.dir}.bundle`;
    await this.sh(
      `{ printf '%s\\n\\n' "$(cat)" ; printf '%b' '${revisions}' | git pack-objects --revs --stdout -q; } > ${path} <<'END'\n${header}\nEND`,
    );
    return path;
  }
}
