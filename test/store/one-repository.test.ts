import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { render } from '../../src/slack/blocks/render.ts';
import { formatTask, parseEffect, parseTask } from '../../src/store/schema.ts';
import { wording } from '../slack/said.ts';
import { failure, pullStates, report, repository, sha } from '../task/example.ts';

/** Written by the last Errand that knew one repository a task: merging, ready, failed with kept work, waiting. */
const [merging = '', changed = '', failed = '', waiting = ''] = readFileSync(
  new URL('./one-repository.jsonl', import.meta.url),
  'utf8',
).split('\n');

describe('a task that was stored before tasks had several repositories', () => {
  it('has one part, with all that it had', () => {
    const { parts, taken, runs, epoch } = parseTask(merging);
    expect(parts).toHaveLength(1);
    expect(parts[0]).toMatchObject({
      repository,
      base: 'main',
      checkout: { start: sha('1'), checks: ['npm test'], repositories: ['/mirror'] },
      pull: pullStates.merging,
      results: [{ run: 1, head: sha('a'), by: 'run', report: { claim: report.claim } }],
    });
    expect({ taken, runs, epoch }).toEqual({ taken: 1, runs: 2, epoch: 2 });
  });

  it('names the repository of what its run made, and of what was kept', () => {
    expect(parseTask(changed).run).toMatchObject({
      outcome: { type: 'changed', changes: [{ repository, head: sha('a') }], missing: [] },
    });
    expect(parseTask(failed).run).toMatchObject({
      outcome: { type: 'failed', problem: failure, kept: [{ repository, head: sha('b') }] },
    });
    expect(parseTask(merging).run).toMatchObject({ outcome: { type: 'stopped', kept: [] } });
  });

  it('goes on waiting for its answer', () => {
    expect(parseTask(waiting)).toMatchObject({ run: { type: 'waiting' }, parts: [{ base: null, checkout: null }] });
  });

  it('is stored in its new shape from then on', () => {
    for (const old of [merging, changed, failed, waiting]) {
      const task = parseTask(old);
      expect(parseTask(formatTask(task))).toEqual(task);
    }
  });
});

const line = { id: 't000001', title: 'Fix it', repository, base: 'main', branch: 'errand/t000001', agent: 'claude' };
const task = { ...line, requester: 'U0ALICE' };

test.each([
  ['root', { type: 'root', task, status: { word: 'Merged', number: 7, by: 'U0BOB' }, spec: 'Fix it' }, 'Merged · #7'],
  [
    'result',
    { type: 'result', task, run: 1, number: 7, url: 'u', head: sha('a'), report, by: 'run', gate: { type: 'open' } },
    repository,
  ],
  ['merged', { type: 'merged', task, number: 7, commit: sha('c'), by: null }, `main of ${repository}`],
  [
    'ending',
    { type: 'ending', task, run: 1, outcome: { type: 'stopped', by: 'U0BOB', kept: sha('b') }, retryable: true },
    `at \`${sha('b').slice(0, 7)}\``,
  ],
  ['plan', { type: 'plan', task, run: 1, progress: { steps: [], activity: null }, state: 'running' }, 'Run 1'],
  [
    'list',
    { type: 'list', tasks: [{ task, status: { word: 'Ready for review', number: 7 }, message: null }] },
    'Ready for review · #7',
  ],
])('a message of its thread that was not yet delivered says the same: %s', (_, said, words) => {
  const effect = parseEffect(JSON.stringify({ type: 'message', channel: 'C0', thread: { type: 'own' }, said }));
  if (effect.type !== 'message') throw new Error('no message');
  expect(JSON.stringify(render(effect.said, wording))).toContain(words);
});

test.each([
  ['one repository', task],
  ['several', { ...task, repository: undefined, base: undefined, parts: [{ repository, base: 'main' }] }],
])('a result that was not yet delivered shows the paths to look at, of a task of %s', (_, of) => {
  const old = { ...report, sensitive: ['package.json'] };
  const more = { part: { repository, base: 'main' }, unchanged: [], gate: { type: 'open' } };
  const said = {
    ...{ type: 'result', task: of, run: 1, number: 7, url: 'u', head: sha('a'), report: old, by: 'run' },
    ...more,
  };
  const effect = parseEffect(JSON.stringify({ type: 'message', channel: 'C0', thread: { type: 'own' }, said }));
  if (effect.type !== 'message') throw new Error('no message');
  expect(render(effect.said, wording).text).toContain('Look at these first: `package.json`');
});
