import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type LocalErrand, startLocal } from '../support/local.ts';
import { launchBrowser } from './browser.ts';
import { shoot } from './shots.ts';

/** A cold sandbox on a busy machine takes its time. */
const patienceMs = 90_000;
const errors: string[] = [];
let browser: Browser;
let errand: LocalErrand;

beforeAll(async () => {
  [errand, browser] = await Promise.all([startLocal(), launchBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await errand[Symbol.asyncDispose]();
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  expect(errors.splice(0)).toEqual([]);
});

async function open(as = 'ada'): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, colorScheme: 'light' });
  const page = await context.newPage();
  page.setDefaultTimeout(patienceMs);
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.goto(`${errand.url}/?as=${as}`);
  await page.getByText('Errand is connected').waitFor({ state: 'attached' });
  return page;
}

const thread = (page: Page) => page.locator('.thread');
const channel = (page: Page) => page.locator('main');

/** The one message outside threads that stands for a task. */
const root = (page: Page, title: string) => channel(page).locator('.message').filter({ hasText: title }).last();

/** A message of Errand's in the open thread, the newest of that kind. */
const said = (page: Page, words: string | RegExp) => thread(page).locator('.message').filter({ hasText: words }).last();

async function ask(page: Page, text: string): Promise<void> {
  await channel(page).getByLabel('Message', { exact: true }).fill(text);
  await channel(page).getByRole('button', { name: 'Send', exact: true }).click();
}

async function openThread(page: Page, title: string): Promise<void> {
  await root(page, title)
    .getByRole('button', { name: /repl(y|ies)/ })
    .first()
    .click();
  await thread(page).locator('.message').first().getByText(title).first().waitFor();
}

async function reply(page: Page, text: string): Promise<void> {
  await thread(page).getByLabel('Message', { exact: true }).fill(text);
  await thread(page).getByRole('button', { name: 'Send', exact: true }).click();
}

async function becomeGrace(page: Page): Promise<void> {
  await page.getByRole('button', { name: /You are Ada Park/ }).click();
  await page.getByRole('button', { name: 'Grace Lin' }).click();
  await page.getByRole('button', { name: /You are Grace Lin/ }).waitFor();
}

async function react(message: Locator, name: string): Promise<void> {
  await message.hover();
  await message.getByRole('button', { name: `React with :${name}:` }).click();
}

