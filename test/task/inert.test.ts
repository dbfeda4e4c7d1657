import { expect, test } from 'vitest';
import { inert } from '../../src/task/inert.ts';

test.each([
  ['Done [skip ci]', 'Done (skip ci)'],
  ['[ CI skip ] x', '(CI skip) x'],
  ['[skip actions][actions skip]', '(skip actions)(actions skip)'],
  ['a\nskip-checks: true', 'a\nskip-checks - true'],
  ['Fixes #12', 'Fixes #\u200b12'],
  ['closes: acme/web#3', 'closes: acme/web#\u200b3'],
  ['resolved GH-7', 'resolved GH-\u200b7'],
  ['fix https://github.example/a/b/issues/9', 'fix https://github.example/a/b/issues/\u200b9'],
  ['Thanks @team/all', 'Thanks @\u200bteam/all'],
  ['Sort array[i] and see #12', 'Sort array[i] and see #12'],
])('%j becomes %j', (text, expected) => {
  expect(inert(text)).toBe(expected);
});
