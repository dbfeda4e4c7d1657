import { expect, test } from 'vitest';
import { createMarkFinder, toSecretMarks } from '../../src/git/secret-marks.ts';

const secret = 'sk-house-aBcD1234efGH5678';
const finder = createMarkFinder(toSecretMarks([secret, 'short', 'other-secret-0123']));

test.each([
  ['as it is', secret],
  ['within other text', `x=${secret};`],
  ['in base64', Buffer.from(secret).toString('base64')],
  ['in base64 behind another byte', Buffer.from(`:${secret}:`).toString('base64')],
  ['in base64 behind two', Buffer.from(`a:${secret}`).toString('base64')],
  ['in hexadecimal', Buffer.from(secret).toString('hex')],
  ['at the end of a long line', `${'long '.repeat(10_000)}${secret}`],
])('a marked value is found %s', (_, text) => {
  expect(finder(text)).toBe(true);
});

test.each(['', 'short', secret.slice(1), secret.toUpperCase(), 'nothing of the kind'])('%j holds none', (text) => {
  expect(finder(text)).toBe(false);
});

test('the marks tell nobody the value', () => {
  const text = JSON.stringify(toSecretMarks([secret]));
  expect(text).not.toContain(secret.slice(0, 8));
  expect(text).not.toContain(Buffer.from(secret).toString('base64').slice(0, 10));
});

test('a line of a private key is enough, and what every key begins with is not', () => {
  const line = (letter: string) => letter.repeat(70);
  const key = ['-----BEGIN OPENSSH PRIVATE KEY-----', line('a'), line('b'), '-----END OPENSSH PRIVATE KEY-----'].join(
    '\n',
  );
  const found = createMarkFinder(toSecretMarks([key]));
  expect(found(line('b'))).toBe(true);
  expect(found(line('a'))).toBe(false);
});
