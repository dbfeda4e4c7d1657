import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { maxLineBytes } from '../../sandbox/protocol.ts';
import { followRecords } from '../../src/sandbox/records.ts';
import { run } from './example.ts';

let workspace: string;
let file: string;
const stopped = Promise.resolve();

beforeEach(async () => {
  workspace = await mkdtemp(join(tmpdir(), 'records-'));
  await mkdir(join(workspace, 'records'));
  file = join(workspace, 'records', `${run}.jsonl`);
});
afterEach(() => rm(workspace, { recursive: true, force: true }));

function follow(options: { after?: number; stopped?: Promise<unknown>; signal?: AbortSignal } = {}) {
  const { signal } = new AbortController();
  return followRecords({ workspace, run, after: 0, stopped, signal, ...options });
}
const line = (n: number, more: object = {}) => `${JSON.stringify({ n, ...more })}\n`;
const lines = (...numbers: number[]) => numbers.map((n) => line(n)).join('');
const read = (options?: Parameters<typeof follow>[0]) => Array.fromAsync(follow(options));

describe('what was written', () => {
  test('comes out in order, from behind the cursor', async () => {
    await writeFile(file, lines(1, 2, 3, 4));
    expect(await read({ after: 2 })).toEqual([{ n: 3 }, { n: 4 }]);
  });

  test('is dropped where it is no JSON object with a number of its own', async () => {
    await writeFile(file, `${line(1)}not json\n[1]\nnull\n{"n":"2"}\n{"n":1.5}\n\n${line(1)}${line(2)}{"n":3}`);
    expect(await read()).toEqual([{ n: 1 }, { n: 2 }]);
  });

  test('is dropped where a line is longer than a record may be, and the rest still comes', async () => {
    const long = line(2, { text: 'x'.repeat(maxLineBytes) });
    const justFits = line(3, { text: 'x'.repeat(maxLineBytes - 100) });
    await writeFile(file, line(1) + long + justFits + line(4));
    expect((await read()).map((record) => Reflect.get(Object(record), 'n'))).toEqual([1, 3, 4]);
  });

  test('may cut a character in two between reads', async () => {
    const text = 'ü'.repeat(20_000);
    await writeFile(file, line(1, { text }) + line(2, { text: `x${text}` }));
    expect(await read()).toEqual([
      { n: 1, text },
      { n: 2, text: `x${text}` },
    ]);
  });
});

describe('what is being written', () => {
  test('is yielded as it comes, until the container has stopped and all was read', async () => {
    const end = Promise.withResolvers<void>();
    const records = follow({ stopped: end.promise });
    const first = records.next();
    await writeFile(file, lines(1));
    expect((await first).value).toEqual({ n: 1 });
    const second = records.next();
    await appendFile(file, '{"n":');
    await appendFile(file, '2}\n');
    expect((await second).value).toEqual({ n: 2 });
    await appendFile(file, lines(3));
    end.resolve();
    expect((await records.next()).value).toEqual({ n: 3 });
    expect((await records.next()).done).toBe(true);
  });

  test('goes on being read when the agent moves another file in its place', async () => {
    const end = Promise.withResolvers<void>();
    const records = follow({ stopped: end.promise });
    await writeFile(file, lines(1));
    expect((await records.next()).value).toEqual({ n: 1 });
    await writeFile(`${file}.forged`, lines(2, 3));
    await rename(`${file}.forged`, file);
    end.resolve();
    expect((await records.next()).done).toBe(true);
  });

  test('is left at once when the reader is', async () => {
    const leave = new AbortController();
    const records = follow({ stopped: new Promise(() => {}), signal: leave.signal });
    const waiting = records.next();
    leave.abort();
    expect((await waiting).done).toBe(true);
  });
});

describe('a hostile workspace', () => {
  test('leads nowhere by a link in the place of the file', async () => {
    await writeFile(join(workspace, 'secret'), lines(1));
    await symlink(join(workspace, 'secret'), file);
    expect(await read()).toEqual([]);
  });

  test('leads nowhere by a link in the place of the directory', async () => {
    await rm(join(workspace, 'records'), { recursive: true });
    await mkdir(join(workspace, 'elsewhere'));
    await writeFile(join(workspace, 'elsewhere', `${run}.jsonl`), lines(1));
    await symlink(join(workspace, 'elsewhere'), join(workspace, 'records'));
    expect(await read()).toEqual([]);
  });

  test('does not hang the reader on a FIFO or a directory', async () => {
    execFileSync('mkfifo', [file]);
    expect(await read()).toEqual([]);
    await unlink(file);
    await mkdir(file);
    expect(await read()).toEqual([]);
  });

  test('without records ends with the container', async () => {
    expect(await read()).toEqual([]);
    await rm(join(workspace, 'records'), { recursive: true });
    expect(await read()).toEqual([]);
  });
});
