import { expect, test } from 'vitest';
import { together } from '../../src/git/together.ts';

test('a failure waits until the others have ended, and the first in order is thrown', async () => {
  const slow = Promise.withResolvers<never>();
  let told = false;
  const all = together(slow.promise, Promise.reject(new Error('sooner'))).finally(() => {
    told = true;
  });
  const thrown = expect(all).rejects.toThrow('first');
  await new Promise(setImmediate);
  expect(told).toBe(false);
  slow.reject(new Error('first'));
  await thrown;
});

test('what all of them give comes in their order', async () => {
  expect(await together(Promise.resolve(1), Promise.resolve('two'))).toEqual([1, 'two']);
});
