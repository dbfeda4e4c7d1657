import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startLocalForge } from '../../src/local/forge/start.ts';
import { seed } from '../../src/local/slack/workspace.ts';
import { launchBrowser } from './browser.ts';
import { type Seeded, startSeeded } from './seeded.ts';

let browser: Browser;
let seeded: Seeded;
const errors: string[] = [];

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  seeded = await startSeeded();
  errors.length = 0;
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  await seeded.slack.close();
  expect(errors).toEqual([]);
});

async function open(as: string, hash = `#${seed.dev}`, width = 1280): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width, height: 844 },
    ...(width < 500 && { isMobile: true, hasTouch: true }),
  });
  const page = await context.newPage();
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.goto(`${seeded.slack.url}/?as=${as}${hash}`);
  await page.locator('.message:visible').first().waitFor();
  return page;
}

const inThread = () => `#${seed.dev}/${seeded.root}`;
const channelBox = (page: Page) => page.locator('main .composer-text');
const threadBox = (page: Page) => page.locator('.thread .composer-text');

/** What the app was sent, newest last. */
const sent = (kind: string) =>
  seeded.slack.outbound.records.filter((each) => each.kind === kind).map((each) => each.payload);

describe('writing', () => {
  test('a slash command of several lines goes to the app as it was typed, and its failure is told', async () => {
    const page = await open('ada');
    await channelBox(page).fill('/agent agent:shell Spell it right\n```sh\nsed -i s/a/b/ README.md\n```');
    await channelBox(page).press('Enter');
    await page.getByText('/agent failed with the error "dispatch_failed"').waitFor();
    expect(sent('slash_commands').at(-1)).toMatchObject({
      user_id: seed.ada,
      command: '/agent',
      text: 'agent:shell Spell it right\n```sh\nsed -i s/a/b/ README.md\n```',
    });
    expect(await channelBox(page).inputValue()).toBe('');
  });

  test('Enter inside an open code fence makes a line', async () => {
    const page = await open('ada');
    await channelBox(page).fill('look ```');
    await channelBox(page).press('Enter');
    expect(await channelBox(page).inputValue()).toBe('look ```\n');
  });

  test('a typed slash offers the command with its usage, and Tab takes it', async () => {
    const page = await open('ada');
    await channelBox(page).pressSequentially('/ag');
    await page.getByRole('option', { name: /\/agent.*what to do/ }).waitFor();
    await channelBox(page).press('Tab');
    expect(await channelBox(page).inputValue()).toBe('/agent ');
  });

  test('a name that was begun is completed to a mention', async () => {
    const page = await open('ada', inThread());
    await threadBox(page).pressSequentially('please @Err');
    await threadBox(page).press('Enter');
    await threadBox(page).pressSequentially('stop');
    await threadBox(page).press('Enter');
    await page.locator('.thread .message').getByText('@Errand').last().waitFor();
    const last = seeded.slack.store.replies(seed.dev, seeded.root).at(-1);
    expect(last).toMatchObject({ user: seed.ada, text: `please <@${seed.bot}> stop` });
  });

  test('a command in a thread is refused with words, as Slack has none there', async () => {
    const page = await open('ada', inThread());
    await threadBox(page).fill('/agent stop');
    await threadBox(page).press('Enter');
    await page.getByText('Slack has no commands in threads.').waitFor();
    expect(sent('slash_commands')).toEqual([]);
  });
});

