import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

// Never the waiting kind: the test's own servers are what set-up and program talk to.
const run = promisify(execFile);

const project = resolve(import.meta.dirname, '../..');

/** A running `main.ts` with everything that set-up put under it. Disposing ends both and keeps the data folder. */
export interface Program extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>;
  readonly process: ChildProcess;
  log(): Promise<string>;
}

/** What `npm start` does: set-up, then the program as one process, in an environment that holds nothing else. */
export async function startProgram(
  dataDir: string,
  variables: Readonly<Record<string, string | undefined>>,
  preloads: readonly string[] = [],
): Promise<Program> {
  const env = withoutUndefined({
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    ERRAND_DATA_DIR: dataDir,
    ...variables,
  });
  const log = () => logOf(dataDir);
  await run('sh', ['src/setup/prepare.sh', 'start'], { cwd: project, env });
  const child = spawn(process.execPath, [...preloads.flatMap((module) => ['--import', module]), 'src/main.ts'], {
    cwd: project,
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const output = createWriteStream(join(dataDir, 'errand.log'));
  child.stdout?.pipe(output, { end: false });
  child.stderr?.pipe(output, { end: false });
  const started = new Promise<void>((ready, failed) => {
    child.once('message', () => ready());
    child.once('exit', (code) => {
      log().then((text) => failed(new Error(`Errand ended with ${code} before it was ready:\n${text}`)), failed);
    });
  });
  const down = () => run(process.execPath, ['src/setup/down.ts'], { cwd: project, env });
  await started.catch(async (error: unknown) => {
    await down();
    throw error;
  });
  return {
    env,
    process: child,
    log,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((exited) => child.once('exit', exited));
      if (child.exitCode === null && child.kill('SIGTERM')) await ended;
      await down();
      output.end();
    },
  };
}

async function logOf(dataDir: string): Promise<string> {
  const logs = await readdir(join(dataDir, 'logs')).catch(() => []);
  const files = [join(dataDir, 'errand.log'), ...logs.map((name) => join(dataDir, 'logs', name))];
  const texts = await Promise.all(
    files.map(async (file) => `--- ${file}\n${await readFile(file, 'utf8').catch(() => '')}`),
  );
  return texts.join('\n');
}

function withoutUndefined(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
