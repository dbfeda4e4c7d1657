import { argv } from 'node:process';
import type { Page } from 'playwright-core';
import { callTool, type Reply, runCommand, say, startModelServer } from '../fakes/model-server.ts';
import { startLocal } from '../support/local.ts';
import { launchBrowser } from './browser.ts';

/*
 * Takes the picture of README.md: Claude Code works in a real sandbox against a scripted model, from the request to the merge.
 * `node test/page/thread-picture.ts docs/thread.png`
 */

const usage = { input: 2_300, output: 240, cacheRead: 14_000 };
const task = (subject: string, activeForm: string) =>
  callTool('TaskCreate', { subject, description: subject, activeForm });
const done = (taskId: string) => callTool('TaskUpdate', { taskId, status: 'completed' });
const first: Reply[] = [
  callTool('ToolSearch', { query: 'select:TaskCreate,TaskUpdate', max_results: 5 }),
  task('Find what is misspelt', 'Finding what is misspelt'),
  task('Correct it and read it again', 'Correcting it'),
  runCommand('grep -nE "recieve|seperate" -r . --include=*.md'),
  done('1'),
  runCommand("sed -i 's/recieve/receive/g; s/seperate/separate/g' README.md"),
  done('2'),
  say('I corrected three words in `README.md`: twice *recieve*, once *seperate*.'),
];
const second: Reply[] = [
  runCommand("sed -i 's/^    node --test$/    npm test/' README.md"),
  say('The README now says `npm test`, which runs `node --test` as before.'),
];

await using model = await startModelServer();
model.script([...first, ...second].map((turn) => ({ ...turn, usage })));
await using errand = await startLocal({ ANTHROPIC_API_KEY: 'any', ANTHROPIC_BASE_URL: model.url });
await using browser = await launchBrowser();
// As narrow as shows the thread alone, and high enough for all of it.
const context = await browser.newContext({ viewport: { width: 1000, height: 1800 }, deviceScaleFactor: 2 });
const page = await context.newPage();
page.setDefaultTimeout(120_000);
await page.goto(`${errand.url}/?as=ada`);
await write(page.locator('main'), '/agent Fix the spelling in the README. Customers read it first.');
await page.getByRole('button', { name: /repl(y|ies)/ }).click();
const thread = page.locator('.thread');
const gate = thread.locator('.message').filter({ hasText: 'To merge: react' });
await gate.waitFor();
await write(thread, 'Good. Tell people to run the tests with npm, too');
await thread.getByText("can't be approved here any more").waitFor();
await gate.waitFor();
await page.keyboard.press('Alt+2');
await gate.last().hover();
await gate.last().getByRole('button', { name: 'React with :white_check_mark:' }).click();
await thread.getByText('went into main of').waitFor();
await thread.getByRole('button', { name: 'Approve merge' }).waitFor({ state: 'detached' });
await thread.locator('.message').first().getByText('Merged · #').waitFor();
await page.keyboard.press('Alt+1');
await page.mouse.move(0, 0);
await thread.locator('.toast').waitFor({ state: 'detached' });
await thread.locator('.messages').screenshot({ path: argv[2] ?? 'thread.png', animations: 'disabled' });

async function write(pane: ReturnType<Page['locator']>, text: string): Promise<void> {
  await pane.getByLabel('Message', { exact: true }).fill(text);
  await pane.getByRole('button', { name: 'Send', exact: true }).click();
}