describe('reading', () => {
  test('hostile text stays text: no markup runs, no script address is linked, nothing else is asked', async () => {
    const page = await open('ada', inThread());
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).origin));
    await page.getByText('<img src=x onerror="document.title=1">').waitFor();
    await seeded.web.chat.postMessage({
      channel: seed.dev,
      thread_ts: seeded.root,
      text: 'x',
      blocks: [
        {
          type: 'markdown',
          text: '![p](https://example.com/pixel.png) <script>document.title=2</script> [a](data:text/html,x)',
        },
        { type: 'section', text: { type: 'mrkdwn', text: '<javascript:alert(1)|click> &lt;b&gt;bold&lt;/b&gt;' } },
      ],
    });
    await page.getByText('<b>bold</b>').waitFor();
    expect(await page.locator('.message img, .message script, .message b, .message iframe').count()).toBe(0);
    const links = await page
      .locator('.message a')
      .evaluateAll((all) => all.map((each) => each.getAttribute('href') ?? ''));
    expect(links.filter((each) => !/^(https?:|#)/.test(each))).toEqual([]);
    expect(asked.filter((origin) => origin !== seeded.slack.url)).toEqual([]);
    expect(await page.title()).not.toMatch(/^[12]$/);
  });

  test('an edited message changes under the reader, whose draft stays', async () => {
    const page = await open('ada', inThread());
    await threadBox(page).fill('half a thought');
    await seeded.web.chat.update({ channel: seed.dev, ts: seeded.root, text: 'Merged · #412' });
    await page.locator('.thread .message').first().getByText('Merged · #412').waitFor();
    expect(await threadBox(page).inputValue()).toBe('half a thought');
  });

  test('a language that was typed after a fence is a label, and its code is all there', async () => {
    const page = await open('ada', inThread());
    await threadBox(page).fill('Once more\n```sh\necho one\necho two\n```');
    await page.locator('.thread').getByRole('button', { name: 'Send', exact: true }).click();
    const code = page.locator('.thread .message').filter({ hasText: 'Once more' }).locator('pre');
    await code.waitFor();
    expect([await code.getAttribute('data-language'), await code.textContent()]).toEqual(['sh', 'echo one\necho two']);
  });

  test('how long ago the last reply came goes on being true', async () => {
    const page = await open('ada', inThread());
    await page.getByRole('button', { name: 'Close the thread' }).click();
    const line = page.locator('main').getByRole('button', { name: /3 replies/ });
    await page.clock.install();
    await page.reload();
    await line.getByText('just now').waitFor();
    await page.clock.fastForward('05:00');
    await line.getByText('5 min ago').waitFor();
  });

  test('every step of a plan says its state in words', async () => {
    const page = await open('ada', inThread());
    expect(await page.locator('.thread .b-task-status').allTextContents()).toEqual([
      'Done',
      'Done',
      'Now',
      'Failed',
      'To do',
    ]);
  });

  test('what only Ada sees is not shown to Grace', async () => {
    const page = await open('ada');
    await page.getByText('Only visible to you').waitFor();
    await page.keyboard.press('Alt+2');
    await page.getByRole('button', { name: 'You are Grace Lin. Change person' }).waitFor();
    expect(await page.getByText('Only visible to you').count()).toBe(0);
  });

  test('a message that comes while the page asks for everything is not lost', async () => {
    const page = await open('ada', inThread());
    const asked = Promise.withResolvers<void>();
    const said = Promise.withResolvers<void>();
    // The answer is as old as the question: what is said meanwhile comes by the stream alone.
    await page.route('**/local/state', async (route) => {
      const answer = await route.fetch();
      asked.resolve();
      await said.promise;
      await route.fulfill({ response: answer });
    });
    await page.evaluate("import('/page/store.js').then((module) => { globalThis.reloaded = module.reload(); })");
    await asked.promise;
    await seeded.web.chat.postMessage({ channel: seed.dev, thread_ts: seeded.root, text: 'said meanwhile' });
    await page.locator('.thread').getByText('said meanwhile').waitFor();
    said.resolve();
    await page.evaluate('reloaded');
    await page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))');
    expect(await page.locator('.thread').getByText('said meanwhile').count()).toBe(1);
  });

  test('a permalink opens the thread that it points into', async () => {
    const page = await open('ada');
    const reply = seeded.slack.store.replies(seed.dev, seeded.root).at(-1)?.ts ?? '';
    const { permalink = '' } = await seeded.web.chat.getPermalink({ channel: seed.dev, message_ts: reply });
    await page.goto(permalink);
    await page.locator('.thread').getByText('To merge commit').waitFor();
  });
});

