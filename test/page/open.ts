import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { launchBrowser } from './browser.ts';

const errors: string[] = [];
let browser: Browser;

/** One browser for a file of tests, and a page for each visit; a test fails where the page met an error. `end` comes after the pages' end. */
export function useBrowser(end: () => Promise<unknown>): (url: string, width?: number) => Promise<Page> {
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    await end();
    expect(errors.splice(0)).toEqual([]);
  });
  return async (url, width = 1280) => {
    const touch = width < 500 ? { isMobile: true, hasTouch: true } : {};
    const context = await browser.newContext({ viewport: { width, height: 844 }, ...touch });
    const page = await context.newPage();
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    await page.goto(url);
    await page.locator('.composer-text:visible').first().waitFor();
    return page;
  };
}
