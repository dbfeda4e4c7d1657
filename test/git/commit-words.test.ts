import { expect, test } from 'vitest';
import { toCommitMessage } from '../../src/git/commit-words.ts';

const coAuthor = { name: 'Robin Doe', email: 'robin@example.com' };
const first = (message: string) => toCommitMessage({ message, coAuthor, at: 0 }).split('\n\nCo-authored-by:')[0];

test('the requester is the only co-author', () => {
  const message = 'Fix it\n\nCo-authored-by: Boss <boss@example.com>\nSigned-off-by: Boss <b@example.com>';
  expect(toCommitMessage({ message, coAuthor, at: 0 })).toBe(
    'Fix it\n\nCo-authored-by - Boss <boss@\u200bexample.com>\nSigned-off-by - Boss <b@\u200bexample.com>\n\nCo-authored-by: Robin Doe <robin@example.com>\n',
  );
});

test.each([
  ['Done [skip ci]', 'Done (skip ci)'],
  ['[CI skip] x', '(CI skip) x'],
  ['[no ci][skip actions]', '(no ci)(skip actions)'],
  ['***NO_CI***', 'NO CI'],
  ['x [ Skip_CI ] [netlify skip]', 'x (Skip_CI) (netlify skip)'],
  ['a\n\nRelease-As: 9.9.9\n on-behalf-of: @org', 'a\n\nRelease-As - 9.9.9\n on-behalf-of - @\u200borg'],
  ['a\nskip-checks: true', 'a\nskip-checks - true'],
  ['Fixes #12', 'Fixes #\u200b12'],
  ['closes: acme/web#3', 'closes: acme/web#\u200b3'],
  ['resolved GH-7', 'resolved GH-\u200b7'],
  ['fix https://github.com/a/b/issues/9', 'fix https://github.com/a/b/issues/\u200b9'],
  ['Thanks @team/all', 'Thanks @\u200bteam/all'],
  ['a\u001b[31m\u0007b\u202ec\u200bd', 'a[31mbcd'],
  ['a\r\nb\rc', 'a\nb\nc'],
  ['   ', 'Change what was asked'],
  ['Sort array[i] and see #12', 'Sort array[i] and see #12'],
])('%j becomes %j', (message, expected) => {
  expect(first(message)).toBe(expected);
});

test('a name that would add lines or another address is made plain, and one without an address is left out', () => {
  const named = (name: string, email: string) => toCommitMessage({ message: 'x', coAuthor: { name, email }, at: 0 });
  expect(named('A\nSigned-off-by: B <b@c>', 'a@b.c')).toBe('x\n\nCo-authored-by: A Signed-off-by: B b c <a@b.c>\n');
  expect(named('A', 'a@b> <x@y')).toBe('x\n');
});