describe('acting', () => {
  test('a button that asks first sends nothing when the answer is no, and its value when it is yes', async () => {
    const page = await open('grace', inThread());
    await page.getByRole('button', { name: 'Approve merge' }).click();
    await page.getByText('into main of acme/web').waitFor();
    await page.getByRole('button', { name: 'Not yet' }).click();
    await page.getByRole('button', { name: 'Approve merge' }).click();
    await page.getByRole('button', { name: 'Merge it' }).click();
    await page.getByText('Errand did not answer').waitFor();
    const actions = sent('interactive').map((each) => each.actions);
    expect(actions).toMatchObject([[{ action_id: 'approve_merge', value: 'x', type: 'button' }]]);
    expect(sent('interactive')[0]).toMatchObject({ user: { id: seed.grace } });
  });

  test('a reaction is added and taken off again by the same button', async () => {
    const page = await open('grace', inThread());
    const result = page.locator('.thread .message').last();
    await result.hover();
    await result.getByRole('button', { name: 'React with :white_check_mark:' }).click();
    const own = result.locator('.reaction.own');
    await own.waitFor();
    const ts = seeded.slack.store.replies(seed.dev, seeded.root).at(-1)?.ts ?? '';
    const names = () => seeded.slack.store.message(seed.dev, ts)?.reactions.map((each) => each.name);
    expect(names()).toContain('white_check_mark');
    await own.click();
    await own.waitFor({ state: 'detached' });
    expect(names()).not.toContain('white_check_mark');
  });

  test('an overflow menu sends the option that was chosen', async () => {
    const page = await open('ada');
    await page.locator('main').getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('button', { name: 'Show the spec' }).click();
    await page.getByText('Errand did not answer').waitFor();
    expect(sent('interactive')[0]).toMatchObject({
      actions: [{ type: 'overflow', selected_option: { value: 'spec' } }],
    });
  });

  test('a message shortcut carries the message that it was used on', async () => {
    const page = await open('ada');
    const first = page.locator('main .message').first();
    await first.hover();
    await first.getByRole('button', { name: 'More', exact: true }).click();
    await page.getByRole('button', { name: 'Send to Errand' }).click();
    await page.getByText('Errand did not answer').waitFor();
    expect(sent('interactive')[0]).toMatchObject({ type: 'message_action', callback_id: 'task_from_message' });
  });

  test('a form shows what is missing, keeps what was typed, and closes with Escape', async () => {
    const page = await open('ada');
    seeded.slack.store.putView(seed.ada, {
      id: 'V1',
      type: 'modal',
      hash: '1',
      callback_id: 'form',
      private_metadata: '',
      root_view_id: 'V1',
      previous_view_id: null,
      title: { type: 'plain_text', text: 'New task' },
      submit: { type: 'plain_text', text: 'Queue it' },
      blocks: ['what', 'why'].map((name) => ({
        type: 'input',
        block_id: name,
        label: { type: 'plain_text', text: name },
        element: { type: 'plain_text_input', action_id: 'text' },
      })),
    });
    await page.getByLabel('what').fill('Fix it');
    await page.getByRole('button', { name: 'Queue it' }).click();
    await page.getByText('Please complete this required field.').waitFor();
    expect(await page.getByText('Please complete this required field.').count()).toBe(1);
    expect(await page.getByLabel('what').inputValue()).toBe('Fix it');
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    expect(seeded.slack.store.views).toEqual([]);
  });
});

describe('on a phone', () => {
  test('nothing is wider than the screen, in the channel, the thread and the list', async () => {
    const page = await open('ada', `#${seed.dev}`, 390);
    const overflow = () => page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect(await overflow()).toBe(0);
    await page.getByRole('button', { name: /3 replies/ }).click();
    await page.locator('.thread').getByText('To merge commit').waitFor();
    expect(await overflow()).toBe(0);
    await page.getByRole('button', { name: 'Back to the channel' }).click();
    await page.getByRole('button', { name: 'Channels' }).click();
    await page.getByRole('button', { name: 'random' }).click();
    await page.getByText('Errand is not a member.').waitFor();
    expect(await overflow()).toBe(0);
  });
});

describe('a pull request', () => {
  test('shows what changed line by line, its checks and commits, and hostile content as text', async () => {
    await using forge = await startLocalForge({
      port: 0,
      dataDir: await mkdtemp(path.join(tmpdir(), 'page-forge-')),
      token: 'token',
      pageUrl: seeded.slack.url,
    });
    seeded.slack.setForgeUrl(forge.url);
    const repository = 'acme/web';
    const sha = await forge.control.commit({
      repository,
      branch: 'errand/words',
      files: { 'README.md': '# Acme\n\n<script>alert(1)</script>\n', 'src/tax.js': 'export {};\n' },
      message: 'Spell it right',
    });
    await forge.control.setCheck({ repository, sha, name: 'lint', conclusion: 'failure' });
    await fetch(`${forge.apiUrl}/repos/acme/web/pulls`, {
      method: 'POST',
      headers: { authorization: 'Bearer token', 'content-type': 'application/json' },
      body: JSON.stringify({ title: 'Words <b>', head: 'errand/words', base: 'main', body: '**Asked** <img src=x>' }),
    });
    const page = await open('ada');
    await page.goto(`${seeded.slack.url}/acme/web/pull/1`);
    await page.getByRole('heading', { name: 'Words <b>' }).waitFor();
    expect(await page.locator('.file-path').allTextContents()).toEqual(['README.md', 'src/tax.js']);
    await page.locator('.diff .added').getByText('<script>alert(1)</script>').waitFor();
    await page.locator('.check-list .failed').getByText('lint').waitFor();
    await page.locator('.commit-list').getByText('Spell it right').waitFor();
    expect(await page.locator('#pull img, #pull script, #pull b').count()).toBe(0);
  });

  test('that is not there says so', async () => {
    const page = await open('ada');
    await page.goto(`${seeded.slack.url}/acme/web/pull/99`);
    await page.getByText('There is no pull request #99').waitFor();
    errors.length = 0;
  });
});
