import { expect, test } from 'vitest';
import { readCiMark, withCiMark, withoutCiMark } from '../../src/task/ci-mark.ts';

const message = { body: 'Fix it\n\nErrand task t000001.', trailer: 'Co-authored-by: Robin <robin@localhost>' };

test('a marked message has the words and, last and after two empty lines, the trailer', () => {
  expect(withCiMark(message)).toBe(
    'Fix it\n\nErrand task t000001.\n\n[skip ci]\n\n\nCo-authored-by: Robin <robin@localhost>\nskip-checks: true\n',
  );
});

test.each([message, { ...message, trailer: null }])('what was marked is read back as it was: $trailer', (words) => {
  expect(readCiMark(withCiMark(words))).toEqual(words);
  expect(withoutCiMark(words)).not.toMatch(/skip/);
});

test.each([withoutCiMark(message), 'Fix it [skip ci]\n', 'Fix it\n\nskip-checks: true\n', ''])(
  'a message that Errand did not mark is not taken for one: %j',
  (text) => {
    expect(readCiMark(text)).toBeNull();
  },
);
