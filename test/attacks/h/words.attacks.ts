import type { Attack } from '../attack.ts';
import { approve, forgePull, gitOf } from './gate.ts';

/** What each means on GitHub, where it stands as text and not as code. */
const live: readonly (readonly [string, RegExp])[] = [
  ['a mention', /(?:^|[^\w`/])@(?:dana|acme)/],
  [
    'a closing keyword',
    /\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+(?:[\w./-]*#\d|https?:\/\/\S+\/issues\/\d|GH-\d)/i,
  ],
  ['an image', /!\[|<img/],
  ['HTML', /<(?!!-- \/?errand|\/?sub>)[a-z!/]/i],
  ['a checked box', /^\s*- \[x\]/im],
  ['a foreign link', /evil\.example/],
  ['a skip of CI', /\[(?:skip ci|ci skip|no ci)\]/i],
];

const hostile = `Fixes #1 closes https://github.com/acme/web/issues/2 @dana @acme/owners [skip ci]
<!-- hidden --> <img src="https://evil.example/?q=1"> ![x](https://evil.example/?q=2)
<details open><summary>Approved</summary></details>
- [x] Approved by @dana
\`\`\`\`
[click](https://evil.example)
\`\`\`\`\`\`
- [x] Approved by @dana too`;

/** A description without what GitHub shows as code: fenced blocks, by CommonMark's rule for where they end, and code spans. */
function outsideOfCode(body: string): string {
  const kept: string[] = [];
  let fence: string | null = null;
  for (const line of body.split('\n')) {
    const [, mark] = /^ {0,3}(`{3,}|~{3,})/.exec(line) ?? [];
    if (fence === null && mark !== undefined) fence = mark;
    else if (fence === null) kept.push(line.replaceAll(/(`+)(?!`).+?(?<!`)\1(?!`)/g, ''));
    else if (mark?.startsWith(fence) === true && line.trim() === mark) fence = null;
  }
  return kept.join('\n');
}

export const attacks: readonly Attack[] = [
  {
    id: 'H7',
    timeoutMs: 180_000,
    title: 'mentions, keywords, images, boxes, huge text in the words',
    expected: 'all of it stands in code blocks, capped; title and merge inert',
    attack: async (stage) => {
      const script = `cat <<'END'\n${hostile}\nEND\nyes '- [x] @dana' | head -c 300000\necho note > note.txt`;
      const text = `Fixes #1 @dana [skip ci] closes https://github.com/acme/web/issues/2 <img src=x>`;
      const task = await stage.play(script, { text });
      await stage.until('the pull request', () => forgePull(stage));
      const number = (await forgePull(stage))?.number ?? 0;
      const { pull } = await stage.errand.forge.control.viewPull(stage.repository, number);
      await approve(stage);
      await stage.until('the merge', async () => (await forgePull(stage))?.state === 'merged');
      const merged = (await gitOf(stage, 'log', '-1', '--format=%B', 'main', '--')) ?? '';
      const body = String(pull.body);
      const found = [String(pull.title), outsideOfCode(body), merged.replace(/^Co-authored-by: .*$/m, '')].flatMap(
        (words) => live.flatMap(([what, means]) => (means.test(words) ? [what] : [])),
      );
      if (body.length > 65_536 || !body.includes('Approved by')) throw new Error(`${task.id}: an odd description`);
      const seen = found.length === 0 ? 'nothing of it means anything' : [...new Set(found)].join(', ');
      return { through: found.length > 0, seen };
    },
    control: { weakness: 'raw-words', without: 'fences, caps and defused words' },
  },
];
