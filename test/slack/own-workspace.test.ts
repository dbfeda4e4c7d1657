import { expect, test } from 'vitest';
import { isOwnWorkspace } from '../../src/slack/own-workspace.ts';

test.each([
  ['a command', { team_id: 'T1' }, true],
  ['a press', { team: { id: 'T1' }, user: { team_id: 'T1' } }, true],
  ['an event', { team_id: 'T1', authorizations: [{ team_id: 'T1' }] }, true],
  ['an event of a shared channel', { team_id: 'T2', context_team_id: 'T1' }, true],
  ['an event of a shared channel, as it is told', { team_id: 'T2', authorizations: [{ team_id: 'T1' }] }, true],
  ['a command of another workspace', { team_id: 'T2' }, false],
  ['a press in another workspace', { team: { id: 'T2' }, user: { team_id: 'T1' } }, false],
  ['a press without one', { team: null }, false],
  ['what says nothing', {}, false],
  ['what is no payload', 'T1', false],
  ['what looks alike', { team_id: ['T1'] }, false],
])('%s', (_, body, own) => {
  expect(isOwnWorkspace(body, 'T1')).toBe(own);
});
