/**
 * The main process of a set-up container: `node set-up.ts`. Reads one line of stdin, a `SetUpSpec`; checks out, and runs the script there
 * with the secrets in its environment and nowhere else. Stdout is what the script prints, stderr a `SetUpReport`. Exits with the
 * script's exit code, 70 where there was no script's.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { z } from 'zod';
import { excludeFile, excludeLine } from './excludes.ts';
import { inside, type SetUpReport } from './protocol.ts';

const run = promisify(execFile);
const ownFailure = 70;
const maxShown = 20;

const specSchema = z.strictObject({
  checkout: z.strictObject({ folder: z.string(), from: z.string(), start: z.string(), branch: z.string() }),
  script: z.string(),
  secrets: z.record(z.string(), z.string()),
});

export async function setUp(): Promise<number> {
  try {
    const spec = specSchema.parse(JSON.parse(await firstLine()));
    const [{ startForwarder }, { checkOut }, { toChildEnv }] = await Promise.all([
      import('./forwarder.ts'),
      import('./checkout.ts'),
      import('./child-env.ts'),
    ]);
    await using forwarder = await startForwarder({
      listen: inside.forwarder,
      gateway: inside.gateway,
      answered: () => {},
    });
    const proxy = `http://${inside.forwarder.host}:${forwarder.port}`;
    await mkdir(inside.home, { recursive: true });
    const signal = new AbortController().signal;
    await checkOut(spec.checkout, { workspace: inside.workspace, signal });
    const cwd = join(inside.workspace, spec.checkout.folder);
    const env = { ...toChildEnv(inside.home, proxy), ...spec.secrets };
    const exitCode = await runScript(spec.script, { cwd, env });
    report({ type: 'ran', changed: exitCode === 0 ? await settle(spec.checkout.folder, cwd) : [] });
    return exitCode;
  } catch (error) {
    report({ type: 'failed', message: error instanceof Error ? error.message.slice(0, 500) : 'It failed.' });
    return ownFailure;
  }
}

async function firstLine(): Promise<string> {
  for await (const line of createInterface({ input: process.stdin })) return line;
  throw new Error('Nothing was heard on stdin.');
}

/** Resolves with the exit code once its output was handed on. */
async function runScript(
  script: string,
  { cwd, env }: { cwd: string; env: Readonly<Record<string, string>> },
): Promise<number> {
  const { startChild } = await import('./children.ts');
  const child = await startChild(['sh', '-c', script], { cwd, env });
  child.stdin.end();
  child.stdout.pipe(process.stdout, { end: false });
  child.stderr.pipe(process.stdout, { end: false });
  const closed = once(child, 'close');
  const [code] = await once(child, 'exit');
  // What it left running keeps its pipes open, and ends with the container.
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 500).unref())]);
  return typeof code === 'number' ? code : 128;
}

/** New files that git would see are no work of an agent's: they are noted as such. Returns the tracked files that changed. */
async function settle(folder: string, cwd: string): Promise<readonly string[]> {
  const file = excludeFile(inside.workspace, folder);
  const added = await list(cwd, 'ls-files', '--others', '--exclude-standard', '--directory', '-z');
  if (added.length > 0) {
    await mkdir(join(file, '..'), { recursive: true });
    await appendFile(file, added.map(excludeLine).join(''));
  }
  return (await list(cwd, 'diff', '--name-only', '-z', 'HEAD')).slice(0, maxShown);
}

async function list(cwd: string, ...args: string[]): Promise<readonly string[]> {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' };
  const { stdout } = await run('git', args, { cwd, env, maxBuffer: 64 * 1024 * 1024 });
  return stdout.split('\0').filter((path) => path !== '');
}

function report(value: SetUpReport): void {
  process.stderr.write(`${JSON.stringify(value)}\n`);
}

if (import.meta.main) process.exit(await setUp());
