import { WebAPIHTTPError, WebAPIPlatformError, WebAPIRateLimitedError, WebAPIRequestError } from '@slack/web-api';
import { describe, expect, test } from 'vitest';
import { type SlackFailure, toSlackFailure } from '../../src/slack/outgoing/slack-error.ts';
import { Problem } from '../../src/task/problem.ts';

const platform = (error: string) => new WebAPIPlatformError({ ok: false, error });

const codes: Readonly<Partial<Record<SlackFailure['type'], readonly string[]>>> = {
  blocks: ['invalid_blocks', 'msg_blocks_too_long'],
  not_a_member: ['not_in_channel', 'channel_not_found', 'user_not_in_channel'],
  message_gone: ['message_not_found'],
  message_closed: ['edit_window_closed', 'cant_update_message', 'is_inactive'],
  thread_gone: ['thread_not_found', 'cannot_reply_to_message'],
  already: ['already_reacted', 'no_reaction'],
  forbidden: ['missing_scope', 'no_permission', 'ekm_access_denied', 'team_access_not_granted'],
  signed_out: ['token_revoked', 'account_inactive', 'invalid_auth', 'token_expired'],
  transient: ['internal_error', 'fatal_error', 'service_unavailable', 'request_timeout', 'ratelimited'],
  hopeless: ['is_archived', 'restricted_action', 'msg_too_long', 'user_not_found', 'something_new'],
};

describe.each(Object.entries(codes))('%s', (type, all) => {
  test.each(all)('is what %s means', (code) => {
    expect(toSlackFailure(platform(code))).toEqual({ type, code });
  });
});

test('a rate limit says for how long', () => {
  expect(toSlackFailure(new WebAPIRateLimitedError(30))).toEqual({ type: 'rate_limited', afterMs: 30_000 });
});

test('an outage passes, and not before the time that Slack gave', () => {
  const down = (headers: Record<string, string>) => toSlackFailure(new WebAPIHTTPError(503, 'Unavailable', headers));
  expect(down({})).toEqual({ type: 'transient', code: 'HTTP 503' });
  expect(down({ 'retry-after': '20' })).toEqual({ type: 'transient', code: 'HTTP 503', afterMs: 20_000 });
});

test('of a lost answer nobody knows what it was', () => {
  expect(toSlackFailure(new WebAPIRequestError(new Error('socket hang up')))).toMatchObject({ type: 'transient' });
});

test('what the store could not do passes, what nobody can put into words does not', () => {
  const problem = (retry: boolean) => new Problem({ code: 'x', sentence: '', next: '' }, { retry });
  expect([true, false].map((retry) => toSlackFailure(problem(retry)).type)).toEqual(['transient', 'hopeless']);
});
