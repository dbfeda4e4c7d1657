import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { LocalSlack } from '../../src/local/slack/server.ts';
import { seed } from '../../src/local/slack/workspace.ts';
import { client, endAll, start } from '../contracts/local-slack-harness.ts';
import { useBrowser } from './open.ts';

const visit = useBrowser(endAll);

/** One red dot. */
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==',
  'base64',
);
const pane = (page: Page) => page.locator('main');

async function opened(): Promise<{ slack: LocalSlack; page: Page }> {
  const slack = await start({ prefill: '' });
  return { slack, page: await visit(`${slack.url}/?as=ada#${seed.dev}`) };
}

/** What a browser does with a file that is dropped or pasted. */
function give(page: Page, event: 'drop' | 'paste', name: string): Promise<void> {
  return page.evaluate(
    `(() => {
      const data = new DataTransfer();
      data.items.add(new File(['one\\ntwo'], ${JSON.stringify(name)}, { type: 'text/plain' }));
      const target = document.querySelector('main .composer-text');
      target.dispatchEvent(${
        event === 'drop'
          ? "new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })"
          : "new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })"
      });
    })()`,
  );
}

describe('files', () => {
  test('that were chosen are shown, sent with the words, and drawn in the message', async () => {
    const { slack, page } = await opened();
    await pane(page)
      .locator('input[type=file]')
      .setInputFiles([
        { name: 'dot.png', mimeType: 'image/png', buffer: png },
        { name: 'run.log', mimeType: 'text/plain', buffer: Buffer.from('not ok 1\nline 2') },
      ]);
    await pane(page).getByRole('button', { name: 'Remove run.log' }).waitFor();
    await pane(page).locator('.composer-text').fill('It looks like this');
    await page.keyboard.press('Enter');
    const message = pane(page).locator('.message').filter({ hasText: 'It looks like this' });
    await message.getByText('run.log').waitFor();
    await message.getByText('not ok 1').waitFor();
    const picture = message.getByRole('img', { name: 'dot.png' });
    await picture.waitFor();
    const drawn = 'document.querySelector(".message .file-picture img").decode().then(() => true)';
    expect(await page.evaluate(drawn)).toBe(true);
    expect(await pane(page).locator('.file-chip').count()).toBe(0);
    const { files } = await client(slack).files.list({ channel: seed.dev });
    expect(files?.map(({ name, size }) => [name, size])).toEqual([
      ['dot.png', png.length],
      ['run.log', 15],
    ]);
  });

  test.each(['drop', 'paste'] as const)(
    'can be given by %s, and taken away again before they are sent',
    async (event) => {
      const { slack, page } = await opened();
      await give(page, event, 'notes.txt');
      await pane(page).getByRole('button', { name: 'Remove notes.txt' }).click();
      expect(await pane(page).locator('.file-chip').count()).toBe(0);
      await give(page, event, 'notes.txt');
      await pane(page).getByRole('button', { name: 'Remove notes.txt' }).waitFor();
      await pane(page).getByRole('button', { name: 'Send', exact: true }).click();
      await pane(page).locator('.message .file').getByText('Plain Text · 7 B').waitFor();
      expect(slack.store.messages(seed.dev)).toMatchObject([{ subtype: 'file_share', text: '' }]);
    },
  );

  test('do not go with a command, as they do not in Slack', async () => {
    const { slack, page } = await opened();
    await give(page, 'paste', 'notes.txt');
    await pane(page).getByRole('button', { name: 'Remove notes.txt' }).waitFor();
    await pane(page).locator('.composer-text').fill('/agent fix it');
    await page.keyboard.press('Enter');
    await page.getByText("Slack's commands take no files.").waitFor();
    expect(slack.outbound.records).toEqual([]);
    expect(await pane(page).locator('.composer-text').inputValue()).toBe('/agent fix it');
  });

  test('that are pages themselves are downloads, and never run as the workspace', async () => {
    const { slack, page } = await opened();
    const html = Buffer.from('<script>document.title = "mine"</script>');
    const { id } = await slack.people.upload({ user: seed.ada, name: 'page.html', bytes: html });
    slack.people.message({ user: seed.ada, channel: seed.dev, text: 'look', files: [id] });
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: /page\.html/ }).click();
    expect((await download).suggestedFilename()).toBe('page.html');
    expect(await page.title()).not.toBe('mine');
  });
});
