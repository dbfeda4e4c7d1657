import { expect, test } from 'vitest';
import { openGuard } from '../../src/sandbox/guard.ts';
import { Problem } from '../../src/task/problem.ts';

const passed = { uid: 20_001, runtime: 'runc', tookMs: 1, probeMs: 1 };

function makeGuard() {
  const lives: AbortController[] = [];
  const closing = new AbortController();
  let forgotten = 0;
  const engine = {
    events: async () => {
      const life = new AbortController();
      lives.push(life);
      return life.signal;
    },
    forget: () => {
      forgotten += 1;
    },
  };
  let tests = 0;
  let outcome: () => Promise<typeof passed> = async () => passed;
  const guard = openGuard(engine, closing.signal);
  return {
    pass: (image = 'one') =>
      guard.pass(image, () => {
        tests += 1;
        return outcome();
      }),
    failWith: (problem: Problem | null) => {
      outcome = async () => {
        if (problem !== null) throw problem;
        return passed;
      };
    },
    restart: () => lives.at(-1)?.abort(),
    close: () => closing.abort(),
    tests: () => tests,
    forgotten: () => forgotten,
  };
}

const problem = (code: string) => new Problem({ code, sentence: `It is ${code}.`, next: 'Wait.' });

test('one test serves all who ask, at once and later', async () => {
  const guard = makeGuard();
  await Promise.all([guard.pass(), guard.pass()]);
  await guard.pass();
  expect(guard.tests()).toBe(1);
});

test('each image has its own test', async () => {
  const guard = makeGuard();
  await guard.pass('one');
  await guard.pass('two');
  expect(guard.tests()).toBe(2);
});

test('an engine that was restarted is asked anew what it is, and tested again', async () => {
  const guard = makeGuard();
  await guard.pass();
  const before = guard.forgotten();
  guard.restart();
  await guard.pass();
  expect(guard.tests()).toBe(2);
  expect(guard.forgotten()).toBe(before + 1);
});

test('walls that did not hold stay a refusal for a while, without another container', async () => {
  const guard = makeGuard();
  guard.failWith(problem('sandbox_unsafe'));
  await expect(guard.pass()).rejects.toThrow('sandbox_unsafe');
  guard.failWith(null);
  await expect(guard.pass()).rejects.toThrow('sandbox_unsafe');
  expect(guard.tests()).toBe(1);
  guard.restart();
  await guard.pass();
});

test('an engine that did not answer says nothing of the walls', async () => {
  const guard = makeGuard();
  guard.failWith(problem('docker_down'));
  await expect(guard.pass()).rejects.toThrow('docker_down');
  guard.failWith(null);
  await expect(guard.pass()).resolves.toEqual(passed);
});

test('nothing passes once the broker lets go', async () => {
  const guard = makeGuard();
  guard.close();
  await expect(guard.pass()).rejects.toThrow();
  expect(guard.tests()).toBe(0);
});
