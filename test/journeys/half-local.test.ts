import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { demoFiles } from '../../src/local/forge/seed.ts';
import { startLocalForge } from '../../src/local/forge/start.ts';
import { readAppManifest } from '../../src/local/slack/app-manifest.ts';
import { type LocalSlack, startLocalSlack } from '../../src/local/slack/server.ts';
import { seed } from '../../src/local/slack/workspace.ts';
import { launchBrowser } from '../page/browser.ts';
import { shoot } from '../page/shots.ts';
import { startLocal } from '../support/local.ts';
import { freePort } from '../support/program.ts';

/*
 * Where only one side's credentials are given, the other is local. A Slack and a forge that the program was not started with stand for
 * somebody's own.
 */

const patienceMs = 90_000;
const script = '```sh\necho half >> README.md\n```';
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

async function open(url: string): Promise<Page> {
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  page.setDefaultTimeout(patienceMs);
  await page.goto(url);
  return page;
}

test('with a Slack of their own, the page shows the local pull requests and says where the conversation is', async () => {
  await using slack = await startLocalSlack({
    port: 0,
    botToken: 'their bot token',
    appToken: 'their app token',
    signingSecret: 'their secret',
    ...readAppManifest('/agent'),
    deliver: { type: 'socket' },
  });
  await using errand = await startLocal({
    SLACK_BOT_TOKEN: 'their bot token',
    SLACK_APP_TOKEN: 'their app token',
    SLACK_API_URL: slack.apiUrl,
    ERRAND_REPOSITORIES: 'acme/api',
  });
  const said = await errand.log();
  expect(said).toContain('Slack    yours, https://northwind-labs.slack.com/ (Socket Mode): the conversation is there');
  expect(said).toContain('Forge    local, on that page: pull requests stay on this machine');

  const page = await open(errand.url);
  await page.getByText('The conversation is in your Slack (northwind-labs.slack.com).').waitFor();
  await page.getByText('Pull requests here are local: none goes to GitHub.').waitFor();
  const mine = { user: seed.ada, channel: seed.dev };
  await slack.people.command({ ...mine, command: '/agent', text: `agent:shell Add a line\n${script}` });
  const line = page.getByRole('region', { name: 'acme/api' }).getByRole('link', { name: /Open Add a line #1/ });
  await line.waitFor();
  await shoot(page, 'half-local-forge');
  await line.click();
  await page.locator('.diff .added').getByText('half').waitFor();
  await page.getByRole('link', { name: 'Pull requests' }).click();
  const approval = { user: seed.grace, channel: seed.dev, name: 'white_check_mark', present: true };
  slack.people.reaction({ ...approval, ts: await gateOf(slack) });
  await page.getByRole('link', { name: /Merged Add a line #1/ }).waitFor();
});

test('where their Slack calls over HTTP, it has PORT, and the page is on the next one', async () => {
  const port = await freePort();
  await using slack = await startLocalSlack({
    port: 0,
    botToken: 'their bot token',
    appToken: 'their app token',
    signingSecret: 'their secret',
    ...readAppManifest('/agent'),
    deliver: { type: 'http', url: `http://127.0.0.1:${port}/slack/events` },
  });
  await using errand = await startLocal({
    PORT: String(port),
    SLACK_BOT_TOKEN: 'their bot token',
    SLACK_SIGNING_SECRET: 'their secret',
    SLACK_API_URL: slack.apiUrl,
  });
  const [, address = ''] = /Errand is ready: open (\S+)/.exec(await errand.log()) ?? [];
  expect(Number(new URL(address).port)).toBeGreaterThan(port);
  const page = await open(address);
  await page.getByText('The conversation is in your Slack').waitFor();
  const { error } = await slack.people.command({ user: seed.ada, channel: seed.dev, command: '/agent', text: 'help' });
  expect(error).toBeNull();
});

test('with a GitHub of their own, the page says that pull requests go there, and to which repositories', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'errand-theirs-'));
  // Let go of last.
  await using _folder = { [Symbol.asyncDispose]: () => rm(dataDir, { recursive: true, force: true }) };
  await using forge = await startLocalForge({ port: 0, dataDir, token: 'their github token' });
  await forge.control.createRepository({ repository: 'acme/api', files: demoFiles });
  await using errand = await startLocal({
    GITHUB_TOKEN: 'their github token',
    GITHUB_API_URL: forge.apiUrl,
    GITHUB_URL: forge.url,
    ERRAND_REPOSITORIES: 'acme/api',
  });
  const host = new URL(forge.apiUrl).host;
  const said = await errand.log();
  expect(said).toContain('Slack    local, on that page');
  expect(said).toContain(`GitHub   yours, ${forge.url}: pull requests go to acme/api`);

  const page = await open(`${errand.url}/?as=ada`);
  await page.getByText(`Pull requests go to GitHub (${host}), to acme/api.`).waitFor();
  const channel = page.locator('main');
  await channel.getByLabel('Message', { exact: true }).fill(`/agent agent:shell Add a line\n${script}`);
  await channel.getByRole('button', { name: 'Send', exact: true }).click();
  await channel.getByRole('button', { name: /repl(y|ies)/ }).click();
  const gate = page.locator('.thread .message').filter({ hasText: 'To merge' });
  await gate.getByRole('button', { name: 'Approve merge' }).waitFor();
  await shoot(page, 'half-local-slack');
  const address = await gate.getByRole('link', { name: 'Open pull request' }).getAttribute('href');
  expect(address).toBe(`${forge.url}/acme/api/pull/1`);
  await page.keyboard.press('Alt+2');
  await gate.hover();
  await gate.getByRole('button', { name: 'React with :white_check_mark:' }).click();
  await page.locator('.thread').getByText('went into main of acme/api').waitFor();
  const { repositories } = await forge.control.viewState();
  expect(repositories.find(({ name }) => name === 'acme/api')?.pulls).toMatchObject([{ number: 1, state: 'merged' }]);
});

/** Settles with the `ts` of the first message that can be approved. */
async function gateOf(slack: LocalSlack): Promise<string> {
  const find = () =>
    slack.store.messages(seed.dev).findLast((each) => JSON.stringify(each.blocks).includes('To merge'));
  while (find() === undefined) {
    await new Promise<void>((changed) => {
      const unsubscribe = slack.store.subscribe(() => {
        unsubscribe();
        changed();
      });
    });
  }
  return find()?.ts ?? '';
}
