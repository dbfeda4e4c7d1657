import { expect, test } from 'vitest';
import type { RunnerRecord } from '../../sandbox/protocol.ts';
import { fold, nothingFolded, toProgress } from '../../src/app/fold.ts';
import { parseRecord } from '../../src/app/records.ts';
import { repository } from '../task/example.ts';

const at = 1;
const step = (title: string, status: 'pending' | 'complete' = 'pending') => ({ title, status, detail: null });
const foldAll = (records: readonly RunnerRecord[]) => records.reduce(fold, nothingFolded);

test('the last line of what the agent says is its activity', () => {
  const folded = foldAll([{ n: 1, at, type: 'output', text: 'compiling\n3 of 9   done\n' }]);
  expect(folded.activity).toBe('3 of 9 done');
});

test('a note of the set-up stands beside its step for good', () => {
  const folded = foldAll([
    { n: 1, at, type: 'note', text: 'No tools\nhere' },
    { n: 2, at, type: 'plan', steps: [step('Mend it')] },
  ]);
  const [first] = toProgress('done', folded, { checks: 0, setUps: null }).steps;
  expect(first).toEqual({ title: 'Prepare the sandbox', status: 'complete', detail: 'No tools here' });
});

test('a second result changes nothing', () => {
  const failed = { type: 'failed', code: 'cancelled', message: '' } as const;
  const finished = { type: 'finished', exitCode: 0, claim: 'All good', unread: [] } as const;
  const folded = foldAll([
    { n: 1, at, type: 'result', result: failed },
    { n: 2, at, type: 'result', result: finished },
  ]);
  expect(folded.result).toEqual(failed);
});

test('a long plan is shown around the step it is on, in eight steps at most', () => {
  const plan = Array.from({ length: 12 }, (_, index) => step(`Step ${index + 1}`, index < 6 ? 'complete' : 'pending'));
  const { steps } = toProgress('working', foldAll([{ n: 1, at, type: 'plan', steps: plan }]), {
    checks: 2,
    setUps: null,
  });
  expect(steps.map(({ title }) => title)).toEqual([
    'Prepare the sandbox',
    'Step 6',
    'Step 7',
    'Step 8',
    'Step 9',
    'Step 10',
    'Run 2 checks',
    'Open the pull request',
  ]);
});

test('a set-up has a step of its own, with the time it took and what was set back', () => {
  const before = toProgress('settingUp', nothingFolded, { checks: 0, setUps: undefined }).steps[1];
  expect(before).toEqual({ title: 'Set up', status: 'in_progress', detail: null });
  const setUps = [
    { repository, kind: 'setup', durationMs: 50_000, changed: ['package-lock.json'] },
    { repository, kind: 'maintenance', durationMs: 12_000, changed: [] },
  ] as const;
  const plan = Array.from({ length: 12 }, (_, index) => step(`Step ${index + 1}`));
  const folded = foldAll([{ n: 1, at, type: 'plan', steps: plan }]);
  const { steps } = toProgress('working', folded, { checks: 1, setUps });
  expect(steps[1]).toEqual({
    title: 'Set up',
    status: 'complete',
    detail: '1 min 2 s; what it changed in package-lock.json was set back',
  });
  expect(steps).toHaveLength(8);
});

test('every phase but the last has exactly one step of its own in progress', () => {
  for (const phase of ['preparing', 'working', 'keeping', 'checking', 'opening'] as const) {
    const { steps } = toProgress(phase, nothingFolded, { checks: 1, setUps: null });
    expect([phase, steps.filter(({ status }) => status === 'in_progress').length]).toEqual([phase, 1]);
  }
  expect(
    toProgress('done', nothingFolded, { checks: 1, setUps: null }).steps.every(({ status }) => status === 'complete'),
  ).toBe(true);
});

test('a record of another shape is no record', () => {
  expect(parseRecord({ n: 1, at, type: 'result', result: { type: 'merged' } })).toBeUndefined();
  expect(parseRecord({ n: 0, at, type: 'ready' })).toBeUndefined();
  expect(parseRecord('ready')).toBeUndefined();
});

test('a long text in a record is cut rather than believed', () => {
  const parsed = parseRecord({ n: 3, at, type: 'message', text: 'x'.repeat(20_000) });
  expect(parsed?.type === 'message' && parsed.text.length).toBe(16_000);
});

test('what looks like a secret is taken out of all that an agent says before anybody is told', () => {
  const key = ['AKIA', 'Q4ZT7XW2MPLK6RVD'].join('');
  const output = parseRecord({ n: 1, at, type: 'output', text: `${'x'.repeat(3_000)}\nSigned in with ${key}\n` });
  const plan = parseRecord({ n: 2, at, type: 'plan', steps: [step(`Use ${key}`)] });
  const result = { type: 'finished', exitCode: 0, claim: `It is ${key}.`, unread: [] };
  const ended = parseRecord({ n: 3, at, type: 'result', result });
  expect(JSON.stringify([output, plan, ended])).not.toContain(key);
  expect(output === undefined ? null : fold(nothingFolded, output).activity).toMatch(
    /^Signed in with \[.*taken out\]$/,
  );
});
