import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ErrandUnderTest, startErrand } from '../support/errand.ts';
import { play, readJourney } from './journey.ts';

/** Each folder: what people do in `journey.yml`; what they then see in `thread.txt` and `forge.txt`, to be reviewed as text. */
const names = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

describe.each(['socket', 'http'] as const)('in %s mode', (mode) => {
  let errand: ErrandUnderTest;
  beforeAll(async () => {
    errand = await startErrand({ mode, repositories: names.map((name) => `acme/${name}`) });
  });
  afterAll(async () => {
    await errand?.[Symbol.asyncDispose]();
  });

  const played = mode === 'socket' ? names : names.filter((name) => name === 'script-to-merge');
  test.each(played)('%s', async (name) => {
    const folder = join(import.meta.dirname, name);
    const journey = readJourney(join(folder, 'journey.yml'));
    const seen = await play(errand, name, journey);
    await expect(seen.thread).toMatchFileSnapshot(join(folder, 'thread.txt'));
    await expect(seen.forge).toMatchFileSnapshot(join(folder, 'forge.txt'));
  });
});
