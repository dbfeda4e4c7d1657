import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findGateway } from '../../src/sandbox/find-gateway.ts';

const own = process.getuid?.() ?? -1;
const directory = '/run/errand/g/t000000';
const started: ChildProcess[] = [];
let folder: string;
let entry: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'errand-gateway-'));
  chmodSync(folder, 0o755);
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

/** A program that is up, and stays until its stdin ends. */
async function run(args: readonly string[], { before = [], uid }: { before?: readonly string[]; uid?: number } = {}) {
  const [program = '', ...rest] = [...before, process.execPath, ...args];
  const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'], ...(uid !== undefined && { uid }) });
  started.push(child);
  await once(child.stdout, 'data');
  return child.pid;
}

const find = (uids = [own]) => findGateway({ entry, directory, uids });

test('a gateway is found by its program and the directory of its task', async () => {
  const pid = await run([entry, '--dir', directory, '--uid', '20000']);
  expect(await find()).toEqual([pid]);
});

test('whoever merely says the directory is none', async () => {
  await run([join(folder, 'other.js'), '--dir', directory]);
  await run([join(folder, 'other.js'), entry, '--dir', directory]);
  await run([entry, '--dir', `${directory}1`, '--dir', directory]);
  expect(await find()).toEqual([]);
});

test.runIf(own === 0)('what is in a sandbox is none, under whatever name', async () => {
  await run([entry, '--dir', directory], { before: ['unshare', '--pid', '--fork'] });
  expect(await find()).toEqual([]);
});

test.runIf(own === 0)('another user’s is none, and one of the task’s gateway user is', async () => {
  const pid = await run([entry, '--dir', directory], { uid: 12_345 });
  expect(await find()).toEqual([]);
  expect(await find([own, 12_345])).toEqual([pid]);
});
