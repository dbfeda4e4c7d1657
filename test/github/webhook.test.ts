import { expect, test } from 'vitest';
import { readWebhook } from '../../src/github/webhook.ts';

const branch = 'errand/tabcdef-fix';
const repository = { full_name: 'acme/web' };

test.each([
  ['pull_request', { action: 'closed', pull_request: { merged: true, head: { ref: branch } } }, 'pull'],
  ['push', { ref: `refs/heads/${branch}` }, 'pull'],
  ['pull_request_review', { action: 'submitted', pull_request: { head: { ref: branch } } }, 'rules'],
  ['check_run', { check_run: { check_suite: { head_branch: branch } } }, 'rules'],
  ['check_suite', { check_suite: { head_branch: branch } }, 'rules'],
  ['status', { state: 'success', branches: [{ name: branch }] }, 'rules'],
])('a delivery of %s says where to look, and nothing of what it claims', (event, payload, of) => {
  expect(readWebhook(event, { ...payload, repository })).toEqual({ repository: 'acme/web', of, branches: [branch] });
});

test.each([
  ['an event that Errand does not follow', 'issues', { repository }],
  ['a check of no branch', 'check_run', { check_run: { check_suite: { head_branch: null } }, repository }],
  ['a tag', 'push', { ref: 'refs/tags/v1', repository }],
  ['no repository', 'push', { ref: `refs/heads/${branch}` }],
  ['a name that is none', 'push', { ref: `refs/heads/${branch}`, repository: { full_name: '../etc' } }],
  ['a branch that is none', 'push', { ref: 'refs/heads/-x --upload-pack', repository }],
  ['nothing', 'pull_request', null],
  ['a list', 'status', [1]],
  ['a property of every object', 'constructor', { repository }],
])('of %s nothing is made', (_, event, payload) => {
  expect(readWebhook(event, payload)).toBeNull();
});
