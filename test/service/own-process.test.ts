import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { isGone, ownProcess } from '../../src/service/own-process.ts';

const own = ownProcess();

test('a process that lives is not gone, and one that has its number since is another', () => {
  if (own === undefined) throw new Error('/proc says nothing');
  expect(isGone(own)).toBe(false);
  expect(isGone({ ...own, startedAt: '1' })).toBe(true);
});

test('one that ended is gone, but only where its number means what it means here', async () => {
  if (own === undefined) throw new Error('/proc says nothing');
  const child = spawn('true');
  await once(child, 'close');
  const ended = { ...own, pid: child.pid ?? 0 };
  expect(isGone(ended)).toBe(true);
  expect(isGone({ ...ended, boot: 'another' })).toBe(false);
  expect(isGone({ ...ended, pids: 'pid:[1]' })).toBe(false);
});
