import { expect, test } from 'vitest';
import { writeTurns } from '../../src/service/write-turns.ts';
import { Problem } from '../../src/task/problem.ts';

test('a worker looks until it is its turn, at what GitHub counts together with it', async () => {
  const asked: string[] = [];
  const answers = [false, false, true];
  const turn = writeTurns({
    take: async (name) => {
      asked.push(name);
      return answers.shift() ?? true;
    },
  });
  await turn('acme');
  expect(asked).toEqual(['github_write:acme', 'github_write:acme', 'github_write:acme']);
});

test('a Redis that is away keeps nobody from writing; a defect is no such thing', async () => {
  const failing = (error: Error) => writeTurns({ take: () => Promise.reject(error) })('');
  await failing(new Problem({ code: 'redis_down', sentence: 'It is away.', next: 'Wait.' }, { retry: true }));
  await expect(failing(new Error('defect'))).rejects.toThrow('defect');
});
