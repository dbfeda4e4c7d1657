import { expect, test } from 'vitest';
import { eventsOf, triggered, workflowRuns } from '../../src/task/workflows.ts';

const on = (events: unknown) => eventsOf({ on: events });
const head = 'errand/t000001-fix';

test.each([
  ['main', 'main', 'yes'],
  ['**', head, 'yes'],
  ['*', head, 'no'],
  ['errand/*', head, 'yes'],
  ['releases/**-alpha', 'releases/beta/3-alpha', 'yes'],
  ['v[12].[0-9]+.[0-9]+', 'v1.10.1', 'yes'],
  ['v2*', 'v2.9', 'yes'],
  ['v2*', 'v1.9', 'no'],
  ['*ddo?c', 'doc', 'no'],
  ['a.b', 'axb', 'no'],
  ['fix(es)', 'fix(es)', 'yes'],
  ['errand/**', 'errand/', 'yes'],
  ['errand/*', 'errand/a/b', 'no'],
  ['main?', 'mai', 'yes'],
  ['mai+n', 'maiiin', 'yes'],
  ['mai+n', 'man', 'no'],
  ['[^m]*', 'main', 'no'],
  ['v[', 'v[', 'yes'],
  ['v[9-0]', 'main', 'yes'],
  ['+', 'main', 'yes'],
  ['', 'main', 'no'],
])('the pattern %s on %s: %s', (pattern, branch, expected) => {
  expect(triggered(on({ push: { branches: [pattern] } }), 'push', branch)).toBe(expected);
});

test.each(['**', '*', 'a?', '[a-z]+', '**a+'])('no pattern keeps the worker busy for long: %s many times', (each) => {
  const hostile = `${each.repeat(39).slice(0, 199)}X`;
  const branch = `a${'a'.repeat(200)}`;
  expect(triggered(on({ push: { branches: [hostile] } }), 'push', branch)).toBe('no');
});

test('a filter may be one pattern alone', () => {
  expect(triggered(on({ push: { branches: 'main' } }), 'push', head)).toBe('no');
});

test('what a mark holds is told apart from what runs anyway', () => {
  expect(workflowRuns([on('push')], head, 'main')).toEqual({ markable: 'yes', target: 'no' });
  expect(workflowRuns([on('pull_request_target')], head, 'main')).toEqual({ markable: 'no', target: 'yes' });
  expect(workflowRuns([on({ push: { branches: ['main'] } }), on('schedule')], head, 'main')).toEqual({
    markable: 'no',
    target: 'no',
  });
});

test('a file that can’t be read may run on anything', () => {
  expect(workflowRuns([null], head, 'main')).toEqual({ markable: 'maybe', target: 'maybe' });
  expect(eventsOf('jobs')).toBeNull();
});
