import { describe, expect, test } from 'vitest';
import { agentMarkdown } from '../../src/slack/agent-markdown.ts';
import { cut, escapeMrkdwn, escapeWithin, oneLine, plain } from '../../src/slack/plain.ts';

const safe = (text: string, limit = 12_000) => agentMarkdown(text, { limit, hosts: ['github.com'] });

describe('agentMarkdown', () => {
  test.each([
    ['<!channel> look', 'channel look'],
    ['<!here|here> and @everyone', 'here and (at) everyone'],
    ['ask <@U0ADMIN> or <@U0ADMIN|ada>', 'ask U0ADMIN or U0ADMIN'],
    ['<!subteam^S1|@web> in <#C1|general>', 'S1 in C1'],
    ['`<!channel>`', '`channel`'],
    ['<!chan<!date^1^x|nel>>', '‹!channel>'],
    ['<<!here>!channel>', '<here!channel>'],
    ['@@channel', '@(at) channel'],
    ['@chan![nel](https://a.example/i.png)', '(at) channel'],
    ['<!cha\u200bnnel> <\u2060@U0ADMIN>', 'channel U0ADMIN'],
    ['< !channel> <\\@U0ADMIN>', '‹ !channel> ‹\\@U0ADMIN>'],
    ['&#60;!channel&#62;', '&amp;#60;!channel&amp;#62;'],
    ['```\n<!channel> <@U0ADMIN>\n```', '```\nchannel U0ADMIN\n```'],
    ['<!-- <!everyone> -->', '‹!-- everyone -->'],
    ['mail a@here.example', 'mail a@here.example'],
  ])('calls nobody: %j', (text, expected) => {
    expect(safe(text)).toBe(expected);
  });

  test.each([
    ['[log in](https://evil.example/a)', 'log in (`hxxps://evil[.]example/a`)'],
    ['[https://github.com/](https://evil.example)', 'https://github.com/ (`hxxps://evil[.]example`)'],
    ['<https://evil.example|GitHub>', 'GitHub (`hxxps://evil[.]example`)'],
    ['<https://evil.example>', '`hxxps://evil[.]example`'],
    ['see https://evil.example/x.', 'see `hxxps://evil[.]example/x.`'],
    ['![chart](https://evil.example/track.png)', 'chart'],
    ['[x](javascript:alert(1))', 'x (`javascript[:]alert(1`))'],
    ['[x](//evil.example)', 'x'],
    ['[the docs](docs/guide.md#top)', 'the docs'],
    ['[#4](https://github.com/acme/web/pull/4)', '[#4](https://github.com/acme/web/pull/4)'],
    ['https://github.com/acme/web', 'https://github.com/acme/web'],
    ['https://github.com.evil.example/acme', '`hxxps://github[.]com[.]evil[.]example/acme`'],
    ['https://github.com@evil.example/acme', '`hxxps://github[.]com@evil[.]example/acme`'],
    ['(https://evil.example/a)', '(`hxxps://evil[.]example/a`)'],
    ['x]https://evil.example', 'x]`hxxps://evil[.]example`'],
    ['[a][1]\n\n[1]: https://evil.example/a', '[a][1]\n\n[1]: `hxxps://evil[.]example/a`'],
    ['[a [b](c)](https://evil.example)', 'a [b](`hxxps://evil[.]example`)'],
    ['[https://evil.example](https://github.com/acme)', '[hxxps://evil[.]example](https://github.com/acme)'],
    ['https:\\/\\/evil.example/a', '`hxxps://evil[.]example/a`'],
    ['HTTPS://EVIL.example', '`hxxps://EVIL[.]example`'],
    ['slack://channel?id=C1', '`slack[:]//channel?id=C1`'],
    ['www.evil.example', '`www[.]evil[.]example`'],
    ['evil.example/?d=c2VjcmV0', '`evil[.]example/?d=c2VjcmV0`'],
    ['github.com/acme/web and src/app.ts', 'github.com/acme/web and src/app.ts'],
    ['https://gіthub.com/acme', '`hxxps://gіthub[.]com/acme`'],
    ['https://127.0.0.1:8080/x', '`hxxps://127[.]0[.]0[.]1:8080/x`'],
    ['run `curl https://a.example`', 'run `curl hxxps://a[.]example`'],
    [
      '```\n[a](https://a.example)\n```\n[a](https://a.example)',
      '```\n[a](hxxps://a[.]example)\n```\na (`hxxps://a[.]example`)',
    ],
  ])('links only to known hosts: %j', (text, expected) => {
    expect(safe(text)).toBe(expected);
  });

  test('an unclosed fence hides nothing that follows it in the message', () => {
    expect(safe('```\nconst a = 1;\n', 12_000)).toBe('```\nconst a = 1;');
    expect(safe(`\`\`\`js\n${'let a;\n'.repeat(100)}`, 100)).toMatch(/^```js\n(?:let a;\n)+```\n\n…$/);
  });

  test('is cut between paragraphs', () => {
    expect(safe(`${'word '.repeat(10)}\n\n${'word '.repeat(10)}\n\n${'word '.repeat(40)}`, 150)).toBe(
      `${'word '.repeat(10)}\n\n${'word '.repeat(10).trim()}\n\n…`,
    );
  });

  test.each([10, 50, 100, 1000])('never exceeds %d characters', (limit) => {
    for (const text of [
      'a'.repeat(5000),
      `${'# b\n\n'.repeat(900)}`,
      `\`\`\`\n${'c\n'.repeat(2000)}`,
      '😀'.repeat(2000),
    ]) {
      expect(safe(text, limit).length).toBeLessThanOrEqual(limit);
    }
  });
});

describe('plain', () => {
  test.each([
    ['\u001b[31mred\u001b[0m', 'red'],
    ['\u001b]8;;https://evil.example\u0007click\u001b]8;;\u0007', 'click'],
    ['a\u200bb\u2060c\ufeffd', 'abcd'],
    ['user\u202eexe.txt', 'userexe.txt'],
    ['a\r\nb\tc\u0000\u0008', 'a\nb\tc'],
    ['👩‍💻 👩🏽‍💻 🏳️‍🌈 ❤️ 1️⃣', '👩‍💻 👩🏽‍💻 🏳️‍🌈 ❤️ 1️⃣'],
    ['می‌خواهم', 'می‌خواهم'],
    ['a\u200d\u200db\ufe0f\u{e0041}\u{e0101}c', 'abc'],
    ['\u115f\u3164\uffa0\u2800\u034f\u180e', ''],
    ['half \ud800 a pair', 'half \ufffd a pair'],
    [`z\u0301\u0301\u0301\u0301\u0301\u0301\u0301`, 'z\u0301\u0301\u0301\u0301'],
  ])('%j becomes %j', (text, expected) => {
    expect(plain(text)).toBe(expected);
  });

  test('mrkdwn cannot be broken out of', () => {
    expect(escapeMrkdwn('<!channel> & <https://evil.example|x>')).toBe(
      '&lt;!channel&gt; &amp; &lt;https://evil.example|x&gt;',
    );
  });

  test('a cut never leaves half an entity or half a character', () => {
    expect(escapeWithin('<<<<<<<<<<', 20)).toMatch(/^(?:&lt;)+…$/);
    expect(cut('😀😀😀', 4)).toBe('😀…');
    expect(oneLine('a\n\n  b   c', 4)).toBe('a b…');
  });
});
