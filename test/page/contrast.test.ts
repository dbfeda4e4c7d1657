import type { Page } from 'playwright-core';
import { beforeEach, expect, test } from 'vitest';
import { seed } from '../../src/local/slack/workspace.ts';
import { useBrowser } from './open.ts';
import { type Seeded, startSeeded } from './seeded.ts';

let seeded: Seeded;
const visit = useBrowser(() => seeded.slack.close());
beforeEach(async () => {
  seeded = await startSeeded();
});

/** Words whose colour is too near what is behind them, as WCAG 2.2 AA measures it. */
function faintWords(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    const canvas = document.createElement('canvas');
    const context = canvas.getContext('2d', { willReadFrequently: true });
    const rgba = (color) => {
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = color;
      context.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
      return [r, g, b, a / 255];
    };
    const over = ([r, g, b, a], below) => [r, g, b].map((each, at) => each * a + below[at] * (1 - a));
    const behind = (element) => {
      const layers = [];
      for (let each = element; each !== null; each = each.parentElement) layers.push(rgba(getComputedStyle(each).backgroundColor));
      return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
    };
    const light = (rgb) => {
      const [r, g, b] = rgb.map((each) => each / 255).map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const faint = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let text = walker.nextNode(); text !== null; text = walker.nextNode()) {
      const element = text.parentElement;
      const words = text.textContent.trim();
      if (words === '' || element === null || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
      if (element.closest('svg, .emoji, script, noscript, .gutter-time, [aria-hidden="true"]')) continue;
      const style = getComputedStyle(element);
      const ground = behind(element);
      const ink = over(rgba(style.color), ground);
      const [one, other] = [light(ink), light(ground)].sort((a, b) => b - a);
      const ratio = (one + 0.05) / (other + 0.05);
      const large = Number.parseFloat(style.fontSize) >= 24 || (Number.parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
      if (ratio < (large ? 3 : 4.5)) faint.push(ratio.toFixed(2) + ' ' + element.className + ': ' + words.slice(0, 40));
    }
    return [...new Set(faint)];
  })()`);
}

test.each(['light', 'dark'] as const)('all words can be read, in the %s', async (colorScheme) => {
  const page = await visit(`${seeded.slack.url}/?as=ada#${seed.dev}/${seeded.root}`);
  await page.emulateMedia({ colorScheme });
  await page.getByText('Only visible to you').waitFor();
  expect(await faintWords(page)).toEqual([]);
  await page.locator('main').getByRole('button', { name: 'Shortcuts' }).click();
  expect(await faintWords(page)).toEqual([]);
  await page.keyboard.press('Escape');
  seeded.slack.store.putView(seed.ada, {
    id: 'V1',
    type: 'modal',
    hash: '1',
    callback_id: 'form',
    private_metadata: '',
    root_view_id: 'V1',
    previous_view_id: null,
    title: { type: 'plain_text', text: 'New task' },
    submit: { type: 'plain_text', text: 'Send' },
    blocks: [
      {
        type: 'input',
        block_id: 'what',
        label: { type: 'plain_text', text: 'What' },
        hint: { type: 'plain_text', text: 'In your words' },
        element: { type: 'plain_text_input', action_id: 'it' },
      },
      {
        type: 'input',
        block_id: 'which',
        optional: true,
        label: { type: 'plain_text', text: 'Which' },
        element: {
          type: 'static_select',
          action_id: 'it',
          options: [{ text: { type: 'plain_text', text: 'one' }, value: 'one' }],
        },
      },
    ],
  });
  await page.getByRole('dialog').getByRole('button', { name: 'Send', exact: true }).click();
  await page.getByText('Please complete this required field.').waitFor();
  await page.getByRole('combobox', { name: 'Which' }).press('ArrowDown');
  await page.getByRole('option', { name: 'one' }).waitFor();
  expect(await faintWords(page)).toEqual([]);
});
