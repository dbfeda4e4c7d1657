import { describe, expect, test } from 'vitest';
import { type HeardNote, type Trouble, troublesOf } from '../../src/task/health.ts';

const now = 1_000_000;
const docker: Trouble = { code: 'docker_down', sentence: 'Docker does not answer.', since: now - 60_000 };

function note(more: Partial<HeardNote> = {}): HeardNote {
  return { process: 'worker', id: 'worker:1', host: 'one', troubles: [], at: now - 1_000, ...more };
}

const sentences = (notes: readonly HeardNote[]) => troublesOf(notes, now).map(({ sentence }) => sentence);

describe('what is wrong with Errand', () => {
  test('is nothing while a worker is heard of and well', () => {
    expect(troublesOf([note()], now)).toEqual([]);
  });

  test('is that no worker is up, where none was ever heard of', () => {
    expect(troublesOf([note({ process: 'bot' })], now)).toMatchObject([{ code: 'no_worker', since: null }]);
  });

  test('is that no worker is up since the last one was heard of', () => {
    const gone = [note({ at: now - 90_000 }), note({ id: 'worker:2', at: now - 50_000 })];
    expect(troublesOf(gone, now)).toMatchObject([{ code: 'no_worker', since: now - 50_000 }]);
  });

  test('is a machine that fell silent while others work', () => {
    const notes = [note(), note({ id: 'worker:2', host: 'two', at: now - 50_000 })];
    expect(troublesOf(notes, now)).toEqual([
      { code: 'host_lost', sentence: 'Nothing is heard of the worker on two.', since: now - 50_000 },
    ]);
  });

  test('is not a bot that is gone: who reads it got it from another', () => {
    expect(troublesOf([note(), note({ process: 'bot', id: 'bot:1', at: now - 50_000 })], now)).toEqual([]);
  });

  test('is what a process says of itself, without its machine where there is one alone', () => {
    expect(sentences([note({ troubles: [docker] })])).toEqual(['Docker does not answer.']);
  });

  test('names the machine where there are several', () => {
    const notes = [note({ troubles: [docker] }), note({ id: 'worker:2', host: 'two' })];
    expect(sentences(notes)).toEqual(['On one: Docker does not answer.']);
  });

  test('is said once where several bots see the same, since the first of them did', () => {
    const slack = { code: 'slack', sentence: 'Slack does not answer.' };
    const notes = [
      note(),
      note({ process: 'bot', id: 'bot:1', troubles: [{ ...slack, since: now - 10_000 }] }),
      note({ process: 'bot', id: 'bot:2', troubles: [{ ...slack, since: now - 40_000 }] }),
    ];
    expect(troublesOf(notes, now)).toEqual([{ ...slack, since: now - 40_000 }]);
  });

  test('is no longer what a process said that has fallen silent', () => {
    const notes = [note(), note({ process: 'bot', id: 'bot:1', at: now - 50_000, troubles: [docker] })];
    expect(troublesOf(notes, now)).toEqual([]);
  });
});
