import { beforeAll, describe, expect, test } from 'vitest';
import { openGround } from './ground.ts';
import { isFine, type Result } from './result.ts';
import { playSweep } from './run.ts';
import { learnPoints, pairwise, type Swept } from './sweep.ts';

/** `npm run faults` plays all; these few stand for the rest in `npm test`. */
describe('a task ends once, whatever strikes it', () => {
  let swept: readonly Swept[];
  const results: Result[] = [];

  beforeAll(async () => {
    await using ground = await openGround(['walk']);
    swept = pairwise(await learnPoints(ground, 'walk'));
    await playSweep(swept, { quick: 1, hanging: 1 }, (result) => results.push(result));
  }, 600_000);

  test('each port was struck, and each process in each way', () => {
    const struck = results.flatMap((result) => (result.type === 'point' && result.struck > 0 ? [result.id] : []));
    expect(struck.toSorted()).toEqual(swept.map(({ name }) => name).toSorted());
  });

  test.for(['throw', 'exit', 'kill', 'hang'] as const)(
    '%s: one outcome, one branch, one pull request, one merge, each message once, nothing left',
    (kind) => {
      const played = results.filter((result) => result.type === 'point' && result.kind === kind);
      expect(played.length).toBeGreaterThan(0);
      expect(played.filter((result) => !isFine(result))).toEqual([]);
    },
  );

  test('the store agrees with itself after all of it', () => {
    const stores = results.filter(({ type }) => type === 'store');
    expect(stores.length).toBeGreaterThan(0);
    expect(stores.filter((result) => !isFine(result))).toEqual([]);
  });
});
