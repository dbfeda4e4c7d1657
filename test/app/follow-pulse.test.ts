import { once } from 'node:events';
import { expect, test, vi } from 'vitest';
import { attendRun } from '../../src/app/attend-run.ts';
import type { ContainerState } from '../../src/task/ports/sandbox.ts';
import { question, runId } from '../task/example.ts';
import { World } from './world.ts';

/** A run whose container says nothing until it is stopped, and what it was stopped for. */
async function silent() {
  const world = new World();
  world.quietMs = 20;
  const task = await world.running();
  const stopped = new AbortController();
  let state: ContainerState = { type: 'running' };
  const why: unknown[] = [];
  let looks = 0;
  world.sandbox.state = async () => state;
  world.sandbox.cpuMs = async () => {
    looks += 1;
    return 5;
  };
  world.sandbox.records = async function* (_run, _after, signal) {
    yield { n: 1, at: 1, type: 'ready' };
    if (!signal.aborted) await once(AbortSignal.any([stopped.signal, signal]), 'abort');
  };
  world.sandbox.stop = async (_run, _graceMs, reason) => {
    why.push(reason);
    state = { type: 'exited', code: 143, outOfMemory: false, timedOut: false, stalled: reason === 'stalled' };
    stopped.abort();
  };
  return { world, task, why, looks: () => looks };
}

test('a run in which nothing moves is ended, told so, and what it did is kept', async () => {
  const { world, task, why } = await silent();
  await attendRun(world.worker, task, new AbortController().signal);
  expect(why).toEqual(['stalled']);
  expect(world.look(task).run).toMatchObject({
    type: 'idle',
    outcome: { type: 'failed', problem: { code: 'no_progress' }, kept: [expect.anything()] },
  });
});

type Silent = Awaited<ReturnType<typeof silent>>;

test.each<[string, (silent: Silent) => void]>([
  [
    'works without a word',
    ({ world }) => {
      let cpuMs = 0;
      const cpu = world.sandbox.cpuMs;
      world.sandbox.cpuMs = async (run) => {
        await cpu(run);
        cpuMs += 1_000;
        return cpuMs;
      };
    },
  ],
  [
    'waits for a model that still answers',
    ({ world }) => {
      let outputTokens = 0;
      world.sandbox.usage = async () => {
        outputTokens += 1;
        return { meter: 'one', inputTokens: 0, outputTokens, usd: null, usdAtMost: 0 };
      };
    },
  ],
  [
    'waits for a person',
    ({ world, task }) => {
      const open = { ...question, expiresAt: world.now + 1_000 };
      void world.store.apply(task.id, { type: 'question_asked', run: runId(1), question: open, at: 1 });
    },
  ],
  [
    'can not be looked at',
    ({ world }) => {
      const cpu = world.sandbox.cpuMs;
      world.sandbox.cpuMs = async (run) => {
        await cpu(run);
        throw new Error('the engine is away');
      };
    },
  ],
  [
    'is watched by nobody',
    ({ world }) => {
      const cpu = world.sandbox.cpuMs;
      world.sandbox.cpuMs = async (run) => {
        await cpu(run);
        return null;
      };
    },
  ],
])('a run that %s goes on', async (_, prepare) => {
  const one = await silent();
  prepare(one);
  const leave = new AbortController();
  const attending = attendRun(one.world.worker, one.task, leave.signal);
  await vi.waitFor(() => expect(one.looks()).toBeGreaterThan(25));
  expect(one.why).toEqual([]);
  leave.abort();
  await attending;
});
