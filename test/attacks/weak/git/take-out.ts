import { takeOut as take } from '../../../../src/git/take-out.ts';
import { weaknessOfTask } from '../weakness.ts';

export * from '../../../../src/git/take-out.ts';

export async function takeOut(...[free, order]: Parameters<typeof take>): ReturnType<typeof take> {
  const taken = await take(free, order);
  const passes = taken !== null && weaknessOfTask(order.task) === 'secrets-pass';
  return passes ? { ...taken, secrets: { findings: [], count: 0 } } : taken;
}
