import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { seed } from '../../src/local/slack/workspace.ts';
import { editFile, say } from '../fakes/model-server.ts';
import { launchBrowser } from '../page/browser.ts';
import { shoot } from '../page/shots.ts';
import { type ErrandUnderTest, startErrand } from '../support/errand.ts';
import { freePort } from '../support/program.ts';

const repository = 'acme/watched';
const password = 'a password of some length';
let errand: ErrandUnderTest;
let browser: Browser;
/** The bot's, and the worker's after it. */
let port: number;

beforeAll(async () => {
  port = await freePort();
  const env = { ERRAND_OPERATE_PORT: `${port}`, ERRAND_BOARD_PASSWORD: password };
  [browser, errand] = await Promise.all([
    launchBrowser(),
    startErrand({ mode: 'socket', repositories: [repository], env }),
  ]);
  await errand.forge.control.createRepository({ repository, files: { 'README.md': '# Watched\n' } });
});
afterAll(async () => {
  await browser?.close();
  await errand?.[Symbol.asyncDispose]();
});

const at = (offset: number, path: string) => `http://127.0.0.1:${port + offset}${path}`;

/** What both processes count, by name and labels. */
async function figures(): Promise<Record<string, number>> {
  const texts = await Promise.all([0, 1].map(async (offset) => (await fetch(at(offset, '/metrics'))).text()));
  const lines = texts.flatMap((text) => text.split('\n')).filter((line) => line.startsWith('errand_'));
  return Object.fromEntries(
    lines.map((line) => {
      const [, name = '', value] = /^(.*) (\S+)$/.exec(line) ?? [];
      return [name.replace(/process="\w+",?/, '').replace(',}', '}'), Number(value)];
    }),
  );
}

test('an operator sees what became of a task in figures, in the log and on the board', async () => {
  const { slack, model } = errand;
  model.script([editFile('README.md', '# Watched\nand counted\n'), say('Done.')]);
  await slack.people.command({
    user: seed.ada,
    channel: seed.dev,
    command: '/agent',
    text: `repo:${repository} agent:claude count it`,
  });
  await errand.until('the gate', () => slack.store.workspace.messages.some(({ text }) => text.includes('To merge')));
  await errand.quiet();

  for (const offset of [0, 1]) expect((await fetch(at(offset, '/readyz'))).status).toBe(200);
  const counted = await figures();
  expect(counted).toMatchObject({
    'errand_tasks_total{way="command"}': 1,
    'errand_queue_wait_seconds_count{agent="claude"}': 1,
    'errand_run_seconds_count{agent="claude",outcome="changed"}': 1,
    'errand_outcomes_total{agent="claude",outcome="changed"}': 1,
    'errand_pull_requests_total{became="opened"}': 1,
    'errand_undelivered_threads{store="outbox"}': expect.any(Number),
    'errand_slots{state="used"}': expect.any(Number),
  });
  for (const name of [
    'errand_tokens_total{agent="claude",direction="read"}',
    'errand_cost_usd_total{agent="claude"}',
    'errand_gateway_bytes_total{direction="out",with="models"}',
    'errand_gateway_bytes_total{direction="in",with="models"}',
    'errand_slack_calls_total{method="chat.postMessage",result="ok"}',
    'errand_github_calls_total{result="ok"}',
    `errand_disk_bytes{path="${errand.dataDir}",state="free"}`,
    'errand_redis_memory_bytes{state="used"}',
  ]) {
    expect([name, counted[name]]).toEqual([name, expect.any(Number)]);
    expect([name, counted[name]]).not.toEqual([name, 0]);
  }

  const [task] = await errand.tasks.recent(1);
  const about = (await lines('worker')).filter((line) => line.task === task?.id && line.run !== undefined);
  expect(about.map(({ event }) => event)).toEqual(expect.arrayContaining(['run_started', 'run_finished']));
  expect(new Set(about.map(({ run }) => run))).toEqual(new Set([`${task?.id}-r1`]));

  const page = await (await browser.newContext({ httpCredentials: { username: 'ops', password } })).newPage();
  const elsewhere: string[] = [];
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(at(0, '/')).origin) elsewhere.push(request.url());
  });
  await page.goto(at(0, '/board/queue/run'));
  await page.getByRole('link', { name: 'merge' }).first().waitFor();
  await shoot(page, 'board');
  expect(await page.getByRole('button', { name: /add|empty|pause/i }).count()).toBe(0);
  // Its page names a font elsewhere, which its headers keep a browser from fetching.
  expect(elsewhere.filter((url) => !url.includes('font'))).toEqual([]);
});

const lineSchema = z.object({ task: z.string().optional(), run: z.string().optional(), event: z.string().optional() });

async function lines(process: string): Promise<readonly z.output<typeof lineSchema>[]> {
  const text = await readFile(join(errand.dataDir, 'logs', `${process}.log`), 'utf8');
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => lineSchema.parse(JSON.parse(line)));
}
