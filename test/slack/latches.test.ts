import { WebAPIPlatformError } from '@slack/web-api';
import { describe, expect, test } from 'vitest';
import { Latches, type OptionalCallName, optionalCalls } from '../../src/slack/latches.ts';

const names = Object.keys(optionalCalls) as OptionalCallName[];
const refusal = (error: string) => new WebAPIPlatformError({ ok: false, error });

function open() {
  const lines: string[] = [];
  const latches = new Latches({ info: (_, message) => void lines.push(message) });
  return { latches, lines };
}

describe.each(names)('%s', (call) => {
  test.each(optionalCalls[call].codes)('is off for good after %s, which is said once', (code) => {
    const { latches, lines } = open();
    expect(latches.isOff(call)).toBe(false);
    expect(latches.refuse(call, refusal(code))).toBe(true);
    expect(latches.refuse(call, refusal(code))).toBe(true);
    expect(latches.isOff(call)).toBe(true);
    expect(lines).toEqual([`Slack has no ${call} here. ${optionalCalls[call].without}`]);
  });

  const ofOnePlace = ['channel_not_found', 'is_archived', 'access_denied', 'no_permission'];
  test.each([...ofOnePlace, 'internal_error', 'ratelimited'])('stays on after %s', (code) => {
    const { latches, lines } = open();
    expect(latches.refuse(call, refusal(code))).toBe(false);
    expect(latches.isOff(call)).toBe(false);
    expect(lines).toEqual([]);
  });
});

test('one call being off says nothing of the others', () => {
  const { latches } = open();
  latches.refuse('agents.sessions.setStatus', refusal('feature_disabled'));
  expect(names.filter((call) => latches.isOff(call))).toEqual(['agents.sessions.setStatus']);
});

test('an error that is no answer of Slack’s turns nothing off', () => {
  const { latches } = open();
  expect(latches.refuse('files.info', new Error('socket hang up'))).toBe(false);
});
