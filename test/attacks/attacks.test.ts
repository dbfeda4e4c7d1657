import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runApart } from './netns.ts';
import { readAttacks } from './registry.ts';
import type { Result } from './result.ts';

const attacks = await readAttacks();
const representatives = attacks.filter(({ representative }) => representative === true);

/** `npm run attacks` plays all of them; these few stand for the rest in `npm test`. */
describe.runIf(process.getuid?.() === 0)('the attacks that stand for the rest', () => {
  const results = new Map(representatives.map(({ id }) => [id, Promise.withResolvers<Result>()]));
  let run: Awaited<ReturnType<typeof runApart>>;

  beforeAll(async () => {
    run = await runApart(join(import.meta.dirname, 'main.ts'), ['--inside', 'representatives'], (message) => {
      const result = message as Result;
      results.get(result.id)?.resolve(result);
    });
    run.ended.then((code) => {
      for (const { reject } of results.values()) reject(new Error(`The arena ended with ${code}`));
    });
    for (const { promise } of results.values()) promise.catch(() => undefined);
  });
  afterAll(async () => {
    await run.ended;
  });

  // They are all played at once, side by side; the last one waits for the rest.
  test.for(representatives)('$id: $title', { timeout: 600_000 }, async ({ id }) => {
    const result = await results.get(id)?.promise;
    expect(result).toMatchObject({ attack: { type: 'held' }, control: { type: 'broke_through' } });
  });
});

test('each case stands in a folder of its group, under an id that nobody else has', () => {
  expect(new Set(attacks.map(({ id }) => id)).size).toBe(attacks.length);
});
