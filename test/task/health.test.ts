import { describe, expect, test } from 'vitest';
import { type HeardNote, type Trouble, troublesOf } from '../../src/task/health.ts';
import type { Host } from '../../src/task/hosts.ts';
import type { EngineId } from '../../src/task/ids.ts';

const now = 1_000_000_000;
const docker: Trouble = { code: 'docker_down', sentence: 'Docker does not answer.', since: now - 60_000 };

function note(more: Partial<HeardNote> = {}): HeardNote {
  return { process: 'worker', id: 'worker:1', host: 'one', troubles: [], at: now - 1_000, ...more };
}

function host(name: string, silentMs: number, more: Partial<Host> = {}): Host {
  const facts = { instance: name, ready: true, slots: 2, running: 0, beat: 7 };
  return { engine: name as EngineId, name, state: 'serving', silentMs, ...facts, ...more };
}

const one = host('one', 1_000);
const day = 24 * 3_600_000;

function wrong(hosts: readonly Host[], notes: readonly HeardNote[] = []): readonly Trouble[] {
  return troublesOf({ notes, now }, hosts);
}

describe('what is wrong with Errand', () => {
  test('is nothing while a worker is heard of and well', () => {
    expect(wrong([one], [note()])).toEqual([]);
  });

  test('is that no worker is up, where none was ever heard of', () => {
    expect(wrong([])).toMatchObject([{ code: 'no_worker', since: null }]);
  });

  test('is that no worker is up since the last one was heard of', () => {
    expect(wrong([host('one', 90_000), host('two', 50_000)])).toMatchObject([
      { code: 'no_worker', since: now - 50_000 },
    ]);
  });

  test('is that no worker is up while the only one is started anew', () => {
    expect(wrong([host('one', 2_000, { state: 'leaving' })])).toMatchObject([{ code: 'no_worker' }]);
  });

  test('is a machine that fell silent while others work', () => {
    expect(wrong([one, host('two', 50_000)])).toEqual([
      { code: 'host_lost', sentence: 'Nothing is heard of the worker on two.', since: now - 50_000 },
    ]);
  });

  test('is no machine whose worker said that it goes, nor one that was lost long ago', () => {
    expect(wrong([one, host('two', 50_000, { state: 'leaving' }), host('three', day)])).toEqual([]);
  });

  test('is what a process says of itself, without its machine where there is one alone', () => {
    expect(wrong([one], [note({ troubles: [docker] })])).toEqual([docker]);
  });

  test('names the machine where there are several', () => {
    expect(wrong([one, host('two', 1_000)], [note({ troubles: [docker] })])).toEqual([
      { ...docker, sentence: 'On one: Docker does not answer.' },
    ]);
  });

  test('is said once where several bots see the same, since the first of them did', () => {
    const slack = { code: 'slack', sentence: 'Slack does not answer.' };
    const bots = [10_000, 40_000].map((ago) =>
      note({ process: 'bot', id: `bot:${ago}`, troubles: [{ ...slack, since: now - ago }] }),
    );
    expect(wrong([one], bots)).toEqual([{ ...slack, since: now - 40_000 }]);
  });

  test('is no longer what a process said that has fallen silent', () => {
    expect(wrong([one], [note({ process: 'bot', id: 'bot:1', at: now - 50_000, troubles: [docker] })])).toEqual([]);
  });
});
