import { expect, test } from 'vitest';
import type { RunnerResult } from '../../sandbox/protocol.ts';
import { judge } from '../../src/app/judge.ts';
import type { ContainerState } from '../../src/task/ports/sandbox.ts';

const limits = { limits: { memoryBytes: 4 * 2 ** 30, workspaceBytes: 8 * 2 ** 30 }, quietMs: 15 * 60_000 };
const finished = (exitCode: number): RunnerResult => ({ type: 'finished', exitCode, claim: 'Done', unread: [] });
const exited = (state: Partial<Extract<ContainerState, { type: 'exited' }>> = {}): ContainerState => ({
  type: 'exited',
  code: 0,
  outOfMemory: false,
  timedOut: false,
  ...state,
});

test('an agent that ended in good order has not failed', () => {
  expect(judge(exited(), finished(0), 30, limits)).toBeNull();
});

test('a workspace that grew too large ended the run, whatever the agent said', () => {
  const found = judge(exited({ code: 137, outOfDisk: true }), finished(0), 30, limits);
  expect(found).toMatchObject({ code: 'out_of_disk', sentence: expect.stringContaining('8 GiB of disk') });
});

test('a run that was ended for its time has failed, whatever it said before', () => {
  expect(judge(exited({ timedOut: true }), finished(0), 30, limits)).toMatchObject({ code: 'timed_out' });
});

test('a script that exits with an error has failed with that number', () => {
  expect(judge(exited(), finished(3), 30, limits)?.sentence).toBe('The script ended with exit code 3.');
});

test('a container without a result that ran out of memory is told so', () => {
  expect(judge(exited({ code: 137, outOfMemory: true }), null, 30, limits)?.sentence).toContain('4 GiB');
});

test('a container that was killed from outside is the machine’s fault and comes again', () => {
  expect(() => judge(exited({ code: 137 }), null, 30, limits)).toThrow(expect.objectContaining({ retry: true }));
  expect(() => judge({ type: 'absent' }, null, 30, limits)).toThrow(expect.objectContaining({ retry: true }));
});

test('every way in which an agent fails has a sentence and a next step', () => {
  for (const code of [
    'checkout',
    'agent_start',
    'agent_auth',
    'model_down',
    'budget',
    'agent_error',
    'cancelled',
  ] as const) {
    const failure = judge(exited(), { type: 'failed', code, message: '' }, 30, limits);
    expect(failure).toMatchObject({ code, sentence: expect.stringMatching(/\.$/), next: expect.stringMatching(/\.$/) });
  }
});

test('a run in which nothing moved failed of that, unless the agent was done just then', () => {
  const stalled = exited({ code: 143, stalled: true });
  const cancelled: RunnerResult = { type: 'failed', code: 'cancelled', message: '' };
  for (const result of [null, cancelled]) {
    expect(judge(stalled, result, 30, limits)).toMatchObject({
      code: 'no_progress',
      sentence: expect.stringContaining('15 min'),
    });
  }
  expect(judge(stalled, finished(0), 30, limits)).toBeNull();
});