test('the prefilled request goes from the composer over a second round and a diff to a merge by somebody else', async () => {
  const page = await open();
  const title = 'Say hello in the README';
  expect(await channel(page).getByLabel('Message', { exact: true }).inputValue()).toContain(title);
  await shoot(page, '01-first-visit');
  await channel(page).getByRole('button', { name: 'Send', exact: true }).click();
  await openThread(page, title);
  await thread(page).locator('.b-task').getByText('Open the pull request').waitFor();
  await shoot(page, '02-running');

  const first = said(page, /Ready for review · #\d+/);
  await first.locator('.b-card').waitFor();
  await first.getByText('node --test').waitFor();
  await shoot(page, '03-ready');
  await reply(page, "And mind the spelling\n```sh\nsed -i 's/recieve/receive/; s/seperate/separate/' README.md\n```");
  await said(page, 'Replaced').getByText("can't be approved here any more").waitFor();
  const gate = said(page, /Ready for review · #\d+/);
  await gate.getByRole('button', { name: 'Approve merge' }).waitFor();
  expect(
    await thread(page)
      .getByRole('button', { name: /Approve merge/ })
      .count(),
  ).toBe(1);
  await shoot(page, '04-second-round');

  await gate.getByRole('link', { name: 'Open pull request' }).click();
  await page.getByRole('heading', { name: title }).waitFor();
  await page.locator('.diff .removed').getByText('recieve').first().waitFor();
  await page.locator('.diff .added').getByText('Hello from Errand.').waitFor();
  await shoot(page, '05-pull-request-open');
  const address = page.url();
  await page.goBack();

  await becomeGrace(page);
  await gate.getByRole('button', { name: 'Approve merge' }).click();
  await page.getByRole('dialog').getByText('goes into main of acme/web').waitFor();
  await shoot(page, '06-approve');
  await page.getByRole('dialog').getByRole('button', { name: 'Not yet' }).click();
  await react(gate, 'white_check_mark');
  await said(page, 'went into main of acme/web').waitFor();
  await root(page, title).getByText('Merged · #').waitFor();
  await thread(page)
    .getByRole('button', { name: /Approve merge/ })
    .waitFor({ state: 'detached' });
  await shoot(page, '07-merged');
  await page.goto(address);
  await page.locator('.state').getByText('Merged').waitFor();
  await shoot(page, '08-pull-request-merged');
});

test('a script that fails says why; a reply mends it, and its author can not approve it alone', async () => {
  const page = await open();
  const title = 'Note the licence';
  await ask(page, `/agent agent:shell ${title}\n\`\`\`sh\necho 'There is no LICENSE to note.' >&2\nexit 3\n\`\`\``);
  await openThread(page, title);
  const failed = said(page, 'The script ended with exit code 3.');
  await failed.getByRole('button', { name: 'Retry' }).waitFor();
  await failed.getByText('There is no LICENSE to note.').waitFor();
  await shoot(page, '09-failed');
  await failed.getByRole('button', { name: 'Retry' }).click();
  await thread(page).locator('.b-plan').nth(1).waitFor();
  await thread(page).getByText('The script ended with exit code 3.').nth(1).waitFor();
  await reply(page, "Then write one\n```sh\necho 'Apache-2.0' > LICENSE\n```");
  const gate = said(page, /Ready for review · #\d+/);
  await gate.getByRole('button', { name: 'Approve merge' }).waitFor();
  await root(page, title).getByText('Ready for review').waitFor();

  await react(gate, 'white_check_mark');
  await thread(page).locator('.ephemeral').getByText('somebody else approves it').waitFor();
  await shoot(page, '10-own-approval');
  await becomeGrace(page);
  await gate.waitFor();
  expect(await page.locator('.ephemeral').count()).toBe(0);
  await gate.getByRole('button', { name: 'Approve merge' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Approve merge' }).click();
  await said(page, 'went into main of acme/web').waitFor();
});

test('Stop ends a run that would go on for minutes, after asking once', async () => {
  const page = await open();
  const title = 'Count sheep';
  await ask(page, `/agent agent:shell ${title}\n\`\`\`sh\necho one > sheep.txt\nsleep 600\n\`\`\``);
  await openThread(page, title);
  await thread(page).locator('.b-task.in_progress').getByText('Run the script').waitFor();
  await shoot(page, '11-running');
  await thread(page).locator('.message').getByRole('button', { name: 'Stop' }).first().click();
  await page.getByRole('dialog').getByRole('button', { name: 'Stop it' }).click();
  await said(page, 'Stopped by').getByText('is kept on the branch').waitFor();
  await thread(page).locator('.message').first().getByText('Stopped').waitFor();
  await shoot(page, '12-stopped');
});

test("Slack's own Stop above the thread ends a run at once, and is gone with it", async () => {
  const page = await open();
  const title = 'Count goats';
  await ask(page, `/agent agent:shell ${title}\n\`\`\`sh\nsleep 600\n\`\`\``);
  await openThread(page, title);
  const bar = thread(page).locator('.session');
  await bar.getByText('Working…').waitFor();
  await bar.getByText(title).waitFor();
  await thread(page).locator('.b-task.in_progress').getByText('Run the script').waitFor();
  await shoot(page, '13-session');
  await bar.getByRole('button', { name: 'Stop the agent' }).click();
  await said(page, 'Stopped by').waitFor();
  await bar.getByText('Working…').waitFor({ state: 'detached' });
  expect(await bar.getByRole('button').count()).toBe(0);
});
