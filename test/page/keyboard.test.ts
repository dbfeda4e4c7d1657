import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalErrand, startLocal } from '../support/local.ts';
import { useBrowser } from './open.ts';

/** A cold sandbox on a busy machine takes its time. */
const patienceMs = 90_000;
const visit = useBrowser(async () => undefined);
let errand: LocalErrand;

beforeAll(async () => {
  errand = await startLocal();
});
afterAll(() => errand[Symbol.asyncDispose]());

async function open(): Promise<Page> {
  const page = await visit(`${errand.url}/?as=ada`);
  page.setDefaultTimeout(patienceMs);
  await page.getByText('Errand is connected').waitFor({ state: 'attached' });
  return page;
}

/** What has the focus, by the name that a screen reader says. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(`(() => {
    const it = document.activeElement;
    return it?.getAttribute('aria-label') ?? it?.textContent?.trim() ?? '';
  })()`);

/** Tab until something is reached: by name, as somebody without a pointer finds it. */
async function tabTo(page: Page, name: RegExp, key = 'Tab'): Promise<void> {
  const met: string[] = [];
  for (let steps = 0; steps < 60; steps += 1) {
    await page.keyboard.press(key);
    met.push(await focused(page));
    if (name.test(met.at(-1) ?? '')) return;
  }
  throw new Error(`${name} was not reached: ${met.join(' | ')}`);
}

/** A line that the open thread shows by now. */
const said = (page: Page, words: string | RegExp) => page.locator('.thread').getByText(words).first().waitFor();

test('somebody can ask and approve with the keyboard alone', async () => {
  const page = await open();
  // From the top of the page: the first stop leads to the message box.
  await page.keyboard.press('Tab');
  expect(await focused(page)).toBe('Skip to the message box');
  await page.keyboard.press('Enter');
  expect(await focused(page)).toBe('Message');
  await page.keyboard.press('Control+a');
  await page.keyboard.type('/agent agent:shell Greet by key ```');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('echo hello >> README.md');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('```');
  await page.keyboard.press('Enter');
  await page
    .locator('main .message')
    .filter({ hasText: 'Greet by key' })
    .getByRole('button', { name: /repl(y|ies)/ })
    .first()
    .waitFor();

  // Up into the messages, at the newest, and into its thread.
  await page.keyboard.press('Shift+ArrowUp');
  expect(await focused(page)).toMatch(/^Errand, /);
  await page.keyboard.press('Enter');
  await said(page, 'To merge');
  await page.keyboard.press('Alt+2');
  await page.getByRole('button', { name: /You are Grace Lin/ }).waitFor();

  // Around the parts of the page to the thread's messages, and an emoji on the newest.
  const inThread = "document.activeElement?.matches('.thread .message') ?? false";
  for (let parts = 0; parts < 6 && !(await page.evaluate(inThread)); parts += 1) await page.keyboard.press('F6');
  expect(await page.evaluate(inThread)).toBe(true);
  await page.keyboard.press('End');
  await page.keyboard.press('r');
  await page.keyboard.type('white check');
  await page.keyboard.press('Enter');
  await said(page, 'went into main of');
}, 180_000);

test('somebody can stop with the keyboard alone, and find the focus where it was', async () => {
  const page = await open();
  await page.locator('main .composer-text').focus();
  await page.keyboard.press('Control+a');
  await page.keyboard.type('/agent agent:shell Count by key ```');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('sleep 600');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('```');
  await page.keyboard.press('Enter');
  await page
    .locator('main .message')
    .filter({ hasText: 'Count by key' })
    .getByRole('button', { name: /repl(y|ies)/ })
    .first()
    .waitFor();
  await page.keyboard.press('Shift+ArrowUp');
  await page.keyboard.press('Enter');
  await page.locator('.thread .b-task.in_progress').waitFor();
  const inThread = "document.activeElement?.matches('.thread .message') ?? false";
  for (let parts = 0; parts < 6 && !(await page.evaluate(inThread)); parts += 1) await page.keyboard.press('F6');
  await page.keyboard.press('Home');
  await tabTo(page, /^Stop(?! the agent)/);
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').getByText('Stop it').waitFor();
  await page.keyboard.press('Enter');
  await said(page, 'Stopped by');
  expect(await page.evaluate("document.querySelector('.thread')?.contains(document.activeElement)")).toBe(true);
}, 180_000);

test('every stop of Tab can be seen', async () => {
  const page = await open();
  for (let steps = 0; steps < 25; steps += 1) {
    await page.keyboard.press('Tab');
    const shown = await page.evaluate(`(() => {
      const it = document.activeElement;
      if (it === document.body || it === null) return true;
      const box = it.getBoundingClientRect();
      const style = getComputedStyle(it);
      const around = it.closest('.composer, .combo');
      const marked = style.outlineStyle !== 'none' || (around !== null && getComputedStyle(around).boxShadow !== 'none');
      return box.width > 0 && box.bottom > 0 && marked ? true : it.outerHTML.slice(0, 120);
    })()`);
    expect(shown).toBe(true);
  }
});
