import * as real from '../../../../src/slack/own-workspace.ts';
import { weaknessOfText } from '../act.ts';

export * from '../../../../src/slack/own-workspace.ts';

/** `anybody`: of whichever workspace. */
export function isOwnWorkspace(body: unknown, teamId: string): boolean {
  return weaknessOfText(JSON.stringify(body)) === 'anybody' || real.isOwnWorkspace(body, teamId);
}
