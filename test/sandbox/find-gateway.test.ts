import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findGateway } from '../../src/sandbox/find-gateway.ts';

const own = process.getuid?.() ?? -1;
const started: ChildProcess[] = [];
let folder: string;
let directory: string;
let entry: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'errand-gateway-')));
  chmodSync(folder, 0o755);
  directory = join(folder, 't000000');
  for (const path of [directory, `${directory}1`]) mkdirSync(path);
  entry = join(folder, 'main.js');
  for (const name of ['main.js', 'other.js']) {
    writeFileSync(join(folder, name), "process.stdin.on('end', () => process.exit()).resume(); console.log('up');");
  }
});
afterEach(async () => {
  const gone = started.splice(0).map(async (child) => {
    const exit = once(child, 'exit');
    child.stdin?.end();
    await exit;
  });
  await Promise.all(gone);
  rmSync(folder, { recursive: true });
});

interface Start {
  readonly before?: readonly string[];
  readonly uid?: number;
  readonly cwd?: string;
}

/** A program that is up, and stays until its stdin ends. */
async function run(args: readonly string[], { before = [], cwd = directory, ...as }: Start = {}) {
  const [program = '', ...rest] = [...before, process.execPath, ...args];
  const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'], cwd, ...as });
  started.push(child);
  await once(child.stdout, 'data');
  return child.pid;
}

const find = (uids = [own], at = directory) => findGateway({ entry, directory: at, uids });

test('a gateway is found by its program and the directory of its task', async () => {
  const pid = await run([entry]);
  expect(await find()).toEqual([pid]);
  symlinkSync(directory, `${directory}-link`);
  expect(await find([own], `${directory}-link`)).toEqual([pid]);
});

test('another program there is none, and neither is one that is ready for another task', async () => {
  await run([join(folder, 'other.js')]);
  await run([join(folder, 'other.js'), entry]);
  await run([entry], { cwd: `${directory}1` });
  await run([entry], { cwd: folder });
  expect(await find()).toEqual([]);
});

test.runIf(own === 0)('what is in a sandbox is none, under whatever name', async () => {
  await run([entry], { before: ['unshare', '--pid', '--fork'] });
  expect(await find()).toEqual([]);
});

test.runIf(own === 0)('another user’s is none, and one of the task’s gateway user is', async () => {
  const pid = await run([entry], { uid: 12_345 });
  expect(await find()).toEqual([]);
  expect(await find([own, 12_345])).toEqual([pid]);
});
