import { expect, test } from 'vitest';
import { toEmojiName } from '../../src/local/slack/emoji.ts';
import { threadToText } from '../../src/local/slack/render-thread.ts';
import { seedWorkspace } from '../../src/local/slack/seed.ts';
import { encodeTyped, toMessageParts } from '../../src/local/slack/typed-text.ts';
import { type Message, seed } from '../../src/local/slack/workspace.ts';

const workspace = seedWorkspace(1_800_000_000_000);

test('a typed mention, channel, group and link become what Slack sends', () => {
  expect(encodeTyped('@Errand ask @grace and @reviewers in #dev: https://a.example/?x=1&y=2, <now>', workspace)).toBe(
    `<@${seed.bot}> ask <@${seed.grace}> and <!subteam^${seed.reviewers}|@reviewers> in <#${seed.dev}|dev>: <https://a.example/?x=1&amp;y=2>, &lt;now&gt;`,
  );
});

test('a command has the name in its mentions', () => {
  expect(encodeTyped('for @Grace Lin', workspace, { command: true })).toBe(`for <@${seed.grace}|grace>`);
});

test('a package scope, a mail address and a word with an at sign stay what they are', () => {
  const text = 'npm i @grace/tools, mail a@ada.example, @graceful';
  expect(encodeTyped(text, workspace)).toBe(text);
});

test('code keeps its at signs, and is escaped all the same', () => {
  expect(encodeTyped('```\necho @grace > a && cat <b\n```', workspace)).toBe(
    '```\necho @grace &gt; a &amp;&amp; cat &lt;b\n```',
  );
});

test('a typed message carries rich text with its code as it was typed', () => {
  const { blocks } = toMessageParts('run\n```sh\nls > *a*\n```', workspace);
  expect(blocks[0]).toMatchObject({
    type: 'rich_text',
    elements: [
      { type: 'rich_text_section' },
      { type: 'rich_text_preformatted', elements: [{ type: 'text', text: 'sh\nls > *a*' }] },
    ],
  });
});

test('emoji are known by Slack names, aliases and skin tones', () => {
  expect([':thumbsup:', 'thumbsup::skin-tone-3', 'rocket', 'no_such_thing', '+1::x'].map(toEmojiName)).toEqual([
    '+1',
    '+1::skin-tone-3',
    'rocket',
    undefined,
    undefined,
  ]);
});

test('a thread reads as text: blocks as words, names for ids, reactions, and what only one sees', () => {
  const message = (rest: Partial<Message>): Message => ({
    type: 'message',
    channel: seed.dev,
    ts: '1800000000.000100',
    user: seed.bot,
    team: seed.team,
    text: '',
    reactions: [],
    ...rest,
  });
  const text = threadToText({
    names: workspace,
    messages: [
      message({
        blocks: [
          { type: 'section', text: { type: 'mrkdwn', text: `*Fix it* for <@${seed.ada}> :eyes:` } },
          {
            type: 'plan',
            title: 'Working',
            tasks: [
              { type: 'task_card', task_id: '1', title: 'Change', status: 'complete' },
              { type: 'task_card', task_id: '2', title: 'Test', status: 'in_progress' },
            ],
          },
          {
            type: 'actions',
            elements: [
              { type: 'button', style: 'primary', confirm: {}, text: { type: 'plain_text', text: 'Approve' } },
            ],
          },
        ],
        reactions: [{ name: 'white_check_mark', users: [seed.grace] }],
      }),
      message({ ts: '1800000001.000100', user: seed.ada, text: 'Also &lt;this&gt;, see <https://a.example|docs>' }),
    ],
    ephemerals: [{ channel: seed.dev, ts: '1800000002.000100', user: seed.ada, from: 'app', text: 'Not allowed.' }],
  });
  expect(text).toBe(`Errand:
  *Fix it* for @Ada Park 👀
  Plan: Working
    [done] Change
    [doing] Test
  [Approve, primary, asks first]
  {✅ Grace Lin}

Ada Park:
  Also <this>, see docs (https://a.example)

Errand, only to Ada Park:
  Not allowed.
`);
});
