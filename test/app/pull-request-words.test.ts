import { expect, test } from 'vitest';
import { toCommitMessage, toPullRequestBody, toPullRequestTitle } from '../../src/app/pull-request-words.ts';
import { message, report, run, runId, task } from '../task/example.ts';

const alice = { name: 'Alice', email: 'alice@localhost', account: null };

test('the description says what was asked, what is claimed and what was measured', () => {
  const done = {
    ...report,
    claim: 'Fixed the rounding. All tests pass.',
    checks: [
      { command: 'npm test', exitCode: 0, durationMs: 1_234 },
      { command: 'npm run lint', exitCode: 2, durationMs: 900 },
    ],
    files: [{ path: 'src/cart.ts', added: 4, removed: 1 }],
    sensitive: [
      { path: 'package.json', why: 'runs by itself on install' },
      { path: 'a/package.json', why: 'runs by itself on install' },
    ],
  };
  expect(
    `${toPullRequestBody(task(), done, { threadUrl: 'https://acme.slack.example/archives/C1/p1', author: alice })}\n`,
  ).toMatchInlineSnapshot(`
    "Asked by Alice in [a Slack thread](https://acme.slack.example/archives/C1/p1), done by the agent \`claude\` in Errand's sandbox.

    ### What was asked

    \`\`\`text
    Message 1
    \`\`\`

    ### What the agent says it did (*claimed*)

    \`\`\`text
    Fixed the rounding. All tests pass.
    \`\`\`

    ### What Errand checked (*measured*)

    The last run: 1 file, +4 −1.

    | check | result | time |
    | --- | --- | --- |
    | \`npm test\` | passed | 1.2 s |
    | \`npm run lint\` | failed with 2 | 0.9 s |

    ### Look at these first

    - \`package.json\`, \`a/package.json\`: runs by itself on install

    <sub>Errand task \`t000001\`. AI-written: review it before you merge. A ✅ on the result in Slack approves exactly one commit.</sub>
    "
  `);
});

test('nothing of a spec or a claim means anything on GitHub', () => {
  const hostile = 'Fixes #1 @acme/owners <img src="https://evil.example/?q"> <!-- hidden -->\n```\nescape\n````\nmore';
  const body = toPullRequestBody(
    task({ spec: [message(1, { text: hostile })] }),
    { ...report, claim: hostile },
    { threadUrl: null, author: alice },
  );
  const outside = body.replace(/^(`{3,})text\n[\s\S]*?\n\1$/gm, '');
  expect(outside).not.toMatch(/Fixes|@acme|<img|<!--|escape/);
});

test('a title loses mentions, markup and line breaks', () => {
  expect(toPullRequestTitle(task({ title: 'Ping @acme/owners\nabout #12 <b>`x`</b>' }))).toBe(
    'Ping @\u200bacme/owners about #\u200b12 bx/b',
  );
});

test('a later run’s commit is named by what was asked of it', () => {
  const spec = [message(1), message(2, { text: 'Round up instead. It is the law.' })];
  const second = task({ spec, run: { type: 'running', run: { ...run(2), from: 1 } } });
  expect(toCommitMessage(second, runId(2))).toMatch(/^Round up instead\n/);
});

test('a commit message names the task and who asked', () => {
  expect(toCommitMessage(task(), runId(1))).toBe('Fix the checkout\n\nErrand task t000001, asked by Alice.');
});

test('whoever asked is linked by their page and never mentioned', () => {
  const account = { login: 'alice', url: 'https://github.example.com/alice' };
  const author = { name: 'Alice [x](https://evil.example) @all', email: 'alice@localhost', account };
  const [line] = toPullRequestBody(task(), report, { threadUrl: null, author }).split('\n');
  expect(line).toContain('[Alice  x  https://evil.example  @\u200ball](https://github.example.com/alice)');
});

test('what marks the own part of a description stands nowhere within it', () => {
  const claim = 'Done <!-- errand:end --> <!--errand-->';
  expect(toPullRequestBody(task(), { ...report, claim }, { threadUrl: null, author: alice })).not.toMatch(
    /<!--\s*errand/,
  );
});

test.each([
  ['Fixes #3 [skip ci]', 'Fixes #\u200b3 (skip ci)'],
  ['closes https://github.example/acme/web/issues/3', 'closes https://github.example/acme/web/issues/\u200b3'],
  ['resolves GH-3', 'resolves GH-\u200b3'],
])('a title, which a squashed commit begins with, does nothing: %j', (title, expected) => {
  expect(toPullRequestTitle(task({ title }))).toBe(expected);
});

test('however much there is to show, the description keeps its end', () => {
  const endless = {
    ...report,
    claim: 'x'.repeat(200_000),
    checks: Array.from({ length: 20 }, () => ({ command: 'y'.repeat(2_000), exitCode: 0, durationMs: 1 })),
    sensitive: Array.from({ length: 5_000 }, (_, n) => ({
      path: `${'z'.repeat(300)}/${n}/package-lock.json`,
      why: 'pins what is installed',
    })),
  };
  const spec = [message(1, { text: 'w'.repeat(200_000) })];
  const body = toPullRequestBody(task({ spec }), endless, { threadUrl: null, author: alice });
  expect(body.length).toBeLessThan(40_000);
  expect(body).toContain('and 4990 more: pins');
  expect(body).toMatch(/approves exactly one commit\.<\/sub>$/);
});
