import { LogLevel, WebClient } from '@slack/web-api';
import { type LocalSlack, startLocalSlack } from '../../src/local/slack/server.ts';
import { seed } from '../../src/local/slack/workspace.ts';

const mrkdwn = (text: string) => ({ type: 'mrkdwn' as const, text });
const plain = (text: string) => ({ type: 'plain_text' as const, text });
const rich = (text: string) => ({
  type: 'rich_text' as const,
  elements: [{ type: 'rich_text_section' as const, elements: [{ type: 'text' as const, text }] }],
});

export interface Seeded {
  readonly slack: LocalSlack;
  readonly web: WebClient;
  /** The root of the thread that shows a whole errand. */
  readonly root: string;
}

/** A workspace with an errand that is ready for review, one that runs, and every kind of block. */
export async function startSeeded(rest: { forgeUrl?: string } = {}): Promise<Seeded> {
  const slack = await startLocalSlack({
    port: 0,
    botToken: 'xoxb-page',
    appToken: 'xapp-page',
    signingSecret: 's',
    command: '/agent',
    usageHint: '[repo:owner/name] what to do | status | list | help',
    deliver: { type: 'socket' },
    rateScale: 'off',
    retryDelaysMs: [],
    shortcuts: [{ type: 'message', name: 'Send to Errand', callbackId: 'task_from_message' }],
    ...rest,
  });
  const web = new WebClient('xoxb-page', {
    slackApiUrl: slack.apiUrl,
    retryConfig: { retries: 0 },
    logLevel: LogLevel.ERROR,
  });
  const channel = seed.dev;
  const say = (user: string, text: string, thread_ts?: string) =>
    slack.people.message({ user, channel, text, thread_ts });

  say(seed.max, 'Morning. The checkout test failed again on main, third time this week :eyes:');
  say(seed.max, 'It passes when I run it alone: `node --test test/checkout.test.js`');
  say(seed.grace, 'That is the shared cart in the fixture. Somebody give it to @Errand');

  const posted = await web.chat.postMessage({
    channel,
    text: 'Ready for review · #412',
    blocks: [
      {
        type: 'section',
        text: mrkdwn('*Fix the flaky checkout test* · acme/web\n:mag: Ready for review · #412'),
        accessory: {
          type: 'overflow',
          action_id: 'menu',
          options: [
            { text: plain('Stop'), value: 'stop' },
            { text: plain('Show the spec'), value: 'spec' },
          ],
        },
      },
      {
        type: 'context',
        elements: [mrkdwn(`Asked by <@${seed.ada}> · task t8k2m4x · from main · claude · reply here to steer`)],
      },
    ],
  });
  const root = posted.ts ?? '';

  await web.chat.postMessage({
    channel,
    thread_ts: root,
    text: 'Working',
    blocks: [
      {
        type: 'plan',
        title: 'Run 1 · done in 6 min 12 s',
        tasks: [
          { type: 'task_card', task_id: '1', title: 'Find what the two tests share', status: 'complete' },
          {
            type: 'task_card',
            task_id: '2',
            title: 'Give each test its own cart',
            status: 'complete',
            output: rich('test/checkout.test.js, test/fixtures.js'),
          },
          {
            type: 'task_card',
            task_id: '3',
            title: 'Run the suite twenty times',
            status: 'in_progress',
            details: rich('12 of 20 passed so far'),
          },
          {
            type: 'task_card',
            task_id: '4',
            title: 'Push to the mirror',
            status: 'error',
            output: rich('The lease was stale'),
          },
          { type: 'task_card', task_id: '5', title: 'Open the pull request', status: 'pending' },
        ],
      },
      { type: 'context', elements: [mrkdwn('Latest: `node --test --test-reporter=dot`')] },
    ],
  });
  say(seed.ada, 'Also make the fixture read-only, please', root);
  await web.reactions.add({
    channel,
    timestamp: slack.store.replies(channel, root).at(-1)?.ts ?? '',
    name: 'hammer_and_wrench',
  });
  await web.chat.postMessage({
    channel,
    thread_ts: root,
    text: `<@${seed.ada}> Ready for review · #412`,
    blocks: [
      { type: 'section', text: mrkdwn(`<@${seed.ada}> *Ready for review · #412*`) },
      {
        type: 'card',
        title: mrkdwn(`<${slack.url}/acme/web/pull/412|Give each checkout test its own cart>`),
        subtitle: mrkdwn('acme/web · 3 files, +41 −12 · commit 9f2c1ab'),
        actions: [
          {
            type: 'button',
            action_id: 'link_pull',
            text: plain('View pull request'),
            url: `${slack.url}/acme/web/pull/412`,
          },
        ],
      },
      {
        type: 'markdown',
        text: [
          '**What changed** (*claimed* by the agent)',
          '',
          '- The fixture built one cart and *mutated* it in place; each test now calls `freshCart()`',
          '- `Object.freeze` keeps anybody from doing it again',
          '',
          '```js',
          "import { freshCart } from './fixtures.js';",
          '',
          "test('a receipt names each line', () => {",
          '  const cart = freshCart();',
          '```',
          '',
          '| suite | before | after |',
          '|---|--:|--:|',
          '| checkout | 17 of 20 | **20 of 20** |',
          '| cart | 20 of 20 | 20 of 20 |',
          '',
          '<img src=x onerror="document.title=1"> and [a bad link](javascript:alert(1)) stay text.',
        ].join('\n'),
      },
      {
        type: 'section',
        text: mrkdwn(
          '*How it was checked* (_measured_ by Errand)\n• `node --test` passed (exit code 0, 4 s)\n• `npx tsc` passed (exit code 0, 11 s)',
        ),
      },
      {
        type: 'container',
        title: plain('What was asked'),
        subtitle: plain('2 messages'),
        is_collapsible: true,
        default_collapsed: true,
        child_blocks: [
          { type: 'section', text: mrkdwn('> Fix the flaky checkout test\n> Also make the fixture read-only, please') },
        ],
      },
      {
        type: 'context',
        elements: [
          mrkdwn('claude · 6 min 12 s · 182.4k tokens in, 9.1k out · $0.84 · written by an AI agent, review it'),
        ],
      },
      {
        type: 'section',
        text: mrkdwn(
          'To merge commit `9f2c1ab`: react with :white_check_mark: here, or press Approve. Somebody other than the requester has to.',
        ),
      },
      {
        type: 'actions',
        elements: [
          {
            type: 'button',
            style: 'primary',
            action_id: 'approve_merge',
            text: plain('Approve merge'),
            value: 'x',
            confirm: {
              title: plain('Merge #412?'),
              text: mrkdwn('Commit `9f2c1ab` goes into *main* of acme/web.'),
              confirm: plain('Merge it'),
              deny: plain('Not yet'),
            },
          },
          { type: 'button', action_id: 'changes', text: plain('Ask for changes') },
          { type: 'button', style: 'danger', action_id: 'stop', text: plain('Close it') },
        ],
      },
      {
        type: 'context_actions',
        elements: [
          {
            type: 'feedback_buttons',
            action_id: 'feedback',
            positive_button: { text: plain(':+1: Helpful'), value: 'good' },
            negative_button: { text: plain(':-1: Not helpful'), value: 'bad' },
          },
        ],
      },
    ],
  });
  slack.people.reaction({
    user: seed.max,
    channel,
    ts: slack.store.replies(channel, root).at(-1)?.ts ?? '',
    name: 'eyes',
    present: true,
  });

  const digest = await web.chat.postMessage({
    channel,
    text: 'Digest',
    blocks: [
      { type: 'header', text: plain('This week') },
      {
        type: 'table',
        column_settings: [{ is_wrapped: true }, {}, { align: 'right' }],
        rows: [
          [
            { type: 'raw_text', text: 'Task' },
            { type: 'raw_text', text: 'State' },
            { type: 'raw_text', text: 'Cost' },
          ],
          [
            { type: 'raw_text', text: 'Fix the flaky checkout test' },
            rich('Ready for review'),
            { type: 'raw_text', text: '$0.84' },
          ],
          [{ type: 'raw_text', text: 'Spell "receive" right' }, rich('Merged'), { type: 'raw_text', text: '$0.00' }],
        ],
      },
      { type: 'divider' },
      { type: 'section', fields: [mrkdwn('*Merged*\n7'), mrkdwn('*Median time to review*\n9 min')] },
      {
        type: 'actions',
        elements: [
          {
            type: 'static_select',
            action_id: 'period',
            placeholder: plain('Another week'),
            options: [
              { text: plain('Last week'), value: '1' },
              { text: plain('Two weeks ago'), value: '2' },
            ],
          },
        ],
      },
    ],
  });
  await web.reactions.add({ channel, timestamp: digest.ts ?? '', name: 'eyes' });
  await web.chat.postEphemeral({
    channel,
    user: seed.ada,
    text: 'I could not start: name a repository, `/agent repo:owner/name …`. Your text is kept: fix the login',
  });
  return { slack, web, root };
}
