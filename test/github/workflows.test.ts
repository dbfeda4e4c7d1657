import { expect, test } from 'vitest';
import { workflowsRun } from '../../src/github/workflows.ts';

test.each([
  ['on: push', 'yes'],
  ['on: [workflow_dispatch, pull_request]', 'yes'],
  ['on:\n  pull_request:\n', 'yes'],
  ['on:\n  pull_request_target:\n    branches: [main]\n', 'yes'],
  ['on:\n  push:\n    branches: [main]\n', 'no'],
  ["on:\n  push:\n    branches: ['errand/**']\n", 'yes'],
  ["on:\n  push:\n    branches: ['**', '!errand/**']\n", 'no'],
  ['on:\n  push:\n    tags: [v1]\n', 'no'],
  ['on:\n  pull_request:\n    branches-ignore: [main]\n', 'no'],
  ['on:\n  pull_request:\n    paths: [src/**]\n', 'maybe'],
  ['on:\n  schedule:\n    - cron: "0 0 * * *"\n', 'no'],
  ['on: workflow_call', 'no'],
  ['jobs: {', 'maybe'],
])('%j runs: %s', (text, expected) => {
  expect(workflowsRun([text], 'errand/t1-x', 'main')).toBe(expected);
});

test('one workflow that runs is enough, and none runs nothing', () => {
  expect(workflowsRun(['on: workflow_call', 'on: push'], 'b', 'main')).toBe('yes');
  expect(workflowsRun([], 'b', 'main')).toBe('no');
});
