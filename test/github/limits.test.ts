import { RequestError } from 'octokit';
import { expect, test } from 'vitest';
import { createHolds, limitedUntil } from '../../src/github/limits.ts';
import { toProblem } from '../../src/github/problems.ts';
import { Problem } from '../../src/task/problem.ts';

const now = Date.parse('2026-05-01T10:00:00Z');
const hour = 3_600_000;
const seconds = (at: number) => String(at / 1_000);

function limit(headers: Record<string, string> = {}, message = 'You have exceeded a secondary rate limit.', at = now) {
  const response = { status: 403, url: '', headers, data: { message } };
  const request = { method: 'GET' as const, url: 'https://api.github.com/', headers: {} };
  const problem = toProblem('Asking', new RequestError(message, 403, { response, request }), at);
  if (problem instanceof Problem) return problem;
  throw new Error('no Problem');
}

test.each([
  ['seconds', { 'retry-after': '30' }, now + 30_000],
  ['the end of the hour', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': seconds(now + 600_000) }, now + 600_000],
  ['nothing', {}, now + 60_000],
  ['a time that has passed', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': seconds(now - 5_000) }, now + 1_000],
  ['nonsense', { 'retry-after': 'soon' }, now + 60_000],
  ['a year', { 'retry-after': '31536000' }, now + 65 * 60_000],
])('where GitHub’s limit names %s, that long nothing is asked', (_, headers, until) => {
  expect(limitedUntil(403, headers, 'You have exceeded a secondary rate limit', now)).toBe(until);
});

test.each([-hour, hour])('the end of the hour is waited for by GitHub’s clock, with ours %i ms away', (skew) => {
  const headers = {
    'x-ratelimit-remaining': '0',
    'x-ratelimit-reset': seconds(now + 600_000),
    date: new Date(now).toUTCString(),
  };
  expect(limitedUntil(403, headers, 'API rate limit exceeded', now + skew)).toBe(now + skew + 600_000);
});

test('what is forbidden for good is no limit', () => {
  expect(limitedUntil(403, {}, 'Resource not accessible by integration', now)).toBeNull();
  expect(limitedUntil(404, { 'retry-after': '30' }, 'Not Found', now)).toBeNull();
});

test('where GitHub asks to slow down again and again and names no time, each wait is twice the last, until it answers', () => {
  let at = now;
  const holds = createHolds(() => at);
  const waits: number[] = [];
  for (let times = 0; times < 6; times += 1) {
    const { retryAt } = holds.learn('', limit({}, undefined, at));
    waits.push((retryAt ?? 0) - at);
    expect(() => holds.check('')).toThrow('slow down');
    at = retryAt ?? 0;
    holds.check('');
  }
  expect(waits.map((ms) => ms / 60_000)).toEqual([1, 2, 4, 8, 15, 15]);
  holds.answered('', {});
  expect((holds.learn('', limit({}, undefined, at)).retryAt ?? 0) - at).toBe(60_000);
});

test('what GitHub counts apart is held up apart', () => {
  const holds = createHolds(() => now);
  holds.learn('acme', limit({ 'retry-after': '30' }));
  expect(() => holds.check('acme')).toThrow(Problem);
  holds.check('globex');
});

test('the last answer of an hour holds the next call up; one over GraphQL does not', () => {
  const holds = createHolds(() => now);
  const last = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': seconds(now + 60_000) };
  holds.answered('', { ...last, 'x-ratelimit-resource': 'graphql' });
  holds.answered('', { ...last, 'x-ratelimit-remaining': '1', 'x-ratelimit-resource': 'core' });
  holds.check('');
  holds.answered('', { ...last, 'x-ratelimit-resource': 'core' });
  expect(() => holds.check('')).toThrow('used up');
});

test('of two times that GitHub named the later one counts, whichever came last', () => {
  let at = now;
  const holds = createHolds(() => at);
  holds.learn('', limit({ 'retry-after': '600' }));
  holds.learn('', limit({ 'retry-after': '30' }));
  holds.answered('', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': seconds(now + 60_000) });
  at = now + 599_000;
  expect(() => holds.check('')).toThrow(Problem);
  at = now + 600_000;
  holds.check('');
});
