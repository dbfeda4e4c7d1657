import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';

const wide = { width: 1280, height: 900 };
const narrow = { width: 390, height: 844 };

/** Where a run of the tests leaves what a person would have seen. */
export const shotsDir = join(tmpdir(), 'errand-shots');

/** Pictures of the page as it is now: wide and as on a phone, light and dark. The page is left wide and light. */
export async function shoot(page: Page, name: string): Promise<void> {
  await mkdir(shotsDir, { recursive: true });
  for (const [size, viewport] of Object.entries({ narrow, wide })) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: join(shotsDir, `${name}-${size}-${colorScheme}.png`), animations: 'disabled' });
    }
  }
}
