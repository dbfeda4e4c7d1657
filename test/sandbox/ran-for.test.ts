import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ranForMs } from '../../src/sandbox/ran-for.ts';

const container = { id: 'c0ffee', pid: 42, startedAt: '2026-01-01T12:00:00Z' };
/** An hour after the start, by a wall clock that somebody set. */
const now = Date.parse('2026-01-01T13:00:00Z');
let proc: string;

beforeEach(async () => {
  proc = await mkdtemp(join(tmpdir(), 'proc-'));
});
afterEach(() => rm(proc, { recursive: true }));

async function seen(group: string, upSeconds = '960.50'): Promise<void> {
  await mkdir(join(proc, '42'));
  await writeFile(join(proc, '42/cgroup'), `0::/docker/${group}\n`);
  const before = Array.from({ length: 19 }, () => '0').join(' ');
  await writeFile(join(proc, '42/stat'), `42 (a ) name) ${before} 90000 0 0\n`);
  await writeFile(join(proc, 'uptime'), `${upSeconds} 1000.00\n`);
}

test('a container has run as long as its process, whatever became of the clock', async () => {
  await seen(container.id);
  expect(await ranForMs(container, { proc, now })).toBe(60_500);
});

test('of a process that is another’s here, the engine’s own word counts', async () => {
  await seen('another');
  expect(await ranForMs(container, { proc, now })).toBe(3_600_000);
});

test('where the count of the machine is virtual, the engine’s own word counts', async () => {
  await seen(container.id, '600.00');
  expect(await ranForMs(container, { proc, now })).toBe(3_600_000);
});

test('where that count makes this very process younger than it is, the engine’s own word counts', async () => {
  await seen(container.id);
  await mkdir(join(proc, 'self'));
  await writeFile(join(proc, 'self/stat'), `1 (node) ${Array.from({ length: 19 }, () => '0').join(' ')} 200000 0\n`);
  expect(await ranForMs(container, { proc, now })).toBe(3_600_000);
});

test('of a machine without such things, the engine’s own word counts', async () => {
  expect(await ranForMs(container, { proc, now })).toBe(3_600_000);
});

test('this very process has run a while, and not for ever', async () => {
  const own = { id: '/', pid: process.pid, startedAt: '2000-01-01T00:00:00Z' };
  const ranMs = await ranForMs(own);
  expect(ranMs).toBeGreaterThan(0);
  expect(ranMs).toBeLessThan(24 * 3_600_000);
});
