import { setTimeout as delay } from 'node:timers/promises';
import type { Duty } from '../task/ports/duty.ts';
import { Problem } from '../task/problem.ts';

const gapMs = 1_000;
const longestMs = 30_000;
const lookAgainMs = 100;

/**
 * Waits until this worker may write to GitHub: one write a second for all workers together, since GitHub counts them together. Nobody waits
 * longer than half a minute, nor for a Redis that is away: then each keeps its own pace, and GitHub says if that is too much.
 */
export function writeTurns(duty: Duty): (counted: string) => Promise<void> {
  return async (counted) => {
    const giveUpAt = performance.now() + longestMs;
    while (performance.now() < giveUpAt && !(await isOurs(duty, counted))) {
      await delay(lookAgainMs * (0.5 + Math.random()));
    }
  };
}

async function isOurs(duty: Duty, counted: string): Promise<boolean> {
  try {
    return await duty.take(`github_write:${counted}`, gapMs);
  } catch (error) {
    if (error instanceof Problem && error.retry) return true;
    throw error;
  }
}
