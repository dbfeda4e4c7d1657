import { describe, expect, test } from 'vitest';
import { decodeText, splitMention } from '../../src/slack/decode.ts';

describe('decodeText', () => {
  test.each([
    ['if a &lt; b &amp;&amp; c &gt; d', 'if a < b && c > d'],
    ['the entity &amp;lt; stays', 'the entity &lt; stays'],
    ['a typed &lt;@U123&gt; is no mention', 'a typed <@U123> is no mention'],
    ['ask <@U123|ada> or <@U456>', 'ask @ada or @U456'],
    ['in <#C1|general> and <#C2|>', 'in #general and #C2'],
    ['<!here> <!subteam^S1|@web> <!subteam^S2>', '@here @web @S2'],
    ['see <https://example.com/a?b=1&amp;c=2>', 'see https://example.com/a?b=1&c=2'],
    ['fix <http://README.md|README.md>', 'fix README.md'],
    ['see <https://example.com/|example.com>', 'see example.com'],
    ['see <https://example.com/issue/4|issue 4>', 'see issue 4 (https://example.com/issue/4)'],
    ['write to <mailto:a@example.com|a@example.com>', 'write to a@example.com'],
    ['on <!date^1700000000^{date}|14 Nov 2023>', 'on 14 Nov 2023'],
    ['fix\u200b \u202ethe\u{e0061} test', 'fix the test'],
    ['```sh\necho "&lt;ok&gt;" &gt; out\n```', '```sh\necho "<ok>" > out\n```'],
  ])('reads %j as %j', (raw, text) => {
    expect(decodeText(raw)).toBe(text);
  });
});

describe('splitMention', () => {
  test('takes the leading mention of Errand off', () => {
    expect(splitMention(' <@U9> : stop', 'U9')).toEqual({ mentioned: true, rest: 'stop' });
  });
  test('leaves a mention inside the text where it is', () => {
    expect(splitMention('hey <@U9> fix it', 'U9')).toEqual({ mentioned: true, rest: 'hey <@U9> fix it' });
  });
  test('leaves the mention of another person', () => {
    expect(splitMention('<@U8> stop', 'U9')).toEqual({ mentioned: false, rest: '<@U8> stop' });
  });
});
